"""Chat sessions, their messages, and the life of a reply."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, NewType
from uuid import UUID

from domain.errors import Checks, Conflict, StaleVersion
from domain.events import Channel, Event, Recorder, session_channel, user_channel
from domain.identity import MemberId

ChatSessionId = NewType("ChatSessionId", UUID)
ChatMessageId = NewType("ChatMessageId", UUID)

MAX_TITLE = 500
MAX_MODEL = 100
MAX_CONTENT = 10_000
MAX_SYSTEM_PROMPT = 8_000
MAX_TOKENS = 8_192

_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


class LLMProvider(StrEnum):
    """Where the answers of a session come from."""

    LOCAL = "LOCAL"
    OPENROUTER = "OPENROUTER"


class MessageRole(StrEnum):
    """Who speaks in a message."""

    USER = "user"
    ASSISTANT = "assistant"
    SYSTEM = "system"


class MessageStatus(StrEnum):
    """Where a message stands. A reply that waits its turn is `streaming` while `is_streaming` is still false."""

    COMPLETE = "complete"
    STREAMING = "streaming"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"


TRANSITIONS: Mapping[MessageStatus, frozenset[MessageStatus]] = {
    MessageStatus.STREAMING: frozenset(
        {MessageStatus.COMPLETE, MessageStatus.FAILED, MessageStatus.CANCELLED, MessageStatus.INTERRUPTED}
    ),
    MessageStatus.COMPLETE: frozenset({MessageStatus.STREAMING}),
    MessageStatus.FAILED: frozenset({MessageStatus.STREAMING}),
    MessageStatus.CANCELLED: frozenset({MessageStatus.STREAMING}),
    MessageStatus.INTERRUPTED: frozenset({MessageStatus.STREAMING}),
}


@dataclass(frozen=True, slots=True)
class Citation:
    """A passage that a reply used: `number` is its mark in the text, `line` where it starts in the guide's body."""

    number: int
    guide_id: UUID
    guide_title: str
    heading: str
    line: int
    quote: str


@dataclass(frozen=True, slots=True)
class SessionSettings:
    """How the model is asked. `temperature` is 0 to 2, `max_tokens` 1 to 8192; `grounding` adds passages of guides."""

    system_prompt: str = ""
    temperature: float = 0.7
    max_tokens: int = 2_048
    grounding: bool = True

    def check(self) -> None:
        """Raise `Invalid` that names each setting out of range."""
        checks = Checks()
        checks.require(
            len(self.system_prompt) <= MAX_SYSTEM_PROMPT and not _UNPRINTABLE.search(self.system_prompt),
            "settings.system_prompt",
            f"expected at most {MAX_SYSTEM_PROMPT} characters of text",
        )
        checks.require(0 <= self.temperature <= 2, "settings.temperature", "expected 0 to 2")
        checks.require(1 <= self.max_tokens <= MAX_TOKENS, "settings.max_tokens", f"expected 1 to {MAX_TOKENS}")
        checks.finish()


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageSnapshot:
    """A message as members see it at one version: what is stored, sent and fetched is this."""

    id: ChatMessageId
    session_id: ChatSessionId
    seq: int
    role: MessageRole
    author_id: MemberId | None
    content: str
    llm_provider: LLMProvider | None
    llm_model: str | None
    status: MessageStatus
    is_streaming: bool
    generation: int
    response_time_ms: int | None
    time_to_first_token_ms: int | None
    tokens_used: int
    error_message: str | None
    citations: tuple[Citation, ...]
    version: int
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionSnapshot:
    """A chat session as its participants see it at one version."""

    id: ChatSessionId
    user_id: MemberId
    title: str
    llm_provider: LLMProvider
    llm_model: str
    settings: SessionSettings
    is_active: bool
    participants: tuple[MemberId, ...]
    message_count: int
    version: int
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class _MessageEvent(Event):
    message: MessageSnapshot

    def channels(self) -> tuple[Channel, ...]:
        return (session_channel(self.message.session_id),)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMessage(_MessageEvent):
    """A message was added to a session; a reply to come is announced the same way."""

    type: ClassVar[str] = "new_message"


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageUpdated(_MessageEvent):
    """A message changed: a reply starts to stream, starts again, or was edited."""

    type: ClassVar[str] = "message_updated"


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageCompleted(_MessageEvent):
    """A reply ended, well or not; `status` says how."""

    type: ClassVar[str] = "message_completed"


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionUpdated(Event):
    """A session of the member's was created, changed or deleted; goes to every participant's own channel."""

    type: ClassVar[str] = "session_updated"
    change: str
    session: SessionSnapshot

    def channels(self) -> tuple[Channel, ...]:
        own = tuple(user_channel(member) for member in self.session.participants)
        return own if self.change == "created" else (session_channel(self.session.id), *own)


