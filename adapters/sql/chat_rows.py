"""How sessions and messages stand in their tables."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from adapters.sql.types import AnyRow
from domain.chat import (
    ChatMessage,
    ChatMessageId,
    ChatSession,
    ChatSessionId,
    Citation,
    LLMProvider,
    MessageRole,
    MessageSnapshot,
    MessageStatus,
    SessionSettings,
    SessionSnapshot,
)
from domain.identity import MemberId


def session_to_row(session: ChatSession) -> dict[str, object]:
    """The row of `chat_sessions`, without the message count."""
    settings = session.settings
    return {
        "id": session.id,
        "user_id": session.user_id,
        "title": session.title,
        "llm_provider": session.llm_provider.value,
        "llm_model": session.llm_model,
        "settings": {
            "system_prompt": settings.system_prompt,
            "temperature": settings.temperature,
            "max_tokens": settings.max_tokens,
            "grounding": settings.grounding,
        },
        "is_active": session.is_active,
        "version": session.version,
        "created_at": session.created_at,
        "updated_at": session.updated_at,
    }


def session_from_row(row: AnyRow, participants: Iterable[UUID]) -> ChatSession:
    """A session of its row and its participants in order."""
    return ChatSession(
        id=ChatSessionId(row.id),
        user_id=MemberId(row.user_id),
        title=row.title,
        llm_provider=LLMProvider(row.llm_provider),
        llm_model=row.llm_model,
        created_at=row.created_at,
        updated_at=row.updated_at,
        settings=_settings(row.settings),
        is_active=row.is_active,
        participants=tuple(MemberId(member) for member in participants),
        last_seq=row.last_seq,
        version=row.version,
    )


def session_snapshot(row: AnyRow, participants: Iterable[UUID]) -> SessionSnapshot:
    """A session as its participants see it."""
    return session_from_row(row, participants).snapshot()


def message_to_row(message: ChatMessage) -> dict[str, object]:
    """The row of `chat_messages`."""
    return {
        "id": message.id,
        "session_id": message.session_id,
        "seq": message.seq,
        "role": message.role.value,
        "author_id": message.author_id,
        "content": message.content,
        "llm_provider": None if message.llm_provider is None else message.llm_provider.value,
        "llm_model": message.llm_model,
        "status": message.status.value,
        "is_streaming": message.is_streaming,
        "generation": message.generation,
        "started_at": message.started_at,
        "response_time_ms": message.response_time_ms,
        "time_to_first_token_ms": message.time_to_first_token_ms,
        "tokens_used": message.tokens_used,
        "error_message": message.error_message,
        "message_metadata": {"citations": [_citation_to_json(citation) for citation in message.citations]},
        "version": message.version,
        "created_at": message.created_at,
    }


def message_from_row(row: AnyRow) -> ChatMessage:
    """A message of its row."""
    return ChatMessage(started_at=row.started_at, **_message_fields(row))


def message_snapshot(row: AnyRow) -> MessageSnapshot:
    """A message as members see it."""
    return MessageSnapshot(**_message_fields(row))


def _message_fields(row: AnyRow) -> dict[str, Any]:
    citations = row.message_metadata.get("citations", ())
    return {
        "id": ChatMessageId(row.id),
        "session_id": ChatSessionId(row.session_id),
        "seq": row.seq,
        "role": MessageRole(row.role),
        "author_id": None if row.author_id is None else MemberId(row.author_id),
        "content": row.content,
        "llm_provider": None if row.llm_provider is None else LLMProvider(row.llm_provider),
        "llm_model": row.llm_model,
        "status": MessageStatus(row.status),
        "is_streaming": row.is_streaming,
        "generation": row.generation,
        "response_time_ms": row.response_time_ms,
        "time_to_first_token_ms": row.time_to_first_token_ms,
        "tokens_used": row.tokens_used,
        "error_message": row.error_message,
        "citations": tuple(_citation_from_json(citation) for citation in citations),
        "version": row.version,
        "created_at": row.created_at,
    }


def _settings(stored: Mapping[str, Any]) -> SessionSettings:
    return SessionSettings(
        system_prompt=stored["system_prompt"],
        temperature=float(stored["temperature"]),
        max_tokens=stored["max_tokens"],
        grounding=stored["grounding"],
    )


def _citation_to_json(citation: Citation) -> dict[str, object]:
    return {
        "number": citation.number,
        "guide_id": str(citation.guide_id),
        "guide_title": citation.guide_title,
        "heading": citation.heading,
        "line": citation.line,
        "quote": citation.quote,
    }


def _citation_from_json(stored: Mapping[str, Any]) -> Citation:
    return Citation(
        number=stored["number"],
        guide_id=UUID(stored["guide_id"]),
        guide_title=stored["guide_title"],
        heading=stored["heading"],
        line=stored["line"],
        quote=stored["quote"],
    )
