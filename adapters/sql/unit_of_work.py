"""All repositories over one transaction."""

from collections.abc import Sequence
from functools import cached_property
from types import TracebackType
from typing import Self

from adapters.sql.audit import SqlAuditTrail
from adapters.sql.bot import SqlAnswerRepository, SqlCommandRepository, SqlConversationRepository
from adapters.sql.chat_messages import SqlChatMessageRepository
from adapters.sql.chat_sessions import SqlChatSessionRepository
from adapters.sql.database import Database
from adapters.sql.errors import translated
from adapters.sql.event_log import append_events
from adapters.sql.finishing import to_its_end
from adapters.sql.guides import SqlGuideRepository
from adapters.sql.idempotency import SqlIdempotencyKeys
from adapters.sql.identity import SqlMemberRepository
from adapters.sql.linking import SqlLinkRequestRepository, SqlUsedProofs
from adapters.sql.mail_queue import SqlMailQueue
from adapters.sql.merging import SqlMemberMerging
from adapters.sql.outgoing import SqlOutgoingRepository
from adapters.sql.passages import SqlPassageRepository
from adapters.sql.replies import SqlReplyQueue
from adapters.sql.saved_guides import SqlSavedGuideRepository
from adapters.sql.sign_ins import SqlOneTimeTokenRepository, SqlSignInRepository
from adapters.sql.telegram_updates import SqlUpdateRepository
from adapters.sql.transaction import Transaction
from application.ports.audit import AuditMetrics
from application.ports.realtime import Announcement, Bus, lasting
from application.ports.system import Clock
from application.ports.unit_of_work import UnitOfWork


class SqlUnitOfWork(UnitOfWork):
    """One transaction on the writer: on SQLite one at a time, on PostgreSQL with the rows it loads locked.

    Events of saved aggregates are written when the commit begins, so that the channels' rows are locked briefly.
    Lost lines of the audit trail are counted by `metrics`, where there are any.
    """

    def __init__(self, database: Database, bus: Bus, clock: Clock, metrics: AuditMetrics | None = None) -> None:
        self._database = database
        self._bus = bus
        self._clock = clock
        self._metrics = metrics
        self._announcements: list[Announcement] = []
        self._transaction: Transaction | None = None

    async def __aenter__(self) -> Self:
        with translated():
            connection = await self._database.write()
        self._transaction = Transaction(connection, is_sqlite=self._database.is_sqlite)
        try:
            await self._transaction.begin()
        except BaseException:
            await self._end()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._transaction is not None:
            await self._end()

    def announce(self, announcement: Announcement) -> None:
        self._require_open().events.extend(lasting(announcement))
        self._announcements.append(announcement)

    async def commit(self) -> None:
        transaction = self._require_open()
        logged = await append_events(transaction, self._clock.now())
        # What is committed is announced, also when whoever asked for it is cancelled meanwhile.
        await to_its_end(self._finish(transaction, [*logged, *self._announcements]))

    async def _finish(self, transaction: Transaction, announcements: Sequence[Announcement]) -> None:
        await transaction.commit()
        try:
            await self._end()
        finally:
            for announcement in announcements:
                self._bus.publish(announcement)

    async def _end(self) -> None:
        transaction, self._transaction = self._require_open(), None
        self._announcements.clear()
        for name in _REPOSITORIES:
            self.__dict__.pop(name, None)
        await transaction.close()

    def _require_open(self) -> Transaction:
        if self._transaction is None:
            raise RuntimeError("The unit of work is not open; use it inside `async with`, before its commit.")
        return self._transaction

    @cached_property
    def members(self) -> SqlMemberRepository:
        return SqlMemberRepository(self._require_open())

    @cached_property
    def sign_ins(self) -> SqlSignInRepository:
        return SqlSignInRepository(self._require_open())

    @cached_property
    def one_time_tokens(self) -> SqlOneTimeTokenRepository:
        return SqlOneTimeTokenRepository(self._require_open())

    @cached_property
    def merging(self) -> SqlMemberMerging:
        return SqlMemberMerging(self._require_open())

    @cached_property
    def link_requests(self) -> SqlLinkRequestRepository:
        return SqlLinkRequestRepository(self._require_open())

    @cached_property
    def used_proofs(self) -> SqlUsedProofs:
        return SqlUsedProofs(self._require_open())

    @cached_property
    def mail_queue(self) -> SqlMailQueue:
        return SqlMailQueue(self._require_open())

    @cached_property
    def audit(self) -> SqlAuditTrail:
        return SqlAuditTrail(self._require_open(), self._metrics)

    @cached_property
    def guides(self) -> SqlGuideRepository:
        return SqlGuideRepository(self._require_open())

    @cached_property
    def saved_guides(self) -> SqlSavedGuideRepository:
        return SqlSavedGuideRepository(self._require_open())

    @cached_property
    def passages(self) -> SqlPassageRepository:
        return SqlPassageRepository(self._require_open())

    @cached_property
    def chat_sessions(self) -> SqlChatSessionRepository:
        return SqlChatSessionRepository(self._require_open())

    @cached_property
    def chat_messages(self) -> SqlChatMessageRepository:
        return SqlChatMessageRepository(self._require_open())

    @cached_property
    def reply_queue(self) -> SqlReplyQueue:
        return SqlReplyQueue(self._require_open())

    @cached_property
    def idempotency_keys(self) -> SqlIdempotencyKeys:
        return SqlIdempotencyKeys(self._require_open())

    @cached_property
    def telegram_updates(self) -> SqlUpdateRepository:
        return SqlUpdateRepository(self._require_open())

    @cached_property
    def outgoing_messages(self) -> SqlOutgoingRepository:
        return SqlOutgoingRepository(self._require_open())

    @cached_property
    def telegram_answers(self) -> SqlAnswerRepository:
        return SqlAnswerRepository(self._require_open())

    @cached_property
    def telegram_commands(self) -> SqlCommandRepository:
        return SqlCommandRepository(self._require_open())

    @cached_property
    def telegram_conversations(self) -> SqlConversationRepository:
        return SqlConversationRepository(self._require_open())


_REPOSITORIES = tuple(name for name, value in vars(SqlUnitOfWork).items() if isinstance(value, cached_property))
