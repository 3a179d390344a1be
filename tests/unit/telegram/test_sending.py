"""The worker that sends: everything once, in each chat in order, one chat's trouble its own."""

import asyncio
from datetime import timedelta

import pytest

from adapters.memory.pacer import InMemoryPacer, Pace
from application.ports.realtime import OutgoingOwed
from application.ports.sending import Ambiguous, Blocked, HeldBack, Migrated, Refused, RetryAt, Sent
from application.telegram.delivering import NOBODY_WAITS, STOPPED
from application.telegram.sending import SendingLimits
from domain.errors import Unavailable
from domain.identity import TelegramProfile
from domain.telegram import (
    CALLBACK_LIFETIME,
    MAX_SENDING_ATTEMPTS,
    AnswerButton,
    EditText,
    OutgoingState,
    Priority,
    RichText,
    SendText,
)
from tests.unit.telegram.outbox import BOT, Outbox, text

SECOND = timedelta(seconds=1)
TENTH = timedelta(milliseconds=100)


@pytest.fixture
def outbox() -> Outbox:
    return Outbox()


async def test_sending_rows_leave_once_and_in_each_chat_in_order(outbox: Outbox) -> None:
    keys = await outbox.owe(*(text(chat, f"{chat}-{number}") for number in range(3) for chat in (1, 2, -3)))

    async with outbox.at_work():
        await outbox.until(outbox.all_sent(9))

    for chat in (1, 2, -3):
        assert outbox.notifier.texts(chat) == [f"{chat}-0", f"{chat}-1", f"{chat}-2"]
    row = outbox.row(keys[0])
    assert (row.telegram_message_id, row.sent_at, row.claim, row.attempts) == (1, outbox.clock.now(), None, 1)
    assert outbox.metrics.sent == {"sent": 9}


async def test_sending_is_woken_by_what_is_owed_and_leaves_other_bots_rows(outbox: Outbox) -> None:
    async with outbox.at_work():
        await outbox.settle()
        await outbox.owe(text(2), bot_id=BOT + 1)
        await outbox.owe(text(1))
        await outbox.until(outbox.all_sent(1))

    assert outbox.notifier.texts(2) == []


async def test_sending_row_nobody_announced_is_found_within_a_second(outbox: Outbox) -> None:
    async with outbox.at_work():
        await outbox.settle()
        stop_hearing = outbox.backend.bus._listeners.copy()
        outbox.backend.bus._listeners.clear()
        await outbox.owe(text(1))
        outbox.backend.bus._listeners.update(stop_hearing)
        await outbox.settle()
        assert outbox.notifier.tried == []
        outbox.clock.advance(SECOND)
        await outbox.until(outbox.all_sent(1))


async def test_sending_to_a_chat_that_hangs_delays_no_other_and_ends_ambiguous(outbox: Outbox) -> None:
    outbox.notifier.hang(1)
    (hanging, after, *_) = await outbox.owe(text(1), text(1, "after"), *(text(chat) for chat in range(2, 40)))

    async with outbox.at_work():
        await outbox.until(outbox.all_sent(38))
        assert outbox.row(hanging).state is OutgoingState.SENDING
        await outbox.until(lambda: outbox.row(hanging).state is OutgoingState.WAITING, advance=SECOND)
        assert outbox.row(after).attempts == 0
        outbox.notifier.release(1)
        await outbox.until(outbox.all_sent(40), advance=SECOND)

    assert outbox.notifier.texts(1) == ["Hello", "after"]
    assert outbox.metrics.sent == {"sent": 40, "ambiguous": 1}


async def test_sending_chat_that_hangs_keeps_its_lease(outbox: Outbox) -> None:
    limits = SendingLimits(lease=timedelta(seconds=6))
    outbox.notifier.hang(1)
    await outbox.owe(text(1))

    async with outbox.at_work(limits), outbox.at_work(limits):
        for _ in range(25):
            await outbox.settle()
            outbox.clock.advance(SECOND)
        await outbox.settle()

    assert len(outbox.notifier.tried) == 1


