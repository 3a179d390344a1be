"""What is said leaves chat by chat, in order, and is kept until it is sent."""

from collections.abc import Set
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from domain.errors import Conflict
from domain.telegram import (
    AnswerButton,
    Button,
    EditText,
    Entity,
    EntityKind,
    Outgoing,
    OutgoingId,
    OutgoingMessage,
    OutgoingState,
    Priority,
    RichText,
    SendText,
    UpdateKey,
)
from tests.support.backend import Backend
from tests.support.bot import BOT, LEASE, arrived, fields_of, new_message, new_update

SPOKEN: tuple[Outgoing, ...] = (
    SendText(
        chat_id=-100,
        text=RichText(
            "Grüße 🎉",
            (Entity(EntityKind.BOLD, 0, 5), Entity(EntityKind.TEXT_LINK, 6, 2, url="https://e.org", language=None)),
        ),
        keyboard=((Button("Yes", data="1:yes"), Button("Look", url="https://e.org")), (Button("No", data="1:no"),)),
        reply_to=4,
        thread_id=9,
    ),
    EditText(chat_id=5, message_id=77, text=RichText("x", (Entity(EntityKind.PRE, 0, 1, language="py"),))),
    EditText(chat_id=-5, message_id=77, text=RichText("x"), reply_to=4, thread_id=9),
    AnswerButton(chat_id=5, query_id="42", text="Done", is_alert=True),
    AnswerButton(chat_id=5, query_id="43"),
)


async def owed(backend: Backend, *messages: OutgoingMessage) -> None:
    async with backend.unit_of_work() as work:
        await work.outgoing_messages.add(messages)
        await work.commit()


async def begun(backend: Backend, limit: int = 99, bot_id: int = BOT) -> list[OutgoingMessage]:
    now = backend.clock.now()
    async with backend.unit_of_work() as work:
        found = await work.outgoing_messages.claim(bot_id, backend.ids.new(), now, now + LEASE, limit)
        await work.commit()
    return list(found)


async def kept(backend: Backend, message: OutgoingMessage, claim: object) -> bool:
    async with backend.unit_of_work() as work:
        was_held = await work.outgoing_messages.save(message, claim)
        await work.commit()
    return was_held


async def sent(backend: Backend, *messages: OutgoingMessage) -> None:
    for message in messages:
        claim = message.claim
        message.sent(123, backend.clock.now())
        assert await kept(backend, message, claim)


async def kept_each(backend: Backend, *ended: tuple[OutgoingMessage, UUID]) -> Set[OutgoingId]:
    async with backend.unit_of_work() as work:
        written = await work.outgoing_messages.save_each(ended)
        await work.commit()
    return written


async def next_due(backend: Backend) -> object:
    async with backend.unit_of_work() as work:
        return await work.outgoing_messages.next_due(BOT, backend.clock.now())


def ids(messages: list[OutgoingMessage]) -> list[object]:
    return [message.id for message in messages]


async def test_outgoing_messages_saved_together_are_those_that_are_still_held(backend: Backend) -> None:
    await owed(backend, *(new_message(backend, chat) for chat in range(1, 5)))
    (late,) = await begun(backend, 1)
    backend.clock.advance(LEASE)
    others = [message for message in await begun(backend) if message.id != late.id]
    ended = [(message, message.claim) for message in (late, *others) if message.claim is not None]
    for message, _ in ended:
        message.sent(7, backend.clock.now())
    assert await kept_each(backend) == set()
    assert await kept_each(backend, *ended) == {message.id for message in others}
    assert await kept_each(backend, *ended) == set()
    backend.clock.advance(LEASE)
    assert ids(await begun(backend)) == [late.id]


@pytest.mark.parametrize("content", SPOKEN)
async def test_outgoing_message_keeps_every_field(backend: Backend, content: Outgoing) -> None:
    update = new_update(backend, 1)
    await arrived(backend, update)
    message = new_message(backend, content, Priority.STREAM, caused_by=update.key, telegram_message_id=2**40)
    await owed(backend, message)
    (found,) = await begun(backend)
    message.begin(found.claim, found.lease_until)
    assert fields_of(found) == fields_of(message)
    assert found.content == content


