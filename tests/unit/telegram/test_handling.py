"""The worker over the inbox: in order, once, and one lane's trouble is its own."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from adapters.memory import InMemoryUnitOfWork, MemoryStore
from adapters.memory.telegram_updates import InMemoryUpdateInbox
from adapters.telegram.decoding import MsgspecUpdateDecoder
from application.ports.inbox import Handled, UpdateHandler
from application.ports.observability import TelegramMetrics
from application.ports.telegram import CommandRow
from application.ports.unit_of_work import UnitOfWorkFactory
from application.telegram.handling import EXPIRED, FATAL, HandlingLimits, UpdateWorker
from application.telegram.intake import UpdateIntake
from domain.errors import Unavailable
from domain.identity import Role
from domain.telegram import (
    CALLBACK_LIFETIME,
    MAX_ATTEMPTS,
    MAX_BEGUN,
    ButtonPress,
    InboxUpdate,
    Incoming,
    IncomingMessage,
    Outgoing,
    OutgoingMessage,
    RichText,
    SendText,
    UpdateState,
)
from tests.support.backend import Backend, memory_backend
from tests.support.telegram_updates import ADA, BODIES, message, update

BOT = 99
LIMITS = HandlingLimits(lanes=8, per_lane=4)
Then = Callable[[Incoming], Awaitable[None]]


class Counts(TelegramMetrics):
    """Remembers what was counted."""

    def __init__(self) -> None:
        self.ended: Counter[str] = Counter()
        self.received: Counter[str] = Counter()

    def update_ended(self, status: str, seconds: float) -> None:
        self.ended[status] += 1

    def updates_received(self, status: str, count: int) -> None:
        self.received[status] += count


class Echo(UpdateHandler):
    """Says what it heard, in the order it heard it; what happens before is the test's."""

    def __init__(self) -> None:
        self.heard: list[tuple[int, str]] = []
        self.then: Then | None = None
        self.command = "echo"

    async def handle(self, bot_id: int, incoming: Incoming) -> Handled:
        assert bot_id == BOT
        if self.then is not None:
            await self.then(incoming)
        if isinstance(incoming, ButtonPress):
            self.heard.append((incoming.sender.telegram_id, incoming.data))
            return Handled()
        assert isinstance(incoming, IncomingMessage)
        self.heard.append((incoming.chat.id, incoming.text))
        return Handled(
            [SendText(chat_id=incoming.chat.id, text=RichText(f"echo {incoming.text}"))], command=self.command
        )

    async def apologise(self, incoming: Incoming) -> Sequence[Outgoing]:
        assert isinstance(incoming, IncomingMessage)
        return [SendText(chat_id=incoming.chat.id, text=RichText("sorry"))]


class Place:
    """A bot in memory."""

    def __init__(self) -> None:
        self.backend: Backend = memory_backend()
        self.store: MemoryStore = self.backend.unit_of_work()._store  # type: ignore[attr-defined]
        self.metrics, self.echo, self.decoder = Counts(), Echo(), MsgspecUpdateDecoder()
        inbox = InMemoryUpdateInbox(self.store, self.backend.bus)
        self.unit_of_work: UnitOfWorkFactory = self.backend.unit_of_work
        self.intake = UpdateIntake(inbox, self.decoder, self.backend.clock, self.backend.ids, self.metrics)

    def worker(self, limits: HandlingLimits = LIMITS) -> UpdateWorker:
        """Another process's."""
        backend = self.backend
        return UpdateWorker(
            self.unit_of_work, self.decoder, self.echo, backend.bus, backend.clock, backend.ids, self.metrics, BOT,
            limits,
        )  # fmt: skip

    async def deliver(self, *updates: tuple[int, int, str]) -> None:
        """(update id, chat, text)."""
        await self.intake.receive(BOT, [self.raw(*each) for each in updates])

    @staticmethod
    def raw(update_id: int, chat: int, text: str) -> bytes:
        """A private message as Telegram sends it."""
        sender = {**ADA, "id": chat}
        body = message(text, {"id": chat, "type": "private"}, **{"from": sender})
        return json.dumps(update("message", body, update_id)).encode()

    def rows(self) -> dict[int | None, InboxUpdate]:
        """The inbox by update id."""
        return {row.update_id: row for row in self.store.tables.updates.values()}

    def said(self) -> list[str]:
        """What waits to be sent, oldest first."""
        rows: list[OutgoingMessage] = [queued.message for queued in self.store.tables.outgoing.values()]
        return [row.content.text.text for row in rows if isinstance(row.content, SendText)]

    @asynccontextmanager
    async def at_work(self, limits: HandlingLimits = LIMITS) -> AsyncIterator[UpdateWorker]:
        """While a worker runs."""
        worker = self.worker(limits)
        task = asyncio.create_task(worker.run())
        try:
            yield worker
        finally:
            task.cancel()
            await asyncio.wait({task})

    async def until(self, holds: Callable[[], bool], *, advance: timedelta | None = None) -> None:
        """Let the worker go on until it holds; time stands still unless it is to pass."""
        for _ in range(2_000):
            if holds():
                return
            if advance is not None:
                self.backend.clock.advance(advance)
            await asyncio.sleep(0)
        raise AssertionError(f"It never came to that: {self.rows()}")

    def states(self) -> Counter[UpdateState]:
        """How many are in each state."""
        return Counter(row.state for row in self.rows().values())


