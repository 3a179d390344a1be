"""Bodies of chat."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from entrypoints.http.schemas.common import Answer, Body

ProviderName = Literal["LOCAL", "OPENROUTER"]
MessageRoleName = Literal["user", "assistant", "system"]
MessageStatusName = Literal["complete", "streaming", "failed", "cancelled", "interrupted"]


class SessionSettingsBody(Body, frozen=True):
    """How the model is asked."""

    system_prompt: Annotated[str, msgspec.Meta(description="At most 8,000 characters.")] = ""
    temperature: Annotated[float, msgspec.Meta(description="0 to 2.")] = 0.7
    max_tokens: Annotated[int, msgspec.Meta(description="1 to 8192.")] = 2_048
    grounding: Annotated[bool, msgspec.Meta(description="Whether passages of guides are offered to the model.")] = True


class ChatSessionCreateRequest(Body, frozen=True):
    """A session to begin; everything has a default."""

    title: Annotated[str | None, msgspec.Meta(description='At most 500 characters; default "Chat with <model>".')] = (
        None
    )
    llm_provider: ProviderName = "LOCAL"
    llm_model: Annotated[str | None, msgspec.Meta(description="1 to 100 characters; default the provider's.")] = None
    settings: SessionSettingsBody | None = None


class ChatSessionUpdateRequest(Body, frozen=True):
    """What to change in a session; what is left out or null stays. `settings` are replaced as a whole."""

    title: str | None = None
    llm_provider: ProviderName | None = None
    llm_model: str | None = None
    settings: SessionSettingsBody | None = None
    is_active: bool | None = None


class ChatMessageCreateRequest(Body, frozen=True):
    """A message to the session."""

    content: Annotated[str, msgspec.Meta(description="1 to 10,000 characters after trimming.")]
    assistant: Annotated[bool, msgspec.Meta(description="Whether the assistant is asked for a reply.")] = True


class SessionSettingsResponse(Answer, frozen=True):
    """How the model is asked."""

    system_prompt: str
    temperature: float
    max_tokens: int
    grounding: bool


class ChatSessionResponse(Answer, frozen=True):
    """A session as its participants see it."""

    id: UUID
    user_id: UUID
    title: str
    llm_provider: ProviderName
    llm_model: str
    settings: SessionSettingsResponse
    is_active: bool
    participants: tuple[UUID, ...]
    message_count: int
    version: int
    created_at: datetime
    updated_at: datetime


class ChatSessionsListResponse(Answer, frozen=True):
    """A page of sessions, newest first. `total_count` counts all that match; `next_cursor` is null at the end."""

    sessions: tuple[ChatSessionResponse, ...]
    total_count: int
    page: int
    page_size: int
    has_more: bool
    next_cursor: str | None


class CitationResponse(Answer, frozen=True):
    """A passage that a reply used: `number` is its mark in the text, `line` where it starts in the guide's body."""

    number: int
    guide_id: UUID
    guide_title: str
    heading: str
    line: int
    quote: str


class ChatMessageResponse(Answer, frozen=True):
    """A message at one version."""

    id: UUID
    session_id: UUID
    seq: int
    role: MessageRoleName
    author_id: UUID | None
    content: str
    llm_provider: ProviderName | None
    llm_model: str | None
    status: MessageStatusName
    is_streaming: bool
    generation: int
    response_time_ms: int | None
    time_to_first_token_ms: int | None
    tokens_used: int
    error_message: str | None
    citations: tuple[CitationResponse, ...]
    version: int
    created_at: datetime


class ChatMessagesListResponse(Answer, frozen=True):
    """A stretch of the conversation, ascending. Live events of the channel follow after (`epoch`, `offset`)."""

    messages: tuple[ChatMessageResponse, ...]
    epoch: str
    offset: int
    has_more: bool


class PostedMessageResponse(Answer, frozen=True):
    """The member's message and the id of the reply to come; null when none was asked for."""

    message: ChatMessageResponse
    reply_id: UUID | None


class ChatSearchHitResponse(Answer, frozen=True):
    """A message that matches; `snippet` marks the words with U+E000 and U+E001."""

    message: ChatMessageResponse
    session_title: str
    snippet: str


class ChatSearchResponse(Answer, frozen=True):
    """Messages that match, newest first."""

    items: tuple[ChatSearchHitResponse, ...]


class ChatStatsResponse(Answer, frozen=True):
    """One's own figures. Times are in milliseconds; `messages_today` counts the day in UTC."""

    total_sessions: int
    total_messages: int
    active_sessions: int
    messages_today: int
    average_response_time_ms: float | None
    most_used_provider: ProviderName | None
    most_used_model: str | None
    tokens_used: int


class ChatHealthResponse(Answer, frozen=True):
    """Whether chat works, provider by provider."""

    service: str
    status: Annotated[str, msgspec.Meta(description="`healthy`, `degraded` or `unhealthy`.")]
    timestamp: datetime
    active_connections: int
    providers: dict[str, str]
