"""getUpdates by the client: offsets, kinds, waiting, conflicts; and what people do."""

import asyncio
from datetime import timedelta

import httpx
import pytest
import telegram
from telegram.error import BadRequest, Conflict

from adapters.memory.system import ManualClock
from adapters.testing.telegram import FakeTelegram
from tests.integration.telegram_fake.client import client_of


async def test_polling_offset_confirms_what_came_before(fake_telegram: FakeTelegram, bot: telegram.Bot) -> None:
    ada = fake_telegram.user("Ada")
    for text in ("one", "two", "three"):
        ada.sends(text)

    first = await bot.get_updates(limit=2)
    again = await bot.get_updates(limit=2)
    rest = await bot.get_updates(offset=first[-1].update_id + 1)
    last = await bot.get_updates(offset=-1)

    assert [one.update_id for one in first] == [one.update_id for one in again]
    assert [one.effective_message.text for one in rest if one.effective_message] == ["three"]
    assert last == rest


async def test_polling_negative_offset_forgets_all_but_the_last(fake_telegram: FakeTelegram, bot: telegram.Bot) -> None:
    ada = fake_telegram.user("Ada")
    for text in ("one", "two", "three"):
        ada.sends(text)

    last = await bot.get_updates(offset=-2)

    assert [one.effective_message.text for one in last if one.effective_message] == ["two", "three"]
    assert len(await bot.get_updates()) == 2


async def test_polling_long_poll_ends_when_something_comes(fake_telegram: FakeTelegram, bot: telegram.Bot) -> None:
    ada = fake_telegram.user("Ada", username="ada_l", last_name="L", language_code="en")
    waiting = asyncio.create_task(bot.get_updates(timeout=30))
    await fake_telegram.until(lambda: fake_telegram.state.polling.is_waiting)

    ada.sends("/start guide_7 @guildhall_test_bot")
    (update,) = await waiting

    message = update.message
    assert message is not None
    assert message.from_user is not None
    assert (message.from_user.username, message.from_user.language_code) == ("ada_l", "en")
    assert [entity.type for entity in message.entities] == ["bot_command", "mention"]
    assert message.chat.id == ada.id


async def test_polling_long_poll_ends_empty_after_its_time() -> None:
    clock = ManualClock()
    async with FakeTelegram(clock=clock) as fake, client_of(fake) as bot:
        waiting = asyncio.create_task(bot.get_updates(timeout=10))
        await fake.until(lambda: fake.state.polling.is_waiting)
        clock.advance(timedelta(seconds=9))
        await bot.get_me()
        early = waiting.done()

        clock.advance(timedelta(seconds=1))

        assert await waiting == ()
        assert not early


async def test_polling_second_poller_ends_the_first_with_conflict(
    fake_telegram: FakeTelegram, bot: telegram.Bot, raw: httpx.AsyncClient
) -> None:
    first = asyncio.create_task(bot.get_updates(timeout=30))
    await fake_telegram.until(lambda: fake_telegram.state.polling.is_waiting)

    second = await raw.get("getUpdates")

    assert second.json() == {"ok": True, "result": []}
    with pytest.raises(Conflict, match="terminated by other getUpdates request"):
        await first


async def test_polling_poller_that_went_away_leaves_the_place(fake_telegram: FakeTelegram, bot: telegram.Bot) -> None:
    with pytest.raises(telegram.error.TimedOut):
        await bot.get_updates(timeout=30, read_timeout=-29.8)

    await fake_telegram.until(lambda: not fake_telegram.state.polling.is_waiting)

    assert fake_telegram.calls("getUpdates")[0].status is None


async def test_polling_kinds_not_asked_for_left_out(fake_telegram: FakeTelegram, bot: telegram.Bot) -> None:
    ada = fake_telegram.user("Ada")
    await bot.get_updates(allowed_updates=["callback_query"])

    ada.sends("not heard")

    assert await bot.get_updates() == ()
    assert (await bot.get_webhook_info()).allowed_updates == ("callback_query",)


