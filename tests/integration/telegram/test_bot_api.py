"""The Bot API beyond sending, over real HTTP."""

import json

import pytest

from adapters.telegram.bot_api import TelegramBotApi
from adapters.telegram.connection import BotConnection
from adapters.testing.telegram import faults
from adapters.testing.telegram.errors import bad_request
from adapters.testing.telegram.fake import FakeTelegram
from application.ports.telegram import BotIdentity, CommandRow
from domain.errors import Conflict, Invalid, InvalidToken, Unavailable
from domain.identity import Role

SECRET = "a-secret-of-the-webhook"


async def test_bot_api_me_is_the_bot_of_the_token(telegram: FakeTelegram, bot_api: TelegramBotApi) -> None:
    assert await bot_api.me() == BotIdentity(telegram.bot.id, "guildhall_test_bot")


async def test_bot_api_updates_are_the_bytes_that_came(telegram: FakeTelegram, bot_api: TelegramBotApi) -> None:
    update = b'{"update_id":7, "message":{"text":"\\u00e9 \xc3\xa9", "n":123456789012345678901}}'
    telegram.fail(faults.Fault(faults.Answer(200, b'{"ok":true,"result":[' + update + b"]}")), "getUpdates")

    assert list(await bot_api.updates(None, 0, 10)) == [update]


async def test_bot_api_odd_update_keeps_no_other_from_being_read(
    telegram: FakeTelegram, bot_api: TelegramBotApi
) -> None:
    body = b'{"ok":true,"result":[{"update_id":7,"message":{"text":"\\ud83d \xff"}},{"update_id":8}]}'
    telegram.fail(faults.Fault(faults.Answer(200, body)), "getUpdates")

    found = [json.loads(raw) for raw in await bot_api.updates(None, 0, 10)]

    assert found == [{"update_id": 7, "message": {"text": "\ufffd \ufffd"}}, {"update_id": 8}]


async def test_bot_api_offset_confirms_what_came_before(telegram: FakeTelegram, bot_api: TelegramBotApi) -> None:
    ada = telegram.user("Ada", started=True)
    for word in ("one", "two", "three"):
        ada.sends(word)

    first = [json.loads(raw) for raw in await bot_api.updates(None, 0, 2)]
    rest = [json.loads(raw) for raw in await bot_api.updates(first[-1]["update_id"] + 1, 0, 100)]

    assert [update["message"]["text"] for update in (*first, *rest)] == ["one", "two", "three"]


async def test_bot_api_poll_asks_for_the_kinds_that_are_used(telegram: FakeTelegram, bot_api: TelegramBotApi) -> None:
    await bot_api.updates(None, 0, 100)

    asked = json.loads(telegram.calls("getUpdates")[0]["allowed_updates"])
    assert set(asked) == {"message", "callback_query", "pre_checkout_query", "my_chat_member"}


async def test_bot_api_poll_while_a_webhook_is_set_conflicts(telegram: FakeTelegram, bot_api: TelegramBotApi) -> None:
    await bot_api.set_webhook("https://guildhall.example/api/v1/telegram/webhook", SECRET, 40)

    with pytest.raises(Conflict, match="webhook"):
        await bot_api.updates(None, 0, 100)


async def test_bot_api_webhook_is_set_told_and_deleted(telegram: FakeTelegram, bot_api: TelegramBotApi) -> None:
    url = "https://guildhall.example/api/v1/telegram/webhook"

    await bot_api.set_webhook(url, SECRET, 40)
    info = await bot_api.webhook_info()
    await bot_api.delete_webhook()

    assert (info.url, info.max_connections, info.pending_update_count) == (url, 40, 0)
    assert set(info.allowed_updates) == {"message", "callback_query", "pre_checkout_query", "my_chat_member"}
    assert telegram.calls("setWebhook")[0]["secret_token"] == SECRET
    assert (await bot_api.webhook_info()).url == ""


async def test_bot_api_webhook_at_an_address_that_telegram_refuses_is_invalid(
    telegram: FakeTelegram, bot_api: TelegramBotApi
) -> None:
    telegram.fail(faults.refused(bad_request("bad webhook: An HTTPS URL must be provided for webhook")))

    with pytest.raises(Invalid, match=r"(?i)https url"):
        await bot_api.set_webhook("http://guildhall.example/", SECRET, 40)


async def test_bot_api_webhook_deleted_with_what_waits_drops_it(
    telegram: FakeTelegram, bot_api: TelegramBotApi
) -> None:
    telegram.user("Ada", started=True).sends("Hello")

    await bot_api.delete_webhook(drop_pending=True)

    assert await bot_api.updates(None, 0, 100) == []


async def test_bot_api_commands_are_the_menu_of_private_chats_without_hidden_ones(
    telegram: FakeTelegram, bot_api: TelegramBotApi
) -> None:
    await bot_api.set_commands(
        [
            CommandRow("help", "What the bot does", "start", Role.PUBLIC),
            CommandRow("admin", "The menu of admins", "admin", Role.ADMIN, is_hidden=True),
        ]
    )

    (call,) = telegram.calls("setMyCommands")
    assert json.loads(call["commands"]) == [{"command": "help", "description": "What the bot does"}]
    assert json.loads(call["scope"]) == {"type": "all_private_chats"}


async def test_bot_api_token_that_is_not_known_is_an_invalid_token(telegram: FakeTelegram) -> None:
    connection = BotConnection("7000000001:another-token-of-nobody", telegram.url)
    bot_api = TelegramBotApi(connection)

    with pytest.raises(InvalidToken) as refusal:
        await bot_api.me()
    with pytest.raises(InvalidToken):
        await bot_api.updates(None, 0, 1)

    await connection.close()
    assert "another-token-of-nobody" not in str(refusal.value)


def test_bot_connection_redacted_holds_no_token_in_any_case() -> None:
    connection = BotConnection("7000000001:Another-Token", "http://127.0.0.1:1")

    for said in ("/bot7000000001:Another-Token/getMe", "/bot7000000001%3aanother-token/getme"):
        assert "token" not in connection.redacted(said).lower()


@pytest.mark.parametrize("fault", [faults.bad_gateway(), faults.reset(), faults.garbage(), faults.flood(3)])
async def test_bot_api_telegram_that_does_not_answer_is_unavailable(
    telegram: FakeTelegram, bot_api: TelegramBotApi, fault: faults.Fault
) -> None:
    telegram.fail(fault, times=2)

    with pytest.raises(Unavailable):
        await bot_api.me()
    with pytest.raises(Unavailable):
        await bot_api.updates(None, 0, 1)