async def test_outgoing_message_of_any_text_is_kept_with_its_length(backend: Backend) -> None:
    message = new_message(backend, SendText(chat_id=5, text=RichText("a\0b\ud800c")))
    await owed(backend, message)
    (found,) = await begun(backend)
    assert isinstance(found.content, SendText)
    assert found.content.text.length == 5
    assert found.content.text.text[0::2] == "abc"


async def test_outgoing_messages_of_a_chat_leave_in_the_order_they_were_made(backend: Backend) -> None:
    first, second = new_message(backend, priority=Priority.STREAM), new_message(backend)
    third, elsewhere = new_message(backend), new_message(backend, 6, Priority.BULK)
    await owed(backend, first, second)
    await owed(backend, third, elsewhere)
    found = []
    for _ in range(4):
        messages = await begun(backend, 1)
        found += ids(messages)
        await sent(backend, *messages)
    assert [key for key in found if key != elsewhere.id] == [first.id, second.id, third.id]
    assert elsewhere.id in found
    assert await next_due(backend) is None


async def test_outgoing_messages_of_a_chat_do_not_wait_for_its_bulk_which_leaves_in_order_too(backend: Backend) -> None:
    news, more = (new_message(backend, priority=Priority.BULK) for _ in range(2))
    reply = new_message(backend)
    await owed(backend, news, more, reply)
    found = await begun(backend)
    assert ids(found) == [reply.id, news.id]
    await sent(backend, *found)
    assert ids(await begun(backend)) == [more.id]


async def test_outgoing_messages_leave_by_priority_then_by_how_long_they_are_due(backend: Backend) -> None:
    bulk, old = new_message(backend, 1, Priority.BULK), new_message(backend, 2)
    backend.clock.advance(timedelta(seconds=1))
    stream, new = new_message(backend, 3, Priority.STREAM), new_message(backend, 4)
    await owed(backend, new, stream, bulk, old)
    assert ids(await begun(backend)) == [old.id, new.id, stream.id, bulk.id]


async def test_outgoing_messages_of_a_chat_wait_while_one_is_held(backend: Backend) -> None:
    first, second = new_message(backend), new_message(backend)
    await owed(backend, first, second)
    (held,) = await begun(backend)
    assert await begun(backend) == []
    assert await next_due(backend) == held.lease_until
    backend.clock.advance(LEASE)
    (again,) = await begun(backend)
    assert (again.id, again.attempts) == (first.id, 2)
    held.sent(1, backend.clock.now())
    assert not await kept(backend, held, backend.ids.new())


async def test_outgoing_answers_to_buttons_wait_for_nothing_and_nothing_for_them(backend: Backend) -> None:
    first = new_message(backend)
    buttons = [content for content in SPOKEN if isinstance(content, AnswerButton)]
    await owed(backend, first, new_message(backend), *(new_message(backend, button) for button in buttons))
    found = await begun(backend)
    assert sorted(type(message.content).__name__ for message in found) == ["AnswerButton", "AnswerButton", "SendText"]
    await sent(backend, *(message for message in found if message.id == first.id))
    assert len(await begun(backend)) == 1


async def test_outgoing_message_in_backoff_holds_its_chat(backend: Backend) -> None:
    await owed(backend, new_message(backend), new_message(backend), new_message(backend, 6))
    messages = await begun(backend)
    for message in messages:
        claim = message.claim
        message.retry("502", backend.clock.now())
        assert await kept(backend, message, claim)
    assert await begun(backend) == []
    assert await next_due(backend) == backend.clock.now() + timedelta(seconds=1)
    backend.clock.advance(timedelta(seconds=1))
    assert ids(await begun(backend)) == ids(messages)


async def test_outgoing_message_postponed_counts_no_attempt(backend: Backend) -> None:
    await owed(backend, new_message(backend))
    (message,) = await begun(backend)
    claim, later = message.claim, backend.clock.now() + timedelta(seconds=40)
    message.postponed(later)
    assert await kept(backend, message, claim)
    assert await next_due(backend) == later
    backend.clock.advance(timedelta(seconds=40))
    assert [message.attempts for message in await begun(backend)] == [1]


