"""One transaction over the store."""

from types import TracebackType
from typing import Self

from adapters.memory.audit import InMemoryAuditTrail
from adapters.memory.bot import (
    InMemoryAnswerRepository,
    InMemoryCommandRepository,
    InMemoryConversationRepository,
)
from adapters.memory.chat_repositories import (
    InMemoryChatMessageRepository,
    InMemoryChatSessionRepository,
    InMemoryIdempotencyKeys,
)
from adapters.memory.event_log import append_events
from adapters.memory.guide_repositories import (
    InMemoryGuideRepository,
    InMemoryPassageRepository,
    InMemorySavedGuideRepository,
)
from adapters.memory.identity_repositories import InMemoryOneTimeTokenRepository, InMemorySignInRepository
from adapters.memory.linking import InMemoryLinkRequestRepository, InMemoryUsedProofs
from adapters.memory.mail_queue import InMemoryMailQueue
from adapters.memory.members import InMemoryMemberRepository
from adapters.memory.merging import InMemoryMemberMerging
from adapters.memory.outgoing import InMemoryOutgoingRepository
from adapters.memory.reply_queue import InMemoryReplyQueue
from adapters.memory.store import MemoryStore
from adapters.memory.telegram_updates import InMemoryUpdateRepository
from adapters.memory.transaction import Transaction
from application.ports.audit import AuditMetrics
from application.ports.realtime import Announcement, Bus, lasting
from application.ports.system import Clock
from application.ports.unit_of_work import UnitOfWork


class InMemoryUnitOfWork(UnitOfWork):
    """Stages every change in copies of the tables and swaps them in at the commit.

    One unit of work is open at a time, as with SQLite's single writer; opening one inside another waits forever.
    Using it outside of `async with`, or after its commit, raises `RuntimeError`. Lost lines of the audit trail are
    counted by `metrics`, where there are any.
    """

    def __init__(self, store: MemoryStore, bus: Bus, clock: Clock, metrics: AuditMetrics | None = None) -> None:
        self._store = store
        self._bus = bus
        self._clock = clock
        self._metrics = metrics
        self._transaction: Transaction | None = None
        self._announcements: list[Announcement] = []

    @property
    def members(self) -> InMemoryMemberRepository:
        return InMemoryMemberRepository(self._open())

    @property
    def sign_ins(self) -> InMemorySignInRepository:
        return InMemorySignInRepository(self._open())

    @property
    def one_time_tokens(self) -> InMemoryOneTimeTokenRepository:
        return InMemoryOneTimeTokenRepository(self._open())

    @property
    def merging(self) -> InMemoryMemberMerging:
        return InMemoryMemberMerging(self._open())

    @property
    def link_requests(self) -> InMemoryLinkRequestRepository:
        return InMemoryLinkRequestRepository(self._open())

    @property
    def used_proofs(self) -> InMemoryUsedProofs:
        return InMemoryUsedProofs(self._open())

    @property
    def mail_queue(self) -> InMemoryMailQueue:
        return InMemoryMailQueue(self._open())

    @property
    def audit(self) -> InMemoryAuditTrail:
        return InMemoryAuditTrail(self._open(), self._metrics)

    @property
    def guides(self) -> InMemoryGuideRepository:
        return InMemoryGuideRepository(self._open())

    @property
    def saved_guides(self) -> InMemorySavedGuideRepository:
        return InMemorySavedGuideRepository(self._open())

    @property
    def passages(self) -> InMemoryPassageRepository:
        return InMemoryPassageRepository(self._open())

    @property
    def chat_sessions(self) -> InMemoryChatSessionRepository:
        return InMemoryChatSessionRepository(self._open())

    @property
    def chat_messages(self) -> InMemoryChatMessageRepository:
        return InMemoryChatMessageRepository(self._open())

    @property
    def reply_queue(self) -> InMemoryReplyQueue:
        return InMemoryReplyQueue(self._open())

    @property
    def idempotency_keys(self) -> InMemoryIdempotencyKeys:
        return InMemoryIdempotencyKeys(self._open())

    @property
    def telegram_updates(self) -> InMemoryUpdateRepository:
        return InMemoryUpdateRepository(self._open())

    @property
    def outgoing_messages(self) -> InMemoryOutgoingRepository:
        return InMemoryOutgoingRepository(self._open())

    @property
    def telegram_answers(self) -> InMemoryAnswerRepository:
        return InMemoryAnswerRepository(self._open())

    @property
    def telegram_commands(self) -> InMemoryCommandRepository:
        return InMemoryCommandRepository(self._open())

    @property
    def telegram_conversations(self) -> InMemoryConversationRepository:
        return InMemoryConversationRepository(self._open())

    def announce(self, announcement: Announcement) -> None:
        self._open().events.extend(lasting(announcement))
        self._announcements.append(announcement)

    async def commit(self) -> None:
        transaction = self._open()
        logged = append_events(self._store, transaction.events, self._clock.now(), transaction.ended)
        self._store.tables = transaction.tables
        announcements = [*logged, *self._announcements]
        self._end()
        for announcement in announcements:
            self._bus.publish(announcement)

    async def __aenter__(self) -> Self:
        await self._store.lock.acquire()
        self._transaction = Transaction(self._store.tables.copy())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def _open(self) -> Transaction:
        if self._transaction is None:
            raise RuntimeError("The unit of work is not open; use it inside `async with`, before its commit.")
        return self._transaction

    def _end(self) -> None:
        if self._transaction is not None:
            self._transaction.close()
            self._transaction = None
            self._announcements.clear()
            self._store.lock.release()
