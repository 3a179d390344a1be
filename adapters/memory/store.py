"""The tables and logs that all units of work and queries over one store share."""

import asyncio
from dataclasses import dataclass, field, fields
from datetime import datetime
from uuid import UUID

from application.ports.chat import ReplyJob
from application.ports.embedding import Embedding
from application.ports.guides import IndexedPassage, PassageKey
from application.ports.realtime import LoggedEvent
from application.ports.telegram import CommandRow
from domain.chat import ChatMessage, ChatMessageId, ChatSession, ChatSessionId
from domain.events import Channel
from domain.guides import Guide, GuideId, SavedGuide
from domain.identity import (
    AuditEntry,
    AuditEntryId,
    LinkRequest,
    LinkRequestId,
    MailJob,
    MailJobId,
    Member,
    MemberId,
    OneTimeToken,
    OneTimeTokenId,
    Role,
    SignIn,
    SignInId,
)
from domain.telegram import AnswerId, ChatAnswer, InboxUpdate, OutgoingId, OutgoingMessage, UpdateKey


@dataclass(frozen=True, slots=True)
class QueuedReply:
    """A row of the reply queue; `place` orders the rows."""

    job: ReplyJob
    place: int
    claim: UUID | None = None
    lease_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """A row of the idempotency keys."""

    fingerprint: str
    message_id: ChatMessageId
    created_at: datetime


@dataclass(frozen=True, slots=True)
class QueuedMessage:
    """A row to send; `position` orders the rows."""

    message: OutgoingMessage
    position: int


@dataclass(slots=True)
class Tables:
    """Rows by key. A row is never changed in place, so a shallow copy of the tables is a snapshot."""

    members: dict[MemberId, Member] = field(default_factory=dict)
    roles: dict[MemberId, Role] = field(default_factory=dict)
    sign_ins: dict[SignInId, SignIn] = field(default_factory=dict)
    one_time_tokens: dict[OneTimeTokenId, OneTimeToken] = field(default_factory=dict)
    link_requests: dict[LinkRequestId, LinkRequest] = field(default_factory=dict)
    used_proofs: dict[str, datetime] = field(default_factory=dict)
    mail_jobs: dict[MailJobId, MailJob] = field(default_factory=dict)
    audit: dict[AuditEntryId, AuditEntry] = field(default_factory=dict)
    guides: dict[GuideId, Guide] = field(default_factory=dict)
    saved_guides: dict[tuple[MemberId, GuideId], SavedGuide] = field(default_factory=dict)
    passages: dict[GuideId, tuple[IndexedPassage, ...]] = field(default_factory=dict)
    vectors: dict[PassageKey, tuple[str, Embedding]] = field(default_factory=dict)
    chat_sessions: dict[ChatSessionId, ChatSession] = field(default_factory=dict)
    chat_messages: dict[ChatMessageId, ChatMessage] = field(default_factory=dict)
    replies: dict[ChatMessageId, QueuedReply] = field(default_factory=dict)
    idempotency_keys: dict[tuple[MemberId, str], KeptAnswer] = field(default_factory=dict)
    updates: dict[UpdateKey, InboxUpdate] = field(default_factory=dict)
    update_places: dict[tuple[int, int | None], UpdateKey] = field(default_factory=dict)
    outgoing: dict[OutgoingId, QueuedMessage] = field(default_factory=dict)
    outgoing_position: dict[int, int] = field(default_factory=dict)
    answers: dict[AnswerId, ChatAnswer] = field(default_factory=dict)
    commands: dict[str, CommandRow] = field(default_factory=dict)
    conversations: dict[int, ChatSessionId] = field(default_factory=dict)

    def copy(self) -> "Tables":
        """The same rows in tables of their own."""
        return Tables(**{table.name: dict(getattr(self, table.name)) for table in fields(self)})


@dataclass(slots=True)
class ChannelLog:
    """What is kept of a channel's log; `last` stays when events are forgotten."""

    last: int = 0
    events: list[LoggedEvent] = field(default_factory=list)


class MemoryStore:
    """A database in memory. `lock` admits one unit of work at a time; queries read what was committed last."""

    def __init__(self, epoch: str = "memory") -> None:
        self.epoch = epoch
        self.tables = Tables()
        self.logs: dict[Channel, ChannelLog] = {}
        self.lock = asyncio.Lock()
