"""What chat needs from outside."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from domain.chat import (
    ChatMessage,
    ChatMessageId,
    ChatSession,
    ChatSessionId,
    LLMProvider,
    MessageRole,
    MessageSnapshot,
    SessionSnapshot,
)
from domain.guides import GuideId
from domain.identity import MemberId

IDEMPOTENCY_LIFETIME = timedelta(hours=24)


class ChatSessionRepository(Protocol):
    """Chat sessions with their participants. A loaded session is locked until the unit of work ends."""

    async def add(self, session: ChatSession) -> None:
        """Insert."""
        ...

    async def get(self, session_id: ChatSessionId) -> ChatSession:
        """Raises `NotFound`."""
        ...

    async def of_member(self, member_id: MemberId) -> Sequence[ChatSession]:
        """Every session that the member takes part in, their own ones too, by id; each is locked as by `get`."""
        ...

    async def save(self, session: ChatSession) -> None:
        """Update all but the message count; raises `StaleVersion`."""
        ...

    async def delete(self, session: ChatSession) -> None:
        """Remove with messages, replies to come and statistics; saves the session's recorded events.

        What its channel's log held before is forgotten.
        """
        ...

    async def allocate_seq(self, session_id: ChatSessionId, count: int, now: datetime) -> int:
        """Reserve the next `count` places in the session and return the first; moves `updated_at` to `now`.

        Concurrent callers wait for each other's commit, so the numbers have no gaps and no repeats.
        """
        ...


@dataclass(frozen=True, slots=True)
class Arrived:
    """What arrived so far of a reply's generation."""

    message_id: ChatMessageId
    generation: int
    content: str


class ChatMessageRepository(Protocol):
    """Messages. A loaded message is locked until the unit of work ends."""

    async def add(self, message: ChatMessage) -> None:
        """Insert, and count it in the statistics."""
        ...

    async def get(self, message_id: ChatMessageId) -> ChatMessage:
        """Raises `NotFound`."""
        ...

    async def save(self, message: ChatMessage) -> None:
        """Update, and correct the statistics; raises `StaleVersion`."""
        ...

    async def checkpoint(self, replies: Sequence[Arrived]) -> None:
        """Keep what arrived so far of streaming replies, outside of their versions; no other generation is touched."""
        ...

    async def history(self, session_id: ChatSessionId, before_seq: int, limit: int) -> Sequence[MessageSnapshot]:
        """The last `limit` messages before that place, ascending."""
        ...


@dataclass(frozen=True, slots=True)
class ReplyJob:
    """A reply to be produced. `claim` is the fence: whoever holds another one may no longer write."""

    message_id: ChatMessageId
    session_id: ChatSessionId
    generation: int
    claim: UUID | None = None


class ReplyQueue(Protocol):
    """Replies to come, one at a time per session, in the order they were asked for, each under a lease."""

    async def put(self, job: ReplyJob, now: datetime) -> None:
        """Append to the session's queue."""
        ...

    async def claim(self, claim: UUID, now: datetime, lease_until: datetime) -> ReplyJob | None:
        """Take the oldest job of any session in which no reply is claimed; concurrent claimers get different ones."""
        ...

    async def renew(self, jobs: Sequence[ReplyJob], lease_until: datetime) -> Sequence[ReplyJob]:
        """Extend their leases; gives back those of the jobs that are no longer held under their claims."""
        ...

    async def finish(self, job: ReplyJob) -> bool:
        """Remove the job; False when it was no longer held under this claim, and then nothing may be written."""
        ...

    async def release(self, job: ReplyJob) -> bool:
        """Give back a job that was not begun: it keeps its place. False when it was no longer held under this claim."""
        ...

    async def cancel(self, message_id: ChatMessageId) -> None:
        """Remove the job of this message, claimed or not; absent is fine."""
        ...

    async def expired(self, now: datetime, limit: int) -> Sequence[ReplyJob]:
        """Claimed jobs whose lease has ended: their process is gone. Nothing is locked; `finish` is the fence."""
        ...


@dataclass(frozen=True, slots=True)
class PostedMessage:
    """The answer to a posted message: the member's own and the id of the reply to come, None when none was asked."""

    message: MessageSnapshot
    reply_id: ChatMessageId | None


class IdempotencyKeys(Protocol):
    """Answers given before, by member and key, so that a repeated request gets the same one."""

    async def find(self, member_id: MemberId, key: str, since: datetime) -> tuple[str, ChatMessageId] | None:
        """The request's fingerprint and the message it made, when it was made after `since`."""
        ...

    async def put(
        self, member_id: MemberId, key: str, fingerprint: str, message_id: ChatMessageId, now: datetime
    ) -> None:
        """Remember an answer for `IDEMPOTENCY_LIFETIME`; replaces one older than that.

        Raises `Conflict` while a younger one stands; a concurrent second one waits first.
        """
        ...