@pytest.fixture
def place() -> Place:
    """A bot without updates."""
    return Place()


def all_succeeded(place: Place, count: int) -> Callable[[], bool]:
    """Whether so many are handled."""
    return lambda: place.states()[UpdateState.SUCCESS] == count


async def test_worker_handles_each_update_once_in_its_lanes_order_and_commits_what_is_said(place: Place) -> None:
    await place.deliver((3, 1, "c"), (1, 1, "a"), (2, 2, "x"), (1, 1, "a"), (4, 1, "d"))
    await place.deliver((2, 2, "x"))

    async with place.at_work():
        await place.until(all_succeeded(place, 4))

    assert [text for chat, text in place.echo.heard if chat == 1] == ["a", "c", "d"]
    assert [text for chat, text in place.echo.heard if chat == 2] == ["x"]
    assert sorted(place.said()) == ["echo a", "echo c", "echo d", "echo x"]
    assert place.metrics.received == {"received": 4, "duplicate": 2}
    assert place.metrics.ended == {"success": 4}


async def test_worker_says_what_is_too_long_in_several_messages(place: Place) -> None:
    await place.deliver((1, 1, "word " * 1_500))

    async with place.at_work():
        await place.until(all_succeeded(place, 1))

    assert [len(said) <= 4_096 for said in place.said()] == [True, True]
    assert " ".join(place.said()).split() == ["echo", *["word"] * 1_500]


async def test_worker_is_woken_by_what_arrives(place: Place) -> None:
    async with place.at_work():
        await place.until(lambda: place.backend.clock.sleepers >= 2)
        await place.deliver((1, 1, "a"))
        await place.until(all_succeeded(place, 1))
    assert place.said() == ["echo a"]


async def test_worker_with_a_handler_that_hangs_holds_its_own_lane_only(place: Place) -> None:
    async def hang(incoming: Incoming) -> None:
        if isinstance(incoming, IncomingMessage) and incoming.text == "hang":
            await asyncio.Event().wait()

    place.echo.then = hang
    await place.deliver((1, 1, "hang"), (2, 1, "after"), (3, 2, "x"), (4, 3, "y"))

    async with place.at_work():
        await place.until(all_succeeded(place, 2))
        assert place.rows()[2].state is not UpdateState.SUCCESS
        await place.until(
            lambda: place.states() == {UpdateState.SUCCESS: 3, UpdateState.ERROR: 1}, advance=timedelta(seconds=1)
        )

    row = place.rows()[1]
    assert row.attempts == MAX_ATTEMPTS
    assert "longer than 30 s" in (row.error_message or "")
    assert place.said()[-2:] == ["sorry", "echo after"]


async def test_worker_retries_what_fails_and_keeps_the_order(place: Place) -> None:
    failures = iter([Unavailable("The database is away."), RuntimeError("broken")])

    async def fail_twice(incoming: Incoming) -> None:
        if isinstance(incoming, IncomingMessage) and incoming.text == "a" and (error := next(failures, None)):
            raise error

    place.echo.then = fail_twice
    await place.deliver((1, 1, "a"), (2, 1, "b"))

    async with place.at_work():
        await place.until(all_succeeded(place, 2), advance=timedelta(milliseconds=100))

    assert place.echo.heard == [(1, "a"), (1, "b")]
    assert place.said() == ["echo a", "echo b"]
    assert place.rows()[1].attempts == 3
    assert place.metrics.ended == {"retry": 2, "success": 2}


