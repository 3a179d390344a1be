"""Reads of chat."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from adapters.memory.pages import page_of
from adapters.memory.store import MemoryStore
from application.paging import decode_cursor, encode_cursor
from application.ports.chat import ChatQueries, ChatStats, MessageHit, SessionFilter, SessionPage
from application.words import holds_all, snippet
from domain.chat import ChatMessage, ChatMessageId, ChatSession, ChatSessionId, MessageSnapshot, SessionSnapshot
from domain.identity import MemberId

Name = TypeVar("Name", bound=str)


class InMemoryChatQueries(ChatQueries):
    """Chat as it was committed last. The figures are counted from the rows each time."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def sessions(
        self, member_id: MemberId, where: SessionFilter, *, limit: int, offset: int = 0, cursor: str | None = None
    ) -> SessionPage:
        before = decode_cursor(cursor, datetime, UUID) if cursor is not None else None
        matching = [session for session in self._own_sessions(member_id) if _matches(session, where)]
        rows = [session for session in matching if before is None or _age(session) < before]
        rows.sort(key=_age, reverse=True)
        page = page_of(rows[offset:], limit, ChatSession.snapshot, lambda session: encode_cursor(*_age(session)))
        return SessionPage(page.items, len(matching), page.next_cursor)

    async def session(self, member_id: MemberId, session_id: ChatSessionId) -> SessionSnapshot | None:
        session = self._store.tables.chat_sessions.get(session_id)
        return session.snapshot() if session and member_id in session.participants else None

    async def message(self, member_id: MemberId, message_id: ChatMessageId) -> MessageSnapshot | None:
        message = self._store.tables.chat_messages.get(message_id)
        if message is None or await self.session(member_id, message.session_id) is None:
            return None
        return message.snapshot()

    async def messages(
        self, session_id: ChatSessionId, *, before: int | None, after: int | None, limit: int
    ) -> Sequence[MessageSnapshot]:
        rows = sorted(
            (
                message.snapshot()
                for message in self._store.tables.chat_messages.values()
                if message.session_id == session_id
                and (before is None or message.seq < before)
                and (after is None or message.seq > after)
            ),
            key=lambda message: message.seq,
        )
        return rows[:limit] if after is not None else rows[max(0, len(rows) - limit) :]

    async def search(self, member_id: MemberId, terms: Sequence[str], limit: int) -> Sequence[MessageHit]:
        titles = {session.id: session.title for session in self._own_sessions(member_id)}
        found = [
            message
            for message in self._messages_of(titles)
            if not message.is_streaming and holds_all(message.content, terms)
        ]
        found.sort(key=lambda message: (message.created_at, message.id), reverse=True)
        return [
            MessageHit(message.snapshot(), titles[message.session_id], snippet(message.content, terms))
            for message in found[:limit]
        ]

    async def stats(self, member_id: MemberId, today: datetime) -> ChatStats:
        sessions = list(self._own_sessions(member_id))
        messages = list(self._messages_of({session.id for session in sessions}))
        times = [message.response_time_ms for message in messages if message.response_time_ms is not None]
        return ChatStats(
            total_sessions=len(sessions),
            total_messages=len(messages),
            active_sessions=sum(session.is_active for session in sessions),
            messages_today=sum(message.created_at >= today for message in messages),
            average_response_time_ms=sum(times) / len(times) if times else None,
            most_used_provider=_most_used(m.llm_provider for m in messages if m.llm_provider is not None),
            most_used_model=_most_used(m.llm_model for m in messages if m.llm_model is not None),
            tokens_used=sum(message.tokens_used for message in messages),
        )

    def _own_sessions(self, member_id: MemberId) -> Iterable[ChatSession]:
        return (s for s in self._store.tables.chat_sessions.values() if member_id in s.participants)

    def _messages_of(self, session_ids: Iterable[ChatSessionId]) -> Iterable[ChatMessage]:
        wanted = set(session_ids)
        return (m for m in self._store.tables.chat_messages.values() if m.session_id in wanted)


def _age(session: ChatSession) -> tuple[datetime, UUID]:
    return session.created_at, session.id


def _matches(session: ChatSession, where: SessionFilter) -> bool:
    return where.is_active in {None, session.is_active} and where.llm_provider in {None, session.llm_provider}


def _most_used(values: Iterable[Name]) -> Name | None:
    counts = Counter(values)
    return min(counts, key=lambda value: (-counts[value], value), default=None)