@dataclass(frozen=True, slots=True)
class SessionFilter:
    """What a list of sessions is narrowed to; None is everything."""

    is_active: bool | None = None
    llm_provider: LLMProvider | None = None


@dataclass(frozen=True, slots=True)
class SessionPage:
    """Sessions, how many there are in all, and the cursor of the next page."""

    items: tuple[SessionSnapshot, ...]
    total_count: int
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class MessageHit:
    """A message that matches a search; `snippet` marks the words with U+E000 and U+E001."""

    message: MessageSnapshot
    session_title: str
    snippet: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatStats:
    """A member's figures, from counters that are true to the rows. Times are in milliseconds."""

    total_sessions: int
    total_messages: int
    active_sessions: int
    messages_today: int
    average_response_time_ms: float | None
    most_used_provider: LLMProvider | None
    most_used_model: str | None
    tokens_used: int


class ChatQueries(Protocol):
    """Reads of chat, only of sessions in which the member takes part: the filter is part of each query."""

    async def sessions(
        self, member_id: MemberId, where: SessionFilter, *, limit: int, offset: int = 0, cursor: str | None = None
    ) -> SessionPage:
        """Newest first, by page (`offset`) or by `cursor`. Raises `Malformed` on a broken cursor."""
        ...

    async def session(self, member_id: MemberId, session_id: ChatSessionId) -> SessionSnapshot | None:
        """None when absent or somebody else's."""
        ...

    async def message(self, member_id: MemberId, message_id: ChatMessageId) -> MessageSnapshot | None:
        """None when absent or in somebody else's session."""
        ...

    async def messages(
        self, session_id: ChatSessionId, *, before: int | None, after: int | None, limit: int
    ) -> Sequence[MessageSnapshot]:
        """Ascending by seq. Without a bound the last `limit`; with `before` the last ones before that seq;
        with `after` the first ones after it. The session was checked by the caller.
        """
        ...

    async def search(self, member_id: MemberId, terms: Sequence[str], limit: int) -> Sequence[MessageHit]:
        """Messages that hold all the words (prefixes count for the last), newest first. The words are folded.

        A reply is found when it has ended.
        """
        ...

    async def stats(self, member_id: MemberId, today: datetime) -> ChatStats:
        """Figures; `messages_today` counts from `today`, the start of the day in UTC."""
        ...


@dataclass(frozen=True, slots=True)
class PromptMessage:
    """One turn of the conversation as a model gets it."""

    role: MessageRole
    content: str


@dataclass(frozen=True, slots=True)
class GroundingPassage:
    """A passage offered to the model as quoted data. A reply cites it by writing `[number]`."""

    number: int
    guide_id: GuideId
    guide_title: str
    heading: str
    line: int
    text: str
    score: float


@dataclass(frozen=True, slots=True)
class NearGuide:
    """A guide that does not answer the question but may come close to it."""

    guide_id: GuideId
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRequest:
    """What a model is asked. The last of `messages` is the member's question.

    `near` are guides to suggest, best first, when there are no passages. With `links` the answer is shown where
    `/guides/<id>` opens a guide.
    """

    model: str
    messages: Sequence[PromptMessage]
    passages: Sequence[GroundingPassage]
    grounded: bool
    temperature: float
    max_tokens: int
    near: Sequence[NearGuide] = ()
    links: bool = False


@dataclass(frozen=True, slots=True)
class TextDelta:
    """The next piece of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class ReplyEnd:
    """The answer is whole. `tokens_used` counts prompt and answer as the model reports them."""

    tokens_used: int


ModelEvent = TextDelta | ReplyEnd


class ModelFailure(StrEnum):
    """Why a model gave no whole answer."""

    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    REFUSED = "refused"
    BROKEN = "broken"
    EMPTY = "empty"


class ModelError(Exception):
    """A model did not answer as it should; never shown to members as it is."""

    def __init__(self, failure: ModelFailure, message: str) -> None:
        super().__init__(message)
        self.failure = failure


class LanguageModel(Protocol):
    """A source of answers. Streams `TextDelta`s and then exactly one `ReplyEnd`.

    A stream that ends without `ReplyEnd` was truncated. Raises `ModelError`. Closing the generator stops the work.
    """

    @property
    def default_model(self) -> str:
        """The model's name when a session names none."""
        ...

    def stream(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        """Answer the last message."""
        ...

    async def is_healthy(self) -> bool:
        """A cheap probe."""
        ...


LanguageModels = Mapping[LLMProvider, LanguageModel]