async def test_worker_gives_up_with_one_apology_keeps_the_error_and_goes_on(place: Place) -> None:
    async def fail(incoming: Incoming) -> None:
        if isinstance(incoming, IncomingMessage) and incoming.text == "bad":
            raise RuntimeError("no such thing")

    place.echo.then = fail
    await place.deliver((1, 1, "bad"), (2, 1, "good"))

    async with place.at_work():
        await place.until(lambda: place.rows()[2].state is UpdateState.SUCCESS, advance=timedelta(milliseconds=100))

    row = place.rows()[1]
    assert (row.state, row.error_message) == (UpdateState.ERROR, "RuntimeError: no such thing")
    assert place.said() == ["sorry", "echo good"]


async def test_worker_commits_what_many_lanes_come_to_together(place: Place) -> None:
    commits = 0

    class Counted(InMemoryUnitOfWork):
        async def commit(self) -> None:
            nonlocal commits
            commits += 1
            await super().commit()

    place.unit_of_work = lambda: Counted(place.store, place.backend.bus, place.backend.clock)
    await place.deliver(*((number, number % 60, f"{number}") for number in range(180)))

    async with place.at_work(HandlingLimits(lanes=60)):
        await place.until(all_succeeded(place, 180))

    assert len(place.said()) == 180
    assert commits <= 20


async def test_worker_whose_outcome_cannot_be_kept_gives_up_and_takes_no_other_along(place: Place) -> None:
    async def say_what_cannot_be_kept(incoming: Incoming) -> None:
        if isinstance(incoming, IncomingMessage) and incoming.text == "bad":
            place.echo.command = ["no", "name"]  # type: ignore[assignment]  # no storage takes it
        else:
            place.echo.command = "echo"

    place.echo.then = say_what_cannot_be_kept
    await place.deliver((1, 1, "bad"), (2, 1, "after"), *((number, number, "good") for number in range(3, 9)))

    async with place.at_work():
        await place.until(all_succeeded(place, 6), advance=timedelta(milliseconds=1))
        assert place.states() == {UpdateState.SUCCESS: 6, UpdateState.PROCESSING: 2}
        await place.until(all_succeeded(place, 7), advance=timedelta(milliseconds=100))

    row = place.rows()[1]
    assert (row.state, row.attempts) == (UpdateState.ERROR, MAX_ATTEMPTS)
    assert (row.error_message or "").startswith("TypeError")
    assert sorted(place.said()) == ["echo after", *["echo good"] * 6, "sorry"]


async def test_worker_keeps_what_cannot_be_read_as_an_error(place: Place) -> None:
    await place.intake.receive(BOT, [b'{"update_id": 5, "message": {"chat": 7}}', b"junk"])

    async with place.at_work():
        await place.until(lambda: place.states()[UpdateState.ERROR] == 2)

    assert (place.rows()[5].error_message or "").startswith("It could not be read.")
    assert place.metrics.received == {"received": 1, "malformed": 1}


async def test_worker_lets_a_button_expire_whose_answer_nobody_waits_for(place: Place) -> None:
    raw = json.dumps(update("callback_query", BODIES["callback_query"], 1)).encode()
    await place.intake.receive(BOT, [raw])
    place.backend.clock.advance(CALLBACK_LIFETIME)

    async with place.at_work():
        await place.until(lambda: place.rows()[1].state is UpdateState.ERROR)

    assert place.rows()[1].error_message == EXPIRED
    assert place.echo.heard == []


async def test_worker_answers_a_button_ahead_of_its_chat(place: Place) -> None:
    raw = json.dumps(update("callback_query", BODIES["callback_query"], 9)).encode()
    await place.deliver((1, 501, "slow"))
    await place.intake.receive(BOT, [raw])

    async with place.at_work(HandlingLimits(lanes=1, per_lane=1)):
        await place.until(all_succeeded(place, 2), advance=timedelta(milliseconds=10))

    assert place.echo.heard == [(501, "1:guides"), (501, "slow")]


async def test_worker_that_dies_leaves_its_work_to_the_next_one(place: Place) -> None:
    stuck = asyncio.Event()

    async def hang(incoming: Incoming) -> None:
        if not stuck.is_set():
            stuck.set()
            await asyncio.Event().wait()

    place.echo.then = hang
    await place.deliver((1, 1, "a"), (2, 1, "b"))
    async with place.backend.unit_of_work() as work:
        now = place.backend.clock.now()
        dead = place.backend.ids.new()
        await work.telegram_updates.claim(BOT, dead, now, now + LIMITS.lease, lanes=8, per_lane=8)
        await work.commit()
    stuck.set()

    async with place.at_work():
        await place.until(all_succeeded(place, 2), advance=timedelta(milliseconds=500))

    assert place.echo.heard == [(1, "a"), (1, "b")]