async def test_outgoing_messages_of_a_group_that_moved_follow_it(backend: Backend) -> None:
    waiting = [new_message(backend, -5) for _ in range(3)]
    await owed(backend, *waiting, new_message(backend, -6), new_message(backend, -5, bot_id=2))
    held = next(message for message in await begun(backend) if message.content.chat_id == -5)
    async with backend.unit_of_work() as work:
        assert await work.outgoing_messages.moved(BOT, -5, -500) == 2
        await work.commit()
    assert [message.content.chat_id for message in await begun(backend)] == [-500]
    claim = held.claim
    held.moved(-500)
    held.postponed(backend.clock.now())
    assert await kept(backend, held, claim)
    assert await begun(backend) == []
    backend.clock.advance(LEASE)
    again = [message for message in await begun(backend) if message.content.chat_id == -500]
    assert ids(again) == [waiting[0].id]


async def test_outgoing_messages_of_a_group_that_moved_know_no_number_of_the_old_one(backend: Backend) -> None:
    said, edited = (replace(content, chat_id=-5) for content in SPOKEN if getattr(content, "thread_id", None))
    bulk = new_message(backend, replace(said, text=RichText("news")), Priority.BULK)
    await owed(backend, new_message(backend, said), new_message(backend, edited), bulk)
    async with backend.unit_of_work() as work:
        assert await work.outgoing_messages.moved(BOT, -5, -500) == 3
        assert await work.outgoing_messages.moved(BOT, -5, -500) == 0
        await work.commit()
    found = await begun(backend)
    assert [message.lane for message in found] == ["chat:-500", "bulk:-500"]
    assert found[0].content == replace(said, chat_id=-500, reply_to=None, thread_id=None)
    await sent(backend, *found)
    assert [message.content for message in await begun(backend)] == [SendText(chat_id=-500, text=RichText("x"))]


async def test_outgoing_messages_renewed_are_not_given_to_others(backend: Backend) -> None:
    await owed(backend, new_message(backend), new_message(backend, 6))
    (message, other) = await begun(backend)
    backend.clock.advance(LEASE - timedelta(seconds=1))
    async with backend.unit_of_work() as work:
        held = await work.outgoing_messages.renew(message.claim, backend.clock.now() + LEASE)
        assert held == {message.id, other.id}
        await work.commit()
    backend.clock.advance(timedelta(seconds=2))
    assert await begun(backend) == []


async def test_outgoing_message_with_the_id_of_another_conflicts(backend: Backend) -> None:
    message = new_message(backend)
    await owed(backend, message)
    with pytest.raises(Conflict):
        await owed(backend, message)


async def test_outgoing_message_caused_by_no_update_conflicts(backend: Backend) -> None:
    with pytest.raises(Conflict):
        await owed(backend, new_message(backend, caused_by=UpdateKey(backend.ids.new())))


async def test_outgoing_messages_that_ended_are_forgotten_others_stay(backend: Backend) -> None:
    await owed(backend, *(new_message(backend, chat) for chat in range(1, 7)))
    ending = await begun(backend, 5)
    await sent(backend, *ending[:2])
    for message, end in ((ending[2], "blocked"), (ending[3], "failed")):
        claim = message.claim
        getattr(message, end)("Gone.")
        assert await kept(backend, message, claim)
    backend.clock.advance(timedelta(seconds=1))

    async def forget(limit: int) -> int:
        async with backend.unit_of_work() as work:
            count = await work.outgoing_messages.forget(backend.clock.now(), limit)
            await work.commit()
        return count

    assert [await forget(3), await forget(3), await forget(3)] == [3, 1, 0]
    assert await kept(backend, ending[4], ending[4].claim)
    assert not await kept(backend, ending[0], None)
    assert len(await begun(backend)) == 1


async def test_outgoing_messages_to_a_chat_are_all_forgotten(backend: Backend) -> None:
    await owed(backend, new_message(backend), new_message(backend), new_message(backend, 55))
    await sent(backend, *(await begun(backend, 1)))
    async with backend.unit_of_work() as work:
        assert await work.outgoing_messages.forget_chat(5) == 2
        await work.commit()
    assert [message.content.chat_id for message in await begun(backend)] == [55]


async def test_outgoing_messages_of_one_bot_are_not_anothers(backend: Backend) -> None:
    await owed(backend, new_message(backend, bot_id=2))
    assert await begun(backend) == []
    assert await next_due(backend) is None
    assert [message.state for message in await begun(backend, bot_id=2)] == [OutgoingState.SENDING]
