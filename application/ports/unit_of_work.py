"""One transaction over all repositories."""

from collections.abc import Callable
from types import TracebackType
from typing import Protocol, Self

from application.ports.audit import AuditTrail
from application.ports.chat import (
    ChatMessageRepository,
    ChatSessionRepository,
    IdempotencyKeys,
    ReplyQueue,
)
from application.ports.guides import GuideRepository, PassageRepository, SavedGuideRepository
from application.ports.identity import MemberRepository, OneTimeTokenRepository, SignInRepository
from application.ports.linking import LinkRequestRepository, MemberMerging, UsedProofs
from application.ports.mailing import MailQueue
from application.ports.realtime import Announcement


class UnitOfWork(Protocol):
    """All or nothing: rolls back unless `commit` was reached.

    Events recorded on saved aggregates are written into the logs of their channels in the same transaction, and
    announced on the bus after it. What else was handed to `announce` follows them; a rollback drops both.
    It ends with its commit: used after that, or outside of `async with`, it raises `RuntimeError`.
    Nothing that waits for the network belongs inside.
    """

    @property
    def members(self) -> MemberRepository: ...

    @property
    def sign_ins(self) -> SignInRepository: ...

    @property
    def one_time_tokens(self) -> OneTimeTokenRepository: ...

    @property
    def link_requests(self) -> LinkRequestRepository: ...

    @property
    def used_proofs(self) -> UsedProofs: ...

    @property
    def merging(self) -> MemberMerging: ...

    @property
    def mail_queue(self) -> MailQueue: ...

    @property
    def audit(self) -> AuditTrail: ...

    @property
    def guides(self) -> GuideRepository: ...

    @property
    def saved_guides(self) -> SavedGuideRepository: ...

    @property
    def passages(self) -> PassageRepository: ...

    @property
    def chat_sessions(self) -> ChatSessionRepository: ...

    @property
    def chat_messages(self) -> ChatMessageRepository: ...

    @property
    def reply_queue(self) -> ReplyQueue: ...

    @property
    def idempotency_keys(self) -> IdempotencyKeys: ...

    def announce(self, announcement: Announcement) -> None:
        """Publish on the bus after the commit."""
        ...

    async def commit(self) -> None:
        """Make it so. Raises `Conflict` when another transaction was there first."""
        ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


UnitOfWorkFactory = Callable[[], UnitOfWork]