async def test_polling_beside_a_webhook_refused(fake_telegram: FakeTelegram, bot: telegram.Bot) -> None:
    waiting = asyncio.create_task(bot.get_updates(timeout=30))
    await fake_telegram.until(lambda: fake_telegram.state.polling.is_waiting)

    await bot.set_webhook("http://127.0.0.1:9/hook")

    with pytest.raises(Conflict, match="terminated by setWebhook request"):
        await waiting
    with pytest.raises(Conflict, match="can't use getUpdates method while webhook is active"):
        await bot.get_updates()
    await bot.delete_webhook()
    assert await bot.get_updates() == ()


async def test_people_edit_forward_reply_block_heard_as_updates(fake_telegram: FakeTelegram, bot: telegram.Bot) -> None:
    ada = fake_telegram.user("Ada")
    asked = ada.sends("what?")
    ada.edits(asked, "what is /that?")
    ada.forwards(asked)
    ada.replies(asked, "hello?")
    ada.blocks_bot()
    ada.sends("back")

    updates = await bot.get_updates()
    _, edited, forwarded, replied, blocked, unblocked, back = updates

    assert edited.edited_message is not None
    assert [entity.type for entity in edited.edited_message.entities] == ["bot_command"]
    assert forwarded.message is not None
    assert isinstance(forwarded.message.forward_origin, telegram.MessageOriginUser)
    assert replied.message is not None
    assert replied.message.reply_to_message is not None
    assert replied.message.reply_to_message.text == "what is /that?"
    changes = [one.my_chat_member for one in (blocked, unblocked)]
    assert [one.new_chat_member.status for one in changes if one] == ["kicked", "member"]
    assert back.message is not None
    assert [one.update_id for one in updates] == list(range(updates[0].update_id, updates[0].update_id + 7))


async def test_people_in_group_heard_only_when_they_mean_the_bot(
    fake_telegram: FakeTelegram, bot: telegram.Bot
) -> None:
    ada = fake_telegram.user("Ada")
    group = fake_telegram.group("Traders", [ada])
    said = await bot.send_message(group.id, "hello")
    ada.sends("among us", in_=group)
    ada.sends("/other@another_bot", in_=group)
    ada.sends("/help", in_=group)
    ada.sends("hey @Guildhall_test_bot", in_=group)
    ada.replies(fake_telegram.said_to(group)[0], "thanks", in_=group)
    photo = {"photo": [{"file_id": "a", "file_unique_id": "b", "width": 1, "height": 1}]}
    ada.posts(photo | {"caption": "among us"}, in_=group)
    ada.posts(photo | {"caption": "see @guildhall_test_bot"}, in_=group)
    fake_telegram.reads_all_group_messages()
    ada.sends("all of it", in_=group)

    heard = [one.message.text or one.message.caption for one in await bot.get_updates() if one.message]

    assert heard == ["/help", "hey @Guildhall_test_bot", "thanks", "see @guildhall_test_bot", "all of it"]
    assert said.chat.type == "supergroup"
    assert len(group.messages) == 9


async def test_injected_update_of_unknown_kind_comes_as_it_is(fake_telegram: FakeTelegram, bot: telegram.Bot) -> None:
    number = fake_telegram.inject({"update_id": 123_456_789, "from_the_future": {"a": 1}})

    (update,) = await bot.get_updates()

    assert (number, update.update_id) == (123_456_789, 123_456_789)
    assert update.api_kwargs == {"from_the_future": {"a": 1}}


async def test_bot_logged_out_answers_nothing_any_more(fake_telegram: FakeTelegram, bot: telegram.Bot) -> None:
    assert await bot.close()
    assert await bot.get_me()
    assert await bot.log_out()

    with pytest.raises(BadRequest, match="Logged out"):
        await bot.get_me()
