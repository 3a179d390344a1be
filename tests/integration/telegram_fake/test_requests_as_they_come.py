"""The HTTP surface, past any client: ways to send, wrong tokens, unknown methods, malformed parameters."""

import httpx
import pytest

from adapters.testing.telegram import FakeTelegram


async def test_http_each_way_to_send_understood(fake_telegram: FakeTelegram, raw: httpx.AsyncClient) -> None:
    ada = fake_telegram.user("Ada", started=True)
    given = {"chat_id": str(ada.id), "text": "é"}

    answers = [
        await raw.get("sendMessage", params=given),
        await raw.post("sendmessage", data=given),
        await raw.post("SENDMESSAGE", json={"chat_id": ada.id, "text": "é"}),
        await raw.post("sendMessage", data=given, files={"unused": b"x"}),
        await raw.post("", data=given | {"method": "sendMessage"}),
    ]

    assert [answer.json()["result"]["text"] for answer in answers] == ["é"] * 5
    assert [post.text for post in ada.messages] == ["é"] * 5
    assert {one.method for one in fake_telegram.requests} == {"sendMessage"}
    assert fake_telegram.requests[0]["text"] == "é"


async def test_http_photo_uploaded_or_attached_kept(fake_telegram: FakeTelegram, raw: httpx.AsyncClient) -> None:
    ada = fake_telegram.user("Ada", started=True)

    direct = await raw.post("sendPhoto", data={"chat_id": ada.id}, files={"photo": ("p.png", b"PNG")})
    attached = await raw.post(
        "sendPhoto", data={"chat_id": ada.id, "photo": "attach://one"}, files={"one": ("p.png", b"PNG")}
    )

    sizes = [answer.json()["result"]["photo"][0]["file_size"] for answer in (direct, attached)]
    assert sizes == [3, 3]


@pytest.mark.parametrize("path", ["bot1:wrong/getMe", "file/bot1:wrong/photos/file_1.png"])
async def test_http_wrong_token_unauthorized(fake_telegram: FakeTelegram, raw: httpx.AsyncClient, path: str) -> None:
    answer = await raw.get(f"{fake_telegram.url}/{path}")

    assert answer.status_code == 401
    assert answer.json() == {"ok": False, "error_code": 401, "description": "Unauthorized"}


@pytest.mark.parametrize(
    ("method", "path", "description"),
    [
        ("GET", "bot{token}/noSuchMethod", "Not Found: method not found"),
        ("GET", "bot{token}", "Not Found"),
        ("GET", "nowhere", "Not Found"),
        ("DELETE", "bot{token}/getMe", "Not Found"),
        ("GET", "file/bot{token}/photos/none.png", "Not Found"),
    ],
)
async def test_http_unknown_place_not_found(
    fake_telegram: FakeTelegram, raw: httpx.AsyncClient, method: str, path: str, description: str
) -> None:
    answer = await raw.request(method, f"{fake_telegram.url}/{path.format(token=fake_telegram.token)}")

    assert answer.status_code == 404
    assert answer.json() == {"ok": False, "error_code": 404, "description": description}


RESERVED = "can't parse entities: Character '.' is reserved and must be escaped with the preceding '\\'"
SPLIT = '[{{"type":"bold","offset":1,"length":1}}]'


@pytest.mark.parametrize(
    ("method", "given", "description"),
    [
        ("sendMessage", {"text": "x"}, "chat_id is empty"),
        ("sendMessage", {"chat_id": "abc", "text": "x"}, "chat not found"),
        ("sendMessage", {"chat_id": "@nobody_here", "text": "x"}, "chat not found"),
        ("sendMessage", {"chat_id": "{ada}"}, "message text is empty"),
        (
            "sendMessage",
            {"chat_id": "{ada}", "text": "x", "reply_markup": "{{"},
            "can't parse reply keyboard markup JSON object",
        ),
        ("sendMessage", {"chat_id": "{ada}", "text": "x", "reply_markup": "[]"}, "object expected as reply markup"),
        (
            "sendMessage",
            {"chat_id": "{ada}", "text": "x", "reply_parameters": "7"},
            "object expected as reply parameters",
        ),
        ("sendMessage", {"chat_id": "{ada}", "text": "x", "message_thread_id": "5"}, "message thread not found"),
        ("sendMessage", {"chat_id": "{ada}", "text": "x.", "parse_mode": "MarkdownV2"}, RESERVED),
        (
            "sendMessage",
            {"chat_id": "{ada}", "text": "😀", "entities": SPLIT},
            "entity begins in a middle of a UTF-16 symbol at byte offset 4",
        ),
        (
            "sendMessage",
            {"chat_id": "{ada}", "text": "x", "link_preview_options": "true"},
            "object expected as link preview options",
        ),
        ("editMessageText", {"text": "x"}, "message identifier is not specified"),
        ("deleteMessage", {"chat_id": "{ada}"}, "message identifier is not specified"),
        ("sendPhoto", {"chat_id": "{ada}"}, "there is no photo in the request"),
        ("getFile", {}, "file_id not specified"),
        ("getFile", {"file_id": "x"}, "wrong file_id or the file is temporarily unavailable"),
        ("banChatMember", {"chat_id": "{ada}", "user_id": "x"}, "invalid user_id specified"),
        ("setMyCommands", {"commands": "{{}}"}, "expected an Array of BotCommand"),
        ("setMyCommands", {"commands": '[{{"command": "Ask", "description": "x"}}]'}, "BOT_COMMAND_INVALID"),
        ("setMyCommands", {"commands": '[{{"command": "ask", "description": ""}}]'}, "BOT_COMMAND_DESCRIPTION_INVALID"),
        (
            "setMyCommands",
            {"commands": '[{{"command": "ask"}}]'},
            "can't parse BotCommand: Can't find field \"description\"",
        ),
        ("setMyCommands", {"language_code": "english"}, "invalid language code specified"),
        ("setMyCommands", {"scope": '{{"type": "moon"}}'}, "can't parse BotCommandScope: Unsupported type specified"),
        ("createInvoiceLink", {"title": "x"}, 'parameter "description" is required'),
    ],
)
async def test_http_malformed_call_refused_in_telegrams_words(
    fake_telegram: FakeTelegram, raw: httpx.AsyncClient, method: str, given: dict[str, str], description: str
) -> None:
    ada = fake_telegram.user("Ada", started=True)

    answer = await raw.post(method, data={name: value.format(ada=ada.id) for name, value in given.items()})

    assert answer.status_code == 400
    assert answer.json() == {"ok": False, "error_code": 400, "description": f"Bad Request: {description}"}
    assert ada.messages == []


async def test_http_too_large_request_refused(fake_telegram: FakeTelegram, raw: httpx.AsyncClient) -> None:
    answer = await raw.post("sendMessage", content=b"x" * (50 * 1024 * 1024 + 1))

    assert answer.status_code == 413
    assert answer.json()["description"] == "Request Entity Too Large"
    assert fake_telegram.requests == []
