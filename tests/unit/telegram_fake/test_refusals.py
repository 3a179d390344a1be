"""What single methods refuse and give back, without the HTTP in front of them."""

import json
from typing import Any

import pytest

from adapters.memory.system import ManualClock
from adapters.testing.telegram import FakeTelegram
from adapters.testing.telegram.api import BotApi
from adapters.testing.telegram.arguments import Arguments, Upload
from adapters.testing.telegram.errors import ApiError

PRICES = '[{"label": "Month", "amount": 5}]'
DEAR = '[{"label": "a", "amount": 10001}]'
INVOICE = {"title": "t", "description": "d", "payload": "p", "currency": "XTR", "prices": PRICES}


def button(kind: str) -> str:
    """Markup with one button of that kind."""
    return '{"inline_keyboard": [[{"text": "a", ' + kind + "}]]}"


class House:
    """A fake that does not listen, with a person, a group where the bot is an administrator, and a plain group."""

    def __init__(self) -> None:
        self.fake = FakeTelegram(clock=ManualClock())
        self.api = BotApi(self.fake.state, self.fake.faults)
        self.ada = self.fake.user("Ada", started=True)
        self.group = self.fake.group("Traders", [self.ada], bot="administrator")
        self.plain = self.fake.group("Friends", [self.ada], kind="group", bot="administrator")
        self.other = self.fake.group("Others", bot="kicked", kind="channel")

    async def call(self, method: str, **given: object) -> Any:
        names = {"ada": self.ada.id, "group": self.group.id, "plain": self.plain.id, "other": self.other.id}
        values = {name: str(names.get(str(value), value)) for name, value in given.items()}
        return await self.api.call(method.lower(), Arguments(values))


@pytest.mark.parametrize(
    ("method", "given", "description"),
    [
        (
            "banChatMember",
            {"chat_id": "ada", "user_id": "ada"},
            "method is available for supergroup and channel chats only",
        ),
        ("banChatMember", {"chat_id": "group", "user_id": "42"}, "user not found"),
        ("banChatMember", {"chat_id": "group", "user_id": "777001"}, "user is an administrator of the chat"),
        (
            "unbanChatMember",
            {"chat_id": "plain", "user_id": "ada"},
            "method is available for supergroup and channel chats only",
        ),
        ("unbanChatMember", {"chat_id": "group", "user_id": "777001"}, "user is an administrator of the chat"),
        ("createChatInviteLink", {"chat_id": "ada"}, "chat not found"),
        ("createChatInviteLink", {"chat_id": "group", "name": "x" * 33}, "INVITE_LINK_NAME_TOO_LONG"),
        ("createChatInviteLink", {"chat_id": "group", "member_limit": 100_000}, "USAGE_LIMIT_INVALID"),
        (
            "createChatInviteLink",
            {"chat_id": "group", "member_limit": 1, "creates_join_request": "true"},
            "USAGE_LIMIT_INVALID",
        ),
        ("createChatInviteLink", {"chat_id": "group", "expire_date": 5}, "EXPIRE_DATE_INVALID"),
        ("revokeChatInviteLink", {"chat_id": "group", "invite_link": "https://t.me/+x"}, "INVITE_HASH_INVALID"),
        ("createInvoiceLink", INVOICE | {"title": "x" * 33}, "INVOICE_INVALID"),
        ("createInvoiceLink", INVOICE | {"currency": "STARS"}, "CURRENCY_INVALID"),
        ("createInvoiceLink", INVOICE | {"prices": "{}"}, "expected an Array of labeled prices"),
        ("createInvoiceLink", INVOICE | {"prices": "[7]"}, "can't parse labeled price: LabeledPrice must be an Object"),
        (
            "createInvoiceLink",
            INVOICE | {"prices": '[{"amount": 1}]'},
            "can't parse labeled price: LabeledPrice label must be non-empty",
        ),
        (
            "createInvoiceLink",
            INVOICE | {"prices": '[{"label": "a", "amount": "1"}]'},
            'can\'t parse labeled price: Field "amount" must be of type Number',
        ),
        ("createInvoiceLink", INVOICE | {"prices": DEAR, "subscription_period": 2592000}, "STARS_INVOICE_INVALID"),
        ("setMyCommands", {"commands": "[7]"}, "can't parse BotCommand: expected an Object"),
        (
            "setMyCommands",
            {"commands": '[{"command": 7, "description": "x"}]'},
            'can\'t parse BotCommand: Field "command" must be of type String',
        ),
        ("setMyCommands", {"scope": "7"}, "botCommandScope must be an Object"),
        ("setChatMenuButton", {"menu_button": "7"}, "can't parse menu button: MenuButton must be an Object"),
        (
            "setChatMenuButton",
            {"menu_button": '{"type": "moon"}'},
            "can't parse menu button: MenuButton has unsupported type",
        ),
        (
            "setChatMenuButton",
            {"menu_button": '{"type": "web_app"}'},
            "can't parse menu button: Can't find field \"web_app\"",
        ),
        ("setChatMenuButton", {"chat_id": "group"}, "user not found"),
        ("answerCallbackQuery", {"callback_query_id": "1", "url": "https://example.org"}, "URL_INVALID"),
        (
            "sendMessage",
            {"chat_id": "ada", "text": "x", "reply_markup": button('"copy_text": 7')},
            "can't parse inline keyboard button: Can't find field \"text\"",
        ),
        (
            "sendMessage",
            {"chat_id": "ada", "text": "x", "reply_markup": button('"web_app": 7')},
            'can\'t parse inline keyboard button: Field "web_app" must be of type Object',
        ),
        (
            "sendMessage",
            {"chat_id": "ada", "text": "x", "reply_markup": button('"login_url": {"url": "x:y"}')},
            "inline keyboard button login URL 'x:y' is invalid: Unsupported URL protocol",
        ),
    ],
)
async def test_refusal_of_a_method_in_telegrams_words(method: str, given: dict[str, object], description: str) -> None:
    with pytest.raises(ApiError) as refused:
        await House().call(method, **given)

    assert (refused.value.code, refused.value.description) == (400, f"Bad Request: {description}")


