"""Sending, editing and deleting, with python-telegram-bot's client."""

from datetime import timedelta

import pytest
import telegram
from telegram import InlineKeyboardButton, InlineKeyboardMarkup, MessageEntity, ReplyParameters
from telegram.error import BadRequest, Forbidden

from adapters.memory.system import ManualClock
from adapters.testing.telegram import FakeTelegram
from tests.integration.telegram_fake.client import client_of

BUTTONS = InlineKeyboardMarkup([[InlineKeyboardButton("Read", callback_data="1:read")]])


async def test_message_sent_with_formatting_and_buttons_seen_in_the_chat(
    fake_telegram: FakeTelegram, bot: telegram.Bot
) -> None:
    ada = fake_telegram.user("Ada", started=True)

    sent = await bot.send_message(ada.id, "*Hi* /help 😀", parse_mode="MarkdownV2", reply_markup=BUTTONS)

    (post,) = fake_telegram.said_to(ada)
    assert sent.message_id == post.id
    assert sent.parse_entities() == {
        MessageEntity("bold", 0, 2): "Hi",
        MessageEntity("bot_command", 3, 5): "/help",
    }
    assert sent.reply_markup == BUTTONS
    assert (post.text, post.buttons) == ("Hi /help 😀", [{"text": "Read", "callback_data": "1:read"}])
    assert sent.from_user is not None
    assert sent.from_user.id == fake_telegram.bot.id


async def test_message_edited_history_kept_and_buttons_gone(fake_telegram: FakeTelegram, bot: telegram.Bot) -> None:
    ada = fake_telegram.user("Ada", started=True)
    sent = await bot.send_message(ada.id, "one", reply_markup=BUTTONS)

    edited = await bot.edit_message_text("two", ada.id, sent.message_id)

    (post,) = fake_telegram.said_to(ada)
    assert isinstance(edited, telegram.Message)
    assert edited.text == "two"
    assert edited.edit_date is not None
    assert [one["text"] for one in post.history] == ["one"]
    assert post.buttons == []


async def test_message_same_edit_refused_as_not_modified(fake_telegram: FakeTelegram, bot: telegram.Bot) -> None:
    ada = fake_telegram.user("Ada", started=True)
    sent = await bot.send_message(ada.id, "one", reply_markup=BUTTONS)

    with pytest.raises(BadRequest, match="Message is not modified: specified new message content and reply markup"):
        await bot.edit_message_text("one", ada.id, sent.message_id, reply_markup=BUTTONS)
    with pytest.raises(BadRequest, match="Message is not modified"):
        await bot.edit_message_reply_markup(ada.id, sent.message_id, reply_markup=BUTTONS)
    await bot.edit_message_reply_markup(ada.id, sent.message_id)

    assert fake_telegram.said_to(ada)[0].buttons == []


async def test_message_of_somebody_else_cannot_be_edited(fake_telegram: FakeTelegram, bot: telegram.Bot) -> None:
    ada = fake_telegram.user("Ada")
    post = ada.sends("mine")

    with pytest.raises(BadRequest, match="Message can't be edited"):
        await bot.edit_message_text("yours", ada.id, post.id)
    with pytest.raises(BadRequest, match="Message to edit not found"):
        await bot.edit_message_text("yours", ada.id, post.id + 99)

    assert post.text == "mine"


async def test_message_photo_edited_as_text_refused(fake_telegram: FakeTelegram, bot: telegram.Bot) -> None:
    ada = fake_telegram.user("Ada", started=True)
    sent = await bot.send_photo(ada.id, b"\x89PNG", caption="a <b>chart</b>", parse_mode="HTML")

    with pytest.raises(BadRequest, match="There is no text in the message to edit"):
        await bot.edit_message_text("x", ada.id, sent.message_id)
    await bot.edit_message_caption(ada.id, sent.message_id, caption="new")

    assert sent.caption_entities == (MessageEntity("bold", 2, 5),)
    assert fake_telegram.said_to(ada)[0].text == "new"


async def test_message_photo_downloaded_again_is_the_same(fake_telegram: FakeTelegram, bot: telegram.Bot) -> None:
    ada = fake_telegram.user("Ada", started=True)
    sent = await bot.send_photo(ada.id, b"\x89PNG", filename="chart.png")

    again = await bot.send_photo(ada.id, sent.photo[-1].file_id)
    file = await bot.get_file(again.photo[-1].file_id)

    assert bytes(await file.download_as_bytearray()) == b"\x89PNG"
    assert again.photo[-1].file_unique_id == sent.photo[-1].file_unique_id


async def test_message_video_by_address_accepted_and_nonsense_refused(
    fake_telegram: FakeTelegram, bot: telegram.Bot
) -> None:
    ada = fake_telegram.user("Ada", started=True)

    sent = await bot.send_video(ada.id, "https://example.org/v.mp4", duration=3)

    assert sent.video is not None
    assert sent.video.duration == timedelta(seconds=3)
    with pytest.raises(BadRequest, match="Wrong file identifier/http url specified"):
        await bot.send_video(ada.id, "nonsense")


async def test_message_deleted_is_gone_once(fake_telegram: FakeTelegram, bot: telegram.Bot) -> None:
    ada = fake_telegram.user("Ada", started=True)
    sent = await bot.send_message(ada.id, "one")

    deleted = await bot.delete_message(ada.id, sent.message_id)

    assert deleted
    assert ada.messages == []
    with pytest.raises(BadRequest, match="Message to delete not found"):
        await bot.delete_message(ada.id, sent.message_id)