async def test_sending_429_of_a_chat_holds_that_chat_until_then(outbox: Outbox) -> None:
    until = outbox.clock.now() + timedelta(seconds=7)
    outbox.notifier.answer(RetryAt(until, HeldBack.CHAT), chat_id=1)
    (first, *_) = await outbox.owe(text(1, "one"), text(1, "two"), text(2))

    async with outbox.at_work():
        await outbox.until(outbox.all_sent(1))
        assert outbox.notifier.texts(2) == ["Hello"]
        await outbox.until(outbox.all_sent(3), advance=TENTH)

    assert outbox.row(first).attempts == 1, "what was not sent counts as no attempt"
    assert until <= outbox.row(first).sent_at < until + SECOND
    assert outbox.notifier.texts(1) == ["one", "two"]


async def test_sending_429_of_the_bot_holds_everybody_until_then(outbox: Outbox) -> None:
    until = outbox.clock.now() + timedelta(minutes=2)
    outbox.notifier.answer(RetryAt(until, HeldBack.BOT))
    async with outbox.at_work():
        await outbox.owe(text(1))
        await outbox.settle()
        keys = await outbox.owe(*(text(chat) for chat in range(2, 30)))
        await outbox.until(outbox.all_sent(29), advance=SECOND)

    assert len(outbox.notifier.tried) == 30
    assert all(outbox.row(key).sent_at >= until for key in keys)


async def test_sending_to_somebody_who_blocked_the_bot_is_remembered(outbox: Outbox) -> None:
    await outbox.accounts.seen(TelegramProfile(1, "ada", "Ada", None))
    outbox.notifier.answer(Blocked("Forbidden: bot was blocked by the user"), chat_id=1)
    (key,) = await outbox.owe(text(1))

    async with outbox.at_work():
        await outbox.until(lambda: outbox.row(key).state is OutgoingState.BLOCKED)
        await outbox.settle()

    member = await outbox.backend.members.by_telegram_id(1, outbox.clock.now())
    assert member is not None
    assert member.telegram is not None
    assert member.telegram.has_blocked_bot
    assert outbox.metrics.sent == {"blocked": 1}


async def test_sending_to_a_group_that_moved_takes_its_rows_along(outbox: Outbox) -> None:
    outbox.notifier.answer(Migrated(-1_007), chat_id=-7)
    await outbox.owe(text(-7, "one"), text(-7, "two"), text(-7, "three"))

    async with outbox.at_work():
        await outbox.until(outbox.all_sent(3))

    assert outbox.notifier.texts(-1_007) == ["one", "two", "three"]
    assert outbox.metrics.sent == {"retry": 1, "sent": 3}


async def test_sending_edit_with_nothing_left_to_edit_becomes_a_message(outbox: Outbox) -> None:
    outbox.notifier.answer(Refused("message to edit not found", is_gone=True), chat_id=1)
    (key,) = await outbox.owe(EditText(chat_id=1, message_id=5, text=RichText("now")))

    async with outbox.at_work():
        await outbox.until(outbox.all_sent(1))

    assert outbox.notifier.sent == [SendText(chat_id=1, text=RichText("now"))]
    assert outbox.row(key).content == SendText(chat_id=1, text=RichText("now"))


async def test_sending_refused_row_fails_once_and_the_chat_goes_on(outbox: Outbox) -> None:
    outbox.notifier.answer(Refused("message text is empty"), chat_id=1)
    (key, _) = await outbox.owe(text(1, "one"), text(1, "two"))

    async with outbox.at_work():
        await outbox.until(outbox.all_sent(1))

    assert outbox.row(key).state is OutgoingState.FAILED
    assert outbox.row(key).error_message == "message text is empty"
    assert len(outbox.notifier.tried) == 2


async def test_sending_ambiguous_row_is_tried_again_with_growing_pauses_and_given_up(outbox: Outbox) -> None:
    outbox.notifier.answer(*[Ambiguous("502")] * MAX_SENDING_ATTEMPTS, chat_id=1)
    (key,) = await outbox.owe(text(1))
    began = outbox.clock.now()

    async with outbox.at_work():
        await outbox.until(lambda: outbox.row(key).state is OutgoingState.FAILED, advance=SECOND)

    assert len(outbox.notifier.tried) == MAX_SENDING_ATTEMPTS
    assert outbox.clock.now() - began > timedelta(minutes=8)
    assert outbox.row(key).error_message == "502"


async def test_sending_notifier_that_raises_is_tried_again(outbox: Outbox) -> None:
    (key,) = await outbox.owe(text(1))
    send, outbox.notifier.send = outbox.notifier.send, _raises  # type: ignore[method-assign]

    async with outbox.at_work():
        await outbox.until(lambda: outbox.row(key).attempts == 1 and outbox.row(key).claim is None)
        assert outbox.row(key).error_message == "Unavailable: no bot"
        outbox.notifier.send = send  # type: ignore[method-assign]
        await outbox.until(outbox.all_sent(1), advance=SECOND)