async def die_with_all(place: Place, times: int) -> None:
    """So many processes take all that waits and end without a word."""
    backend = place.backend
    for _ in range(times):
        now = backend.clock.now()
        async with backend.unit_of_work() as work:
            await work.telegram_updates.claim(BOT, backend.ids.new(), now, now + LIMITS.lease, lanes=8, per_lane=8)
            await work.commit()
        backend.clock.advance(LIMITS.lease)


async def test_worker_takes_processes_that_died_for_no_failures_of_what_they_held(place: Place) -> None:
    failures = {"a": 1, "b": 1}

    async def fail_once(incoming: Incoming) -> None:
        if isinstance(incoming, IncomingMessage) and failures[incoming.text]:
            failures[incoming.text] -= 1
            raise Unavailable("The database is away.")

    place.echo.then = fail_once
    await place.deliver((1, 1, "a"), (2, 1, "b"))
    await die_with_all(place, MAX_ATTEMPTS)

    async with place.at_work():
        await place.until(all_succeeded(place, 2), advance=timedelta(milliseconds=100))

    assert place.said() == ["echo a", "echo b"]
    assert [row.attempts for row in place.rows().values()] == [2, 2]


async def test_worker_gives_up_unread_what_no_process_outlives_and_nothing_else(place: Place) -> None:
    await place.deliver((1, 1, "fatal"), (2, 1, "b"), (3, 1, "c"))
    await die_with_all(place, MAX_BEGUN)

    async with place.at_work():
        await place.until(all_succeeded(place, 2))

    row = place.rows()[1]
    assert (row.state, row.error_message, row.attempts) == (UpdateState.ERROR, FATAL, MAX_BEGUN + 1)
    assert place.echo.heard == [(1, "b"), (1, "c")]
    assert place.metrics.ended == {"error": 1, "success": 2}


@pytest.mark.parametrize("at", ["a", "b"])
async def test_worker_that_is_stopped_gives_back_what_it_has_not_ended(place: Place, at: str) -> None:
    began = asyncio.Event()

    async def hang(incoming: Incoming) -> None:
        if isinstance(incoming, IncomingMessage) and incoming.text == at:
            began.set()
            await asyncio.Event().wait()

    place.echo.then = hang
    await place.deliver((1, 1, "a"), (2, 1, "b"), (3, 1, "c"))

    async with place.at_work() as worker:
        await place.until(began.is_set)
        await worker.stop(timedelta(0))

    given_back = [row for row in place.rows().values() if row.state is UpdateState.NEW]
    assert len(given_back) == {"a": 3, "b": 2}[at]
    assert {row.attempts for row in given_back} == {0}


async def test_worker_keeps_its_leases_while_a_handler_takes_its_time(place: Place) -> None:
    async def slow(incoming: Incoming) -> None:
        if isinstance(incoming, IncomingMessage) and incoming.text == "slow":
            await place.backend.clock.sleep(20)

    place.echo.then = slow
    await place.deliver((1, 1, "slow"))

    async with place.at_work(), place.at_work():
        await place.until(all_succeeded(place, 1), advance=timedelta(milliseconds=500))

    assert place.echo.heard == [(1, "slow")]
    assert place.rows()[1].attempts == 1


async def test_worker_counts_a_command_once(place: Place) -> None:
    echo = CommandRow("echo", "Says it again.", "fun", Role.PUBLIC)
    async with place.backend.unit_of_work() as work:
        await work.telegram_commands.mirror([echo])
        await work.commit()
    await place.deliver((1, 1, "a"), (1, 1, "a"), (2, 1, "b"))

    async with place.at_work():
        await place.until(all_succeeded(place, 2))

    async with place.backend.unit_of_work() as work:
        assert await work.telegram_commands.all() == [replace(echo, usage_count=2)]


async def test_worker_of_another_bot_leaves_updates_alone(place: Place) -> None:
    await place.intake.receive(7, [place.raw(1, 1, "a")])
    async with place.at_work():
        await place.until(lambda: place.backend.clock.sleepers >= 2)
    assert place.states() == {UpdateState.NEW: 1}