async def test_message_older_than_two_days_cannot_be_deleted() -> None:
    clock = ManualClock()
    async with FakeTelegram(clock=clock) as fake, client_of(fake) as bot:
        ada = fake.user("Ada", started=True)
        sent = await bot.send_message(ada.id, "one")
        clock.advance(timedelta(hours=49))

        with pytest.raises(BadRequest, match="Message can't be deleted for everyone"):
            await bot.delete_message(ada.id, sent.message_id)

        assert len(ada.messages) == 1


async def test_message_reply_carries_the_message_it_answers(fake_telegram: FakeTelegram, bot: telegram.Bot) -> None:
    ada = fake_telegram.user("Ada")
    asked = ada.sends("why?")

    sent = await bot.send_message(ada.id, "because", reply_parameters=ReplyParameters(asked.id))

    assert sent.reply_to_message is not None
    assert sent.reply_to_message.text == "why?"
    with pytest.raises(BadRequest, match="Message to be replied not found"):
        await bot.send_message(ada.id, "x", reply_parameters=ReplyParameters(asked.id + 99))
    alone = await bot.send_message(
        ada.id, "x", reply_parameters=ReplyParameters(asked.id + 99, allow_sending_without_reply=True)
    )
    assert alone.reply_to_message is None


@pytest.mark.parametrize(
    ("text", "description"),
    [("x" * 4097, "Message is too long"), ("😀" * 2049, "Message is too long"), ("  \n", "Text must be non-empty")],
)
async def test_message_of_wrong_length_refused(
    fake_telegram: FakeTelegram, bot: telegram.Bot, text: str, description: str
) -> None:
    ada = fake_telegram.user("Ada", started=True)

    with pytest.raises(BadRequest, match=description):
        await bot.send_message(ada.id, text)

    assert ada.messages == []


async def test_message_of_4096_units_after_parsing_accepted(fake_telegram: FakeTelegram, bot: telegram.Bot) -> None:
    ada = fake_telegram.user("Ada", started=True)

    sent = await bot.send_message(ada.id, f"<b>{'😀' * 2048}</b>", parse_mode="HTML")

    assert sent.entities == (MessageEntity("bold", 0, 4096),)


async def test_message_long_caption_and_long_edit_refused(fake_telegram: FakeTelegram, bot: telegram.Bot) -> None:
    ada = fake_telegram.user("Ada", started=True)
    sent = await bot.send_message(ada.id, "x")

    with pytest.raises(BadRequest, match="Message caption is too long"):
        await bot.send_photo(ada.id, b"1", caption="x" * 1025)
    with pytest.raises(BadRequest, match="Message_too_long"):
        await bot.edit_message_text("x" * 4097, ada.id, sent.message_id)


async def test_message_to_unknown_blocked_or_gone_people_refused(
    fake_telegram: FakeTelegram, bot: telegram.Bot
) -> None:
    met, blocked, gone = (fake_telegram.user(name, started=True) for name in ("Met", "Blocked", "Gone"))
    stranger, seen = fake_telegram.user("Stranger"), fake_telegram.user("Seen")
    fake_telegram.group("Traders", [seen])
    blocked.blocks_bot()
    gone.deletes_account()

    refusals = {}
    for who in (stranger.id, 424_242, seen.id, blocked.id, gone.id):
        with pytest.raises((BadRequest, Forbidden)) as refused:
            await bot.send_message(who, "x")
        refusals[who] = refused.value.message

    assert list(refusals.values()) == [
        "Chat not found",
        "Chat not found",
        "Forbidden: bot can't initiate conversation with a user",
        "Forbidden: bot was blocked by the user",
        "Forbidden: user is deactivated",
    ]
    assert await bot.send_message(met.id, "x")


async def test_draft_shown_until_a_message_takes_its_place() -> None:
    clock = ManualClock()
    async with FakeTelegram(clock=clock) as fake, client_of(fake) as bot:
        ada = fake.user("Ada", started=True)
        await bot.send_message_draft(ada.id, 7, "thin")
        await bot.send_message_draft(ada.id, 7, "thinking *hard*", parse_mode="MarkdownV2")
        shown = ada.chat.draft(clock.now())
        clock.advance(timedelta(seconds=30))
        faded = ada.chat.draft(clock.now())
        await bot.send_message_draft(ada.id, 7, "again")
        ada.sends("hurry")
        meanwhile = ada.chat.draft(clock.now())
        await bot.send_message(ada.id, "done")

        assert shown is not None
        assert (shown.id, shown.text, shown.entities[0]["type"]) == (7, "thinking hard", "bold")
        assert faded is None
        assert meanwhile is not None
        assert ada.chat.draft(clock.now()) is None
        assert [draft.text for draft in ada.chat.drafts] == ["thin", "thinking hard", "again"]


async def test_draft_without_identifier_or_in_a_group_refused(fake_telegram: FakeTelegram, bot: telegram.Bot) -> None:
    ada = fake_telegram.user("Ada", started=True)
    group = fake_telegram.group("Traders", [ada])

    with pytest.raises(BadRequest, match="Random_id_invalid"):
        await bot.send_message_draft(ada.id, 0, "x")
    with pytest.raises(BadRequest, match="Textdraft_peer_invalid"):
        await bot.send_message_draft(group.id, 1, "x")

    assert ada.chat.drafts == []


async def test_chat_action_known_kept_and_unknown_refused(fake_telegram: FakeTelegram, bot: telegram.Bot) -> None:
    ada = fake_telegram.user("Ada", started=True)

    await bot.send_chat_action(ada.id, "typing")
    with pytest.raises(BadRequest, match="Wrong parameter action in request"):
        await bot.send_chat_action(ada.id, "dancing")

    assert ada.chat.actions == ["typing"]