async def _raises(_content: object) -> Sent:
    raise Unavailable("no bot")


async def test_sending_answer_to_a_button_waits_for_no_row_and_no_slot(outbox: Outbox) -> None:
    outbox.pacer.hold(outbox.clock.now() + timedelta(minutes=1), 1)
    answer = AnswerButton(chat_id=1, query_id="7")
    await outbox.owe(text(1), answer)

    async with outbox.at_work():
        await outbox.until(outbox.all_sent(1))

    assert outbox.notifier.sent == [answer]


async def test_sending_answer_that_nobody_waits_for_is_not_sent(outbox: Outbox) -> None:
    (key,) = await outbox.owe(AnswerButton(chat_id=1, query_id="7"))
    outbox.clock.advance(CALLBACK_LIFETIME)

    async with outbox.at_work():
        await outbox.until(lambda: outbox.row(key).state is OutgoingState.FAILED)

    assert outbox.row(key).error_message == NOBODY_WAITS
    assert outbox.notifier.tried == []


async def test_sending_bulk_in_any_number_holds_no_reply_back(outbox: Outbox) -> None:
    await outbox.owe(*(text(chat) for chat in range(1_000, 1_400)), priority=Priority.BULK)

    async with outbox.at_work():
        await outbox.until(outbox.all_sent(30))
        await outbox.settle()
        keys = await outbox.owe(*(text(chat) for chat in range(1, 151)))
        await outbox.until(outbox.all_sent(180))
        assert all(outbox.row(key).state is OutgoingState.SENT for key in keys)
        await outbox.until(outbox.all_sent(550), advance=TENTH)

    assert outbox.metrics.sent == {"sent": 550}


async def test_sending_reply_does_not_wait_for_the_bulk_of_its_chat(outbox: Outbox) -> None:
    await outbox.owe(*(text(chat, "bulk") for chat in range(1, 401)), priority=Priority.BULK)

    async with outbox.at_work():
        await outbox.until(outbox.all_sent(30))
        await outbox.owe(text(390, "reply"))
        await outbox.until(outbox.all_sent(31))
        assert outbox.notifier.texts(390) == ["reply"]
        await outbox.until(outbox.all_sent(401), advance=TENTH)


async def test_sending_bulk_that_waits_leaves_places_for_replies(outbox: Outbox) -> None:
    outbox.pacer = InMemoryPacer(outbox.clock, Pace(bulk_per_second=1))
    await outbox.owe(*(text(chat) for chat in range(1_000, 1_010)), priority=Priority.BULK)

    async with outbox.at_work(SendingLimits(chats=4, bulk=2)):
        await outbox.until(outbox.all_sent(1))
        await outbox.owe(*(text(chat) for chat in range(1, 9)))
        await outbox.until(outbox.all_sent(9))
        assert outbox.states() == {OutgoingState.SENT: 9, OutgoingState.SENDING: 2, OutgoingState.WAITING: 7}
        await outbox.until(outbox.all_sent(18), advance=TENTH)


async def test_sending_row_that_would_wait_long_for_its_slot_gives_its_place_back(outbox: Outbox) -> None:
    hour = timedelta(hours=1)
    outbox.pacer.hold(outbox.clock.now() + hour, 1)
    held, _ = await outbox.owe(text(1), text(2))

    async with outbox.at_work(SendingLimits(chats=1)):
        await outbox.until(outbox.all_sent(1))

    row = outbox.row(held)
    assert (row.state, row.attempts, row.due_at) == (OutgoingState.WAITING, 0, outbox.clock.now() + hour)


async def test_sending_bulk_leaves_at_its_pace(outbox: Outbox) -> None:
    await outbox.owe(*(text(chat) for chat in range(1, 91)), priority=Priority.BULK)
    began = outbox.clock.now()

    async with outbox.at_work():
        await outbox.until(outbox.all_sent(90), advance=TENTH)

    assert timedelta(seconds=1.9) <= outbox.clock.now() - began <= timedelta(seconds=4)