@dataclass(slots=True, eq=False)
class ChatSession(Recorder):
    """A conversation with the assistant, of its owner and whoever takes part."""

    id: ChatSessionId
    user_id: MemberId
    title: str
    llm_provider: LLMProvider
    llm_model: str
    created_at: datetime
    updated_at: datetime
    settings: SessionSettings = field(default_factory=SessionSettings)
    is_active: bool = True
    participants: tuple[MemberId, ...] = ()
    last_seq: int = 0
    version: int = 1
    _events: list[Event] = field(default_factory=list, repr=False)

    @classmethod
    def start(
        cls,
        session_id: ChatSessionId,
        owner: MemberId,
        now: datetime,
        *,
        title: str | None,
        llm_provider: LLMProvider,
        llm_model: str,
        settings: SessionSettings,
    ) -> "ChatSession":
        """Begin a session; raises `Invalid` that names each field that does not hold."""
        session = cls(
            id=session_id,
            user_id=owner,
            title=(title or "").strip() or f"Chat with {llm_model}",
            llm_provider=llm_provider,
            llm_model=llm_model.strip(),
            created_at=now,
            updated_at=now,
            settings=settings,
            participants=(owner,),
        )
        session._check()
        session.record(SessionUpdated(change="created", session=session.snapshot()))
        return session

    def revise(
        self,
        now: datetime,
        *,
        title: str | None = None,
        llm_provider: LLMProvider | None = None,
        llm_model: str | None = None,
        settings: SessionSettings | None = None,
        is_active: bool | None = None,
        expected_version: int | None = None,
    ) -> None:
        """Change what is given; raises `StaleVersion` on another version than expected, `Invalid` on bad values."""
        if expected_version is not None and expected_version != self.version:
            raise StaleVersion(
                f"The session is at version {self.version}, not {expected_version}; read it again.",
                version=self.version,
            )
        self.title = self.title if title is None else title.strip()
        self.llm_provider = llm_provider or self.llm_provider
        self.llm_model = self.llm_model if llm_model is None else llm_model.strip()
        self.settings = settings or self.settings
        self.is_active = self.is_active if is_active is None else is_active
        self._check()
        self.version += 1
        self.updated_at = now
        self.record(SessionUpdated(change="updated", session=self.snapshot()))

    def delete(self) -> None:
        """Announce that the session is gone, without what stood in it; the repository removes it with its messages."""
        self.version += 1
        gone = replace(self.snapshot(), title="", settings=SessionSettings())
        self.record(SessionUpdated(change="deleted", session=gone))

    def member_merged(self, absorbed: MemberId, survivor: MemberId) -> None:
        """`absorbed` has become `survivor`; who took part as both stays once, in the earlier place."""
        self.user_id = survivor if self.user_id == absorbed else self.user_id
        members = (survivor if member == absorbed else member for member in self.participants)
        self.participants = tuple(dict.fromkeys(members))
        self.version += 1
        self.record(SessionUpdated(change="updated", session=self.snapshot()))

    def member_left(self, member_id: MemberId) -> None:
        """A participant who is not the owner is gone."""
        self.participants = tuple(member for member in self.participants if member != member_id)
        self.version += 1
        self.record(SessionUpdated(change="updated", session=self.snapshot()))

    def require_active(self) -> None:
        """Raise `Conflict` when the session takes no more messages."""
        if not self.is_active:
            message = "The session is closed; set is_active to true before writing to it."
            raise Conflict(message, session_id=str(self.id), rule="conversation_closed")

    def snapshot(self) -> SessionSnapshot:
        """The session as its participants see it."""
        return SessionSnapshot(
            id=self.id,
            user_id=self.user_id,
            title=self.title,
            llm_provider=self.llm_provider,
            llm_model=self.llm_model,
            settings=self.settings,
            is_active=self.is_active,
            participants=self.participants,
            message_count=self.last_seq,
            version=self.version,
            created_at=self.created_at,
            updated_at=self.updated_at,
        )

    def _check(self) -> None:
        checks = Checks()
        checks.require(
            1 <= len(self.title) <= MAX_TITLE and not _UNPRINTABLE.search(self.title),
            "title",
            f"expected 1 to {MAX_TITLE} characters of text",
        )
        checks.require(
            1 <= len(self.llm_model) <= MAX_MODEL and not _UNPRINTABLE.search(self.llm_model),
            "llm_model",
            f"expected 1 to {MAX_MODEL} characters of text",
        )
        checks.finish()
        self.settings.check()


