"""Results of sending, written down together, also when the database is away for a while."""

import asyncio
from datetime import timedelta

import pytest

from application.ports.unit_of_work import UnitOfWork
from application.telegram.committing import MAX_TRIES
from application.telegram.outcomes import OutcomeWriter
from domain.errors import Unavailable
from domain.telegram import OutgoingMessage, OutgoingState
from tests.unit.telegram.outbox import BOT, Outbox, text


class Trouble:
    """Units of work of a database that is away for some of them."""

    def __init__(self, outbox: Outbox) -> None:
        self.outbox = outbox
        self.away = 0
        self.begun = 0

    def __call__(self) -> UnitOfWork:
        self.begun += 1
        if self.away:
            self.away -= 1
            raise Unavailable("the database is away")
        return self.outbox.backend.unit_of_work()


@pytest.fixture
def outbox() -> Outbox:
    return Outbox()


async def held(outbox: Outbox, count: int) -> list[OutgoingMessage]:
    """Rows that are being sent, and now are."""
    await outbox.owe(*(text(chat) for chat in range(1, count + 1)))
    now = outbox.clock.now()
    async with outbox.backend.unit_of_work() as work:
        rows = await work.outgoing_messages.claim(BOT, outbox.backend.ids.new(), now, now + timedelta(minutes=1), count)
        await work.commit()
    return list(rows)


async def write(outbox: Outbox, writer: OutcomeWriter, rows: list[OutgoingMessage]) -> list[bool]:
    claims = [row.claim for row in rows]
    for row in rows:
        row.sent(7, outbox.clock.now())
    writing = [
        asyncio.create_task(writer.write(row, claim))
        for row, claim in zip(rows, claims, strict=True)
        if claim is not None
    ]
    await outbox.until(lambda: all(task.done() for task in writing), advance=timedelta(milliseconds=100))
    return [task.result() for task in writing]


async def test_outcomes_that_come_together_share_a_commit(outbox: Outbox) -> None:
    trouble = Trouble(outbox)
    writer = OutcomeWriter(trouble, outbox.clock, BOT)
    rows = await held(outbox, 30)

    assert await write(outbox, writer, rows) == [True] * 30
    assert outbox.states() == {OutgoingState.SENT: 30}
    assert trouble.begun <= 2


async def test_outcomes_of_a_database_that_is_away_are_written_when_it_is_back(outbox: Outbox) -> None:
    trouble = Trouble(outbox)
    writer = OutcomeWriter(trouble, outbox.clock, BOT)
    rows = await held(outbox, 2)
    trouble.away = 10

    assert await write(outbox, writer, rows) == [True, True]
    assert outbox.states() == {OutgoingState.SENT: 2}


async def test_outcomes_of_a_database_that_stays_away_are_left_to_the_lease(outbox: Outbox) -> None:
    trouble = Trouble(outbox)
    writer = OutcomeWriter(trouble, outbox.clock, BOT)
    rows = await held(outbox, 1)
    trouble.away = MAX_TRIES + 1

    assert await write(outbox, writer, rows) == [False]
    assert outbox.states() == {OutgoingState.SENDING: 1}


async def test_outcomes_one_that_cannot_be_written_keeps_no_later_one_waiting(outbox: Outbox) -> None:
    writer = OutcomeWriter(outbox.backend.unit_of_work, outbox.clock, BOT)
    broken, after = await held(outbox, 2)
    claims = [row.claim for row in (broken, after)]
    key, broken.id = broken.id, []  # type: ignore[assignment]
    assert claims[0] is not None
    writing = asyncio.create_task(writer.write(broken, claims[0]))
    await outbox.settle()

    after.sent(7, outbox.clock.now())
    assert claims[1] is not None
    assert await writer.write(after, claims[1])
    assert not writing.done()
    await outbox.until(writing.done, advance=timedelta(milliseconds=100))
    assert not writing.result()
    assert outbox.row(key).state is OutgoingState.SENDING


async def test_outcomes_one_that_cannot_be_written_takes_no_other_along(outbox: Outbox) -> None:
    writer = OutcomeWriter(outbox.backend.unit_of_work, outbox.clock, BOT)
    rows = await held(outbox, 3)
    rows[1].id = []  # type: ignore[assignment]  # no storage takes such a key

    assert await write(outbox, writer, rows) == [True, False, True]
    assert outbox.states() == {OutgoingState.SENT: 2, OutgoingState.SENDING: 1}
