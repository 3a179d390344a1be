"""A bot that sends in memory."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

from adapters.memory import MemoryStore
from adapters.memory.notifier import InMemoryNotifier
from adapters.memory.pacer import InMemoryPacer
from application.identity.telegram_accounts import TelegramAccounts
from application.ports.observability import TelegramMetrics
from application.ports.realtime import OutgoingOwed
from application.telegram.sending import OutgoingWorker, SendingLimits
from domain.telegram import Outgoing, OutgoingId, OutgoingMessage, OutgoingState, Priority, RichText, SendText
from tests.support.backend import Backend, memory_backend

BOT = 99


class Counts(TelegramMetrics):
    """Remembers what was counted."""

    def __init__(self) -> None:
        self.sent: Counter[str] = Counter()

    def message_sent(self, outcome: str) -> None:
        self.sent[outcome] += 1


class Outbox:
    """Rows to send, what sends them, and what was said."""

    def __init__(self) -> None:
        self.backend: Backend = memory_backend()
        self.store: MemoryStore = self.backend.unit_of_work()._store  # type: ignore[attr-defined]
        self.clock = self.backend.clock
        self.notifier, self.metrics = InMemoryNotifier(), Counts()
        self.pacer = InMemoryPacer(self.clock)
        self.accounts = TelegramAccounts(
            self.backend.unit_of_work, self.backend.members, self.backend.clock, self.backend.ids
        )

    def worker(self, limits: SendingLimits | None = None) -> OutgoingWorker:
        """Another process's."""
        backend = self.backend
        return OutgoingWorker(
            backend.unit_of_work,
            self.notifier,
            self.pacer,
            self.accounts,
            self.metrics,
            backend.bus,
            backend.clock,
            backend.ids,
            BOT,
            limits,
        )

    async def owe(
        self, *contents: Outgoing, priority: Priority = Priority.REPLY, bot_id: int = BOT
    ) -> list[OutgoingId]:
        """Rows to send, in this order."""
        now = self.clock.now()
        ids = [OutgoingId(self.backend.ids.new()) for _ in contents]
        rows = [OutgoingMessage(key, bot_id, each, priority, now, now) for key, each in zip(ids, contents, strict=True)]
        async with self.backend.unit_of_work() as work:
            await work.outgoing_messages.add(rows)
            work.announce(OutgoingOwed(bot_id))
            await work.commit()
        return ids

    @asynccontextmanager
    async def at_work(self, limits: SendingLimits | None = None) -> AsyncIterator[OutgoingWorker]:
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
        for _ in range(3_000):
            if holds():
                return
            if advance is not None:
                self.clock.advance(advance)
            for _ in range(5):
                await asyncio.sleep(0)
        raise AssertionError(f"It never came to that: {self.states()}, {self.notifier.tried}")

    async def settle(self) -> None:
        """Let everybody do what can be done without time passing."""
        for _ in range(100):
            await asyncio.sleep(0)

    def row(self, key: OutgoingId) -> OutgoingMessage:
        """As it is stored."""
        return self.store.tables.outgoing[key].message

    def states(self) -> Counter[OutgoingState]:
        """How many rows are in each state."""
        return Counter(queued.message.state for queued in self.store.tables.outgoing.values())

    def all_sent(self, count: int) -> Callable[[], bool]:
        """Whether so many rows are sent."""
        return lambda: self.states()[OutgoingState.SENT] == count


def text(chat_id: int, words: str = "Hello") -> SendText:
    """Something to say."""
    return SendText(chat_id=chat_id, text=RichText(words))