@dataclass(slots=True, eq=False)
class ChatMessage(Recorder):
    """One message of a session. `seq` counts 1, 2, 3… without gaps.

    A reply is made `waiting`, begins to stream, and ends once; regenerating it begins the next generation.
    """

    id: ChatMessageId
    session_id: ChatSessionId
    seq: int
    role: MessageRole
    created_at: datetime
    author_id: MemberId | None = None
    content: str = ""
    llm_provider: LLMProvider | None = None
    llm_model: str | None = None
    status: MessageStatus = MessageStatus.COMPLETE
    is_streaming: bool = False
    generation: int = 0
    started_at: datetime | None = None
    response_time_ms: int | None = None
    time_to_first_token_ms: int | None = None
    tokens_used: int = 0
    error_message: str | None = None
    citations: tuple[Citation, ...] = ()
    version: int = 1
    _events: list[Event] = field(default_factory=list, repr=False)

    @classmethod
    def by_member(
        cls,
        message_id: ChatMessageId,
        session_id: ChatSessionId,
        seq: int,
        author: MemberId,
        content: str,
        now: datetime,
    ) -> "ChatMessage":
        """A member's message: 1 to 10,000 characters after trimming."""
        message = cls(message_id, session_id, seq, MessageRole.USER, now, author, checked_content(content))
        message.record(NewMessage(message=message.snapshot()))
        return message

    @classmethod
    def reply(
        cls,
        message_id: ChatMessageId,
        session: ChatSession,
        seq: int,
        now: datetime,
    ) -> "ChatMessage":
        """The assistant's reply to come; it waits its turn."""
        message = cls(
            message_id,
            session.id,
            seq,
            MessageRole.ASSISTANT,
            now,
            llm_provider=session.llm_provider,
            llm_model=session.llm_model,
            status=MessageStatus.STREAMING,
            generation=1,
        )
        message.record(NewMessage(message=message.snapshot()))
        return message

    def begin(self, now: datetime) -> None:
        """The reply's turn has come."""
        self._require_reply()
        if self.status is not MessageStatus.STREAMING or self.is_streaming:
            raise Conflict("The reply does not wait for its turn.", status=self.status.value)
        self.is_streaming = True
        self.started_at = now
        self._updated()

    def complete(
        self,
        content: str,
        now: datetime,
        *,
        citations: Sequence[Citation] = (),
        tokens_used: int = 0,
        first_token_at: datetime | None = None,
        llm_provider: LLMProvider | None = None,
        llm_model: str | None = None,
    ) -> None:
        """The reply came to its end; it records who produced it."""
        self.content, self.citations, self.tokens_used = content, tuple(citations), tokens_used
        self.llm_provider = llm_provider or self.llm_provider
        self.llm_model = llm_model or self.llm_model
        self._end(MessageStatus.COMPLETE, now, first_token_at)

    def fail(self, content: str, error: str, now: datetime) -> None:
        """No model gave an answer: a polite content, the reason in `error_message`."""
        self.content, self.error_message = content, error
        self._end(MessageStatus.FAILED, now, None)

    def interrupt(self, content: str, error: str, now: datetime, first_token_at: datetime | None = None) -> None:
        """The reply broke off; what arrived is kept and it may be regenerated."""
        self.content, self.error_message = content, error
        self._end(MessageStatus.INTERRUPTED, now, first_token_at)

    def cancel(self, content: str, now: datetime, first_token_at: datetime | None = None) -> None:
        """A participant stopped the reply; what arrived is kept."""
        self.content = content
        self._end(MessageStatus.CANCELLED, now, first_token_at)

    def regenerate(self, session: ChatSession) -> None:
        """Ask for the next generation of an ended reply; it waits its turn again."""
        self._require_reply()
        self._move(MessageStatus.STREAMING)
        self.generation += 1
        self.content, self.citations, self.tokens_used = "", (), 0
        self.llm_provider, self.llm_model = session.llm_provider, session.llm_model
        self.error_message = self.response_time_ms = self.time_to_first_token_ms = self.started_at = None
        self._updated()

    def snapshot(self) -> MessageSnapshot:
        """The message as members see it."""
        return MessageSnapshot(
            id=self.id,
            session_id=self.session_id,
            seq=self.seq,
            role=self.role,
            author_id=self.author_id,
            content=self.content,
            llm_provider=self.llm_provider,
            llm_model=self.llm_model,
            status=self.status,
            is_streaming=self.is_streaming,
            generation=self.generation,
            response_time_ms=self.response_time_ms,
            time_to_first_token_ms=self.time_to_first_token_ms,
            tokens_used=self.tokens_used,
            error_message=self.error_message,
            citations=self.citations,
            version=self.version,
            created_at=self.created_at,
        )

    def _end(self, status: MessageStatus, now: datetime, first_token_at: datetime | None) -> None:
        self._require_reply()
        self._move(status)
        if self.started_at is not None:
            self.response_time_ms = _milliseconds(self.started_at, now)
            if first_token_at is not None:
                self.time_to_first_token_ms = _milliseconds(self.started_at, first_token_at)
        self.version += 1
        self.record(MessageCompleted(message=self.snapshot()))

    def _move(self, status: MessageStatus) -> None:
        if status not in TRANSITIONS[self.status]:
            raise Conflict(f"A reply that is {self.status} cannot become {status}.", status=self.status.value)
        self.status = status
        self.is_streaming = False

    def _updated(self) -> None:
        self.version += 1
        self.record(MessageUpdated(message=self.snapshot()))

    def _require_reply(self) -> None:
        if self.role is not MessageRole.ASSISTANT:
            raise Conflict("Only the assistant's replies can be started, stopped or regenerated.", role=self.role.value)


def checked_content(content: str, field: str = "content") -> str:
    """A member's text, trimmed; raises `Invalid` naming `field` unless 1 to 10,000 characters remain."""
    content = content.replace("\r\n", "\n").strip()
    checks = Checks()
    checks.require(
        1 <= len(content) <= MAX_CONTENT and not _UNPRINTABLE.search(content),
        field,
        f"expected 1 to {MAX_CONTENT} characters of text after trimming",
    )
    checks.finish()
    return content


def _milliseconds(start: datetime, end: datetime) -> int:
    return max(0, round((end - start).total_seconds() * 1000))
