"""Any operations on the inbox and the rows to send give the same answers as in memory: each handled once, in order."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from application.ports.inbox import UpdateRepository
from domain.errors import Conflict
from domain.telegram import (
    AnswerButton,
    InboxUpdate,
    OutgoingMessage,
    OutgoingState,
    Priority,
    RichText,
    SendText,
    UpdateState,
)
from tests.support.backend import Backend, memory_backend
from tests.support.bot import BOT, LEASE, fields_of, new_message, new_update
from tests.support.lockstep import Lockstep

_PICK = st.integers(0, 11)
# A step that stands here several times is taken more often.
_INBOX_STEPS = (
    *("arrive", "arrive", "arrive", "claim", "claim", "claim", "succeed", "succeed"),
    *("fail", "release", "replay", "renew", "wait", "wait", "next"),
)
_OUTGOING_STEPS = (
    *("add", "add", "add", "claim", "claim", "claim", "sent", "sent", "retry", "postpone"),
    *("refuse", "renew", "move", "wait", "wait", "next", "forget"),
)
_INBOX = st.tuples(
    st.sampled_from(_INBOX_STEPS),
    _PICK,
)
_OUTGOING = st.tuples(
    st.sampled_from(_OUTGOING_STEPS),
    _PICK,
)


@pytest.fixture
def lockstep(backend: Backend) -> Lockstep:
    return Lockstep(backend, memory_backend())


class Both:
    """Runs operations on both backends; what is claimed is remembered, so that stale claims are used too."""

    def __init__(self, lockstep: Lockstep) -> None:
        self.lockstep = lockstep
        self.made = 0

    async def apply(self, operation: str, pick: int) -> object:
        if operation == "wait":
            for backend in (self.lockstep.model, self.lockstep.tested):
                backend.clock.advance(timedelta(seconds=pick))
            return None
        self.made += 1
        return await self.lockstep.agree(lambda backend: self.run(backend, operation, pick))

    async def run(self, backend: Backend, operation: str, pick: int) -> object:
        raise NotImplementedError


class Inbox(Both):
    """Three lanes of one bot, and an urgent one."""

    def __init__(self, lockstep: Lockstep) -> None:
        super().__init__(lockstep)
        self.held: dict[object, list[InboxUpdate]] = {backend.bus: [] for backend in (lockstep.model, lockstep.tested)}

    async def run(self, backend: Backend, operation: str, pick: int) -> object:
        now, held = backend.clock.now(), self.held[backend.bus]
        if operation == "arrive":
            lane = ("chat:1", "chat:2", "chat:3", "urgent:1")[pick % 4]
            number = (self.made * 7 + pick) % 50
            return await backend.inbox.commit([new_update(backend, number, lane, is_urgent=lane == "urgent:1")])
        async with backend.unit_of_work() as work:
            updates = work.telegram_updates
            answer: object = None
            if operation == "next":
                answer = await updates.next_due(BOT, now)
            elif operation == "claim":
                lease_until, lanes, per_lane = now + LEASE / 3, 1 + pick % 3, 1 + pick % 2
                found = await updates.claim(BOT, backend.ids.new(), now, lease_until, lanes=lanes, per_lane=per_lane)
                held += found
                answer = [fields_of(update) for update in found]
            elif held:
                answer = await self._work_on(updates, held[pick % len(held)], operation, backend)
            await work.commit()
            return answer

    async def _work_on(
        self, updates: UpdateRepository, update: InboxUpdate, operation: str, backend: Backend
    ) -> object:
        now, claim = backend.clock.now(), update.claim
        assert claim is not None
        stored = await updates.get(update.key)
        if operation == "renew":
            return await updates.renew(claim, now + LEASE)
        if operation == "replay":
            stored.replay(now)
            return await updates.save(stored, None)
        # As whoever holds it sees it, though it may be long lost.
        stored.state, stored.claim, stored.attempts = UpdateState.PROCESSING, claim, max(stored.attempts, 1)
        match operation:
            case "succeed":
                stored.succeed(now, timedelta(milliseconds=5))
            case "fail":
                stored.fail("It broke.", now, timedelta())
            case _:
                stored.release()
        return await updates.save(stored, claim)


@settings(max_examples=25)
@given(operations=st.lists(_INBOX, min_size=10, max_size=60))
async def test_inbox_after_any_operations_answers_as_in_memory(
    lockstep: Lockstep, operations: list[tuple[str, int]]
) -> None:
    inbox = Inbox(lockstep)
    for operation, pick in operations:
        await inbox.apply(operation, pick)
    ends = await lockstep.agree(drained)
    assert isinstance(ends, list)
    assert ends == sorted(ends, key=lambda end: end[0])
    assert await lockstep.agree(lambda backend: inbox.run(backend, "next", 0)) is None
    counts = await lockstep.agree(lambda backend: backend.updates.counts(BOT))
    assert counts[UpdateState.NEW] == counts[UpdateState.PROCESSING] == 0  # type: ignore[index]


async def drained(backend: Backend) -> list[tuple[int, str, int | None]]:
    """Whatever waits is handled, a row of each lane at a time; in each lane in order."""
    ends: list[tuple[int, str, int | None]] = []
    last: dict[str, int] = {}
    turn = 0
    while True:
        turn += 1
        backend.clock.advance(timedelta(minutes=1))
        now = backend.clock.now()
        async with backend.unit_of_work() as work:
            found = await work.telegram_updates.claim(BOT, backend.ids.new(), now, now, lanes=9, per_lane=1)
            for update in found:
                claim = update.claim
                update.succeed(now, timedelta())
                assert await work.telegram_updates.save(update, claim)
                assert update.update_id is not None
                assert last.get(update.lane, -1) < update.update_id
                last[update.lane] = update.update_id
                ends.append((turn, update.lane, update.update_id))
            await work.commit()
        if not found:
            return ends


class Outbox(Both):
    """Three chats of one bot, and answers to buttons."""

    def __init__(self, lockstep: Lockstep) -> None:
        super().__init__(lockstep)
        self.held: dict[object, list[OutgoingMessage]] = {
            backend.bus: [] for backend in (lockstep.model, lockstep.tested)
        }

    async def run(self, backend: Backend, operation: str, pick: int) -> object:
        now, held = backend.clock.now(), self.held[backend.bus]
        async with backend.unit_of_work() as work:
            outgoing = work.outgoing_messages
            answer: object = None
            if operation == "next":
                answer = await outgoing.next_due(BOT, now)
            elif operation == "forget":
                answer = await outgoing.forget(now - LEASE, pick)
            elif operation == "move":
                answer = await outgoing.moved(BOT, pick % 3, (pick + 1) % 3)
            elif operation == "add":
                await outgoing.add([self._message(backend, pick), self._message(backend, pick // 2)])
            elif operation == "claim":
                found = await outgoing.claim(BOT, backend.ids.new(), now, now + LEASE / 3, 1 + pick % 4)
                held += found
                answer = [fields_of(message) for message in found]
            elif held:
                message = held[pick % len(held)]
                claim = message.claim
                answer = await (outgoing.renew(claim, now + LEASE) if operation == "renew" and claim else _none())
                if operation != "renew":
                    answer = claim is not None and await outgoing.save(_ended(message, operation, backend), claim)
            await work.commit()
        return answer

    def _message(self, backend: Backend, pick: int) -> OutgoingMessage:
        content = SendText(chat_id=pick % 3, text=RichText(str(self.made)))
        button = AnswerButton(chat_id=pick % 3, query_id=str(self.made))
        return new_message(backend, button if pick == 5 else content, Priority(pick % len(Priority)))


async def _none() -> None:
    return None


def _ended(message: OutgoingMessage, operation: str, backend: Backend) -> OutgoingMessage:
    now = backend.clock.now()
    if message.state is not OutgoingState.SENDING:
        raise Conflict("It ended before.")
    match operation:
        case "sent":
            message.sent(1, now)
        case "retry":
            message.retry("502", now)
        case "postpone":
            message.postponed(now + timedelta(seconds=5))
        case _:
            message.failed("No.")
    return message


@settings(max_examples=25)
@given(operations=st.lists(_OUTGOING, min_size=10, max_size=60))
async def test_outgoing_rows_after_any_operations_answer_as_in_memory(
    lockstep: Lockstep, operations: list[tuple[str, int]]
) -> None:
    outbox = Outbox(lockstep)
    for operation, pick in operations:
        await outbox.apply(operation, pick)
    await lockstep.agree(emptied)
    assert await lockstep.agree(lambda backend: outbox.run(backend, "next", 0)) is None


async def emptied(backend: Backend) -> list[object]:
    """All that waits, in the order of leaving; nothing is left to the next example."""
    left: list[object] = []
    while True:
        backend.clock.advance(timedelta(hours=1))
        now = backend.clock.now()
        async with backend.unit_of_work() as work:
            found = await work.outgoing_messages.claim(BOT, backend.ids.new(), now, now, 9)
            for message in found:
                claim = message.claim
                message.sent(1, now)
                assert await work.outgoing_messages.save(message, claim)
            await work.outgoing_messages.forget(now + LEASE, 1_000)
            await work.commit()
        if not found:
            return left
        left += [fields_of(message) for message in found]
