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
from application.ports.inbox import UpdateRepository
from application.ports.linking import LinkRequestRepository, MemberMerging, UsedProofs
from application.ports.mailing import MailQueue
from application.ports.realtime import Announcement
from application.ports.sending import OutgoingRepository
from application.ports.telegram import AnswerRepository, CommandRepository, ConversationRepository


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

    @property
    def telegram_updates(self) -> UpdateRepository: ...

    @property
    def outgoing_messages(self) -> OutgoingRepository: ...

    @property
    def telegram_answers(self) -> AnswerRepository: ...

    @property
    def telegram_commands(self) -> CommandRepository: ...

    @property
    def telegram_conversations(self) -> ConversationRepository: ...

    def announce(self, announcement: Announcement) -> None:
        """Publish on the bus after the commit.

        `RightsChanged` of a member is written into the log of `RIGHTS` as well, in the same transaction.
        """
        ...

    async def commit(self) -> None:
        """Make it so. Raises `Conflict` when another transaction was there first."""
        ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


UnitOfWorkFactory = Callable[[], UnitOfWork]