async def test_refusal_of_a_channel_that_threw_the_bot_out_names_it() -> None:
    with pytest.raises(ApiError) as refused:
        await House().call("getChat", chat_id="other")

    assert (refused.value.code, refused.value.description) == (403, "Forbidden: bot was kicked from the channel chat")


async def test_refusal_of_an_empty_upload_keeps_nothing() -> None:
    house = House()
    arguments = Arguments({"chat_id": str(house.ada.id)}, {"photo": Upload("p.png", b"")})

    with pytest.raises(ApiError, match="file must be non-empty"):
        await house.api.call("sendphoto", arguments)

    assert house.ada.messages == []


async def test_markup_of_another_kind_on_an_edit_refused() -> None:
    house = House()
    sent = await house.call("sendMessage", chat_id="ada", text="x", reply_markup='{"keyboard": [["a"]]}')
    edit = {"chat_id": "ada", "message_id": sent["message_id"], "reply_markup": '{"force_reply": true}'}

    with pytest.raises(ApiError, match="inline keyboard expected"):
        await house.call("editMessageReplyMarkup", **edit)
    with pytest.raises(ApiError, match="there is no caption in the message to edit"):
        await house.call("editMessageCaption", chat_id="ada", message_id=sent["message_id"], caption="c")

    assert house.ada.chat.reply_keyboard == {"keyboard": [["a"]]}
    assert "reply_markup" not in sent


async def test_member_of_a_private_chat_and_counts_given_back() -> None:
    house = House()

    assert (await house.call("getChatMember", chat_id="ada", user_id="ada"))["status"] == "member"
    assert await house.call("getChatMemberCount", chat_id="ada") == 2
    assert await house.call("getChatMemberCount", chat_id="group") == 3


async def test_invite_link_revoked_lets_nobody_in() -> None:
    house = House()
    eve = house.fake.user("Eve")
    link = (await house.call("createChatInviteLink", chat_id="group"))["invite_link"]

    revoked = await house.call("revokeChatInviteLink", chat_id="group", invite_link=link)

    assert revoked["is_revoked"]
    with pytest.raises(ValueError, match="expired"):
        house.group.joins_by(eve, link)
    with pytest.raises(ValueError, match="no link of this group"):
        house.plain.joins_by(eve, link)
    assert house.group.status_of(eve) == "left"


async def test_invite_link_does_not_let_a_banned_person_in() -> None:
    house = House()
    link = (await house.call("createChatInviteLink", chat_id="group"))["invite_link"]
    await house.call("banChatMember", chat_id="group", user_id="ada")

    with pytest.raises(ValueError, match="Ada is banned"):
        house.group.joins_by(house.ada, link)

    assert house.group.status_of(house.ada) == "kicked"


async def test_menu_button_absent_becomes_the_default_again() -> None:
    house = House()
    button = {"type": "web_app", "text": "Open", "web_app": {"url": "https://guild.example"}}
    await house.call("setChatMenuButton", menu_button=json.dumps(button))
    before = await house.call("getChatMenuButton")

    await house.call("setChatMenuButton")

    assert before == button
    assert await house.call("getChatMenuButton") == {"type": "commands"}


async def test_close_twice_refused_until_another_call() -> None:
    house = House()
    await house.call("close")

    with pytest.raises(ApiError, match="the bot has already been closed"):
        await house.call("close")
    await house.call("getMe")

    assert await house.call("close") is True


def test_person_edits_only_what_is_their_own() -> None:
    house = House()
    eve = house.fake.user("Eve")
    post = house.ada.sends("mine", in_=house.group)

    with pytest.raises(ValueError, match="their own messages only"):
        eve.edits(post, "yours")

    assert post.text == "mine"


def test_group_only_a_plain_one_becomes_a_supergroup() -> None:
    house = House()

    with pytest.raises(ValueError, match="only a plain group"):
        house.group.becomes_supergroup()

    assert house.plain.becomes_supergroup().id == house.plain.chat.migrated_to