async def test_sending_stopped_gives_back_what_waits_and_ends_what_is_being_sent(outbox: Outbox) -> None:
    outbox.notifier.hang(1)
    outbox.pacer.hold(outbox.clock.now() + timedelta(seconds=3), 2)
    sending, waiting = await outbox.owe(text(1), text(2))

    async with outbox.at_work() as worker:
        await outbox.until(lambda: len(outbox.notifier.tried) == 1)
        await outbox.settle()
        assert outbox.row(waiting).state is OutgoingState.SENDING
        stopping = asyncio.create_task(worker.stop(timedelta(seconds=5)))
        await outbox.settle()
        assert (outbox.row(waiting).state, outbox.row(waiting).attempts) == (OutgoingState.WAITING, 0)
        outbox.notifier.release(1)
        await stopping
        await outbox.owe(text(3))
        await outbox.settle()

    assert outbox.row(sending).state is OutgoingState.SENT
    assert outbox.notifier.texts(3) == []


async def test_sending_stopped_at_the_deadline_what_hangs_is_due_again_and_counts(outbox: Outbox) -> None:
    outbox.notifier.hang(1)
    (key,) = await outbox.owe(text(1))

    async with outbox.at_work() as worker:
        await outbox.until(lambda: len(outbox.notifier.tried) == 1)
        await worker.stop(timedelta())

    row = outbox.row(key)
    assert (row.state, row.attempts, row.error_message, row.claim) == (OutgoingState.WAITING, 1, STOPPED, None)


async def test_sending_cancelled_without_a_stop_gives_back_what_it_holds(outbox: Outbox) -> None:
    outbox.notifier.hang(1)
    keys = await outbox.owe(text(1), *(text(chat) for chat in range(1_000, 1_060)))

    async with outbox.at_work():
        await outbox.until(lambda: len(outbox.notifier.tried) >= 1)

    assert {outbox.row(key).claim for key in keys} == {None}
    outbox.notifier.release(1)
    async with outbox.at_work():
        await outbox.until(outbox.all_sent(61), advance=SECOND)
    assert len(outbox.notifier.texts(1)) == 1


async def test_sending_worker_that_died_leaves_its_row_to_another_at_the_end_of_the_lease(outbox: Outbox) -> None:
    (key,) = await outbox.owe(text(1))
    now = outbox.clock.now()
    async with outbox.backend.unit_of_work() as work:
        await work.outgoing_messages.claim(BOT, outbox.backend.ids.new(), now, now + timedelta(seconds=30), 1)
        await work.commit()

    async with outbox.at_work():
        for _ in range(29):
            outbox.clock.advance(SECOND)
            await outbox.settle()
        assert outbox.notifier.tried == []
        await outbox.until(outbox.all_sent(1), advance=SECOND)

    assert outbox.row(key).attempts == 2


async def test_sending_row_taken_over_meanwhile_is_not_written(outbox: Outbox) -> None:
    outbox.notifier.hang(1)
    (key,) = await outbox.owe(text(1))

    async with outbox.at_work():
        await outbox.until(lambda: len(outbox.notifier.tried) == 1)
        other = outbox.backend.ids.new()
        outbox.row(key).claim = other
        outbox.notifier.release(1)
        await outbox.settle()

    assert (outbox.row(key).state, outbox.row(key).claim) == (OutgoingState.SENDING, other)


async def test_sending_many_rows_of_many_chats_with_trouble_each_is_sent(outbox: Outbox) -> None:
    chats = [*range(1, 31), *range(-30, 0)]
    await outbox.owe(*(text(chat, f"{number}") for number in range(5) for chat in chats))
    now = outbox.clock.now()
    outbox.notifier.answer(RetryAt(now + timedelta(seconds=4), HeldBack.BOT), Ambiguous("502"), Ambiguous("500"))
    for chat in (3, 5, -8):
        outbox.notifier.answer(RetryAt(now + timedelta(seconds=9), HeldBack.CHAT), Ambiguous("reset"), chat_id=chat)

    async with outbox.at_work(), outbox.at_work(SendingLimits(chats=7)):
        await outbox.until(outbox.all_sent(300), advance=TENTH)

    for chat in chats:
        assert outbox.notifier.texts(chat) == ["0", "1", "2", "3", "4"]


async def test_sending_announcement_for_another_bot_wakes_nobody(outbox: Outbox) -> None:
    worker = outbox.worker()
    worker._hear(OutgoingOwed(BOT + 1))
    assert not worker._doorbell._rung.is_set()
    worker._hear(OutgoingOwed(BOT))
    assert worker._doorbell._rung.is_set()
