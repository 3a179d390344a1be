"""Chat sessions, messages and idempotency keys, staged."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from adapters.memory.cascades import delete_session
from adapters.memory.copies import copy_of_message, copy_of_session
from adapters.memory.store import KeptAnswer
from adapters.memory.transaction import Transaction, require_free, require_row
from application.ports.chat import (
    IDEMPOTENCY_LIFETIME,
    Arrived,
    ChatMessageRepository,
    ChatSessionRepository,
    IdempotencyKeys,
)
from domain.chat import ChatMessage, ChatMessageId, ChatSession, ChatSessionId, MessageSnapshot
from domain.errors import Conflict, NotFound
from domain.events import session_channel
from domain.identity import MemberId


class InMemoryChatSessionRepository(ChatSessionRepository):
    """Chat sessions with their participants."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def add(self, session: ChatSession) -> None:
        tables = self._transaction.tables
        require_free(session.id in tables.chat_sessions, "session", "id")
        self._write(session)

    async def get(self, session_id: ChatSessionId) -> ChatSession:
        session = self._stored(session_id)
        self._transaction.loaded(session.id, session.version)
        return copy_of_session(session)

    async def of_member(self, member_id: MemberId) -> Sequence[ChatSession]:
        sessions = self._transaction.tables.chat_sessions.values()
        return [await self.get(key) for key in sorted(s.id for s in sessions if member_id in s.participants)]

    async def save(self, session: ChatSession) -> None:
        stored = self._transaction.tables.chat_sessions.get(session.id)
        self._transaction.check_version("session", session.id, stored.version if stored else None, session.version)
        self._write(session)

    async def delete(self, session: ChatSession) -> None:
        self._transaction.collect(session)
        self._transaction.ended.add(session_channel(session.id))
        delete_session(self._transaction.tables, session.id)

    async def allocate_seq(self, session_id: ChatSessionId, count: int, now: datetime) -> int:
        session = self._stored(session_id)
        moved = replace(copy_of_session(session), last_seq=session.last_seq + count, updated_at=now)
        self._transaction.tables.chat_sessions[session_id] = moved
        return session.last_seq + 1

    def _stored(self, session_id: ChatSessionId) -> ChatSession:
        session = self._transaction.tables.chat_sessions.get(session_id)
        if session is None:
            raise NotFound("There is no such session.", session_id=str(session_id))
        return session

    def _write(self, session: ChatSession) -> None:
        tables = self._transaction.tables
        for member_id in {session.user_id, *session.participants}:
            require_row(tables.members, member_id, "member")
        stored = tables.chat_sessions.get(session.id)
        self._transaction.collect(session)
        last_seq = stored.last_seq if stored else session.last_seq
        tables.chat_sessions[session.id] = replace(copy_of_session(session), last_seq=last_seq)
        self._transaction.loaded(session.id, session.version)


class InMemoryChatMessageRepository(ChatMessageRepository):
    """Messages of all sessions."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def add(self, message: ChatMessage) -> None:
        tables = self._transaction.tables
        require_free(message.id in tables.chat_messages, "message", "id")
        place = (message.session_id, message.seq)
        taken = any((other.session_id, other.seq) == place for other in tables.chat_messages.values())
        require_free(taken, "message of the session", "seq")
        require_row(tables.chat_sessions, message.session_id, "session")
        self._write(message)

    async def get(self, message_id: ChatMessageId) -> ChatMessage:
        message = self._transaction.tables.chat_messages.get(message_id)
        if message is None:
            raise NotFound("There is no such message.", message_id=str(message_id))
        self._transaction.loaded(message.id, message.version)
        return copy_of_message(message)

    async def save(self, message: ChatMessage) -> None:
        stored = self._transaction.tables.chat_messages.get(message.id)
        self._transaction.check_version("message", message.id, stored.version if stored else None, message.version)
        self._write(message)

    async def checkpoint(self, replies: Sequence[Arrived]) -> None:
        messages = self._transaction.tables.chat_messages
        for reply in replies:
            message = messages.get(reply.message_id)
            if message is not None and message.is_streaming and message.generation == reply.generation:
                messages[message.id] = replace(copy_of_message(message), content=reply.content)

    async def history(self, session_id: ChatSessionId, before_seq: int, limit: int) -> Sequence[MessageSnapshot]:
        rows = [
            message.snapshot()
            for message in self._transaction.tables.chat_messages.values()
            if message.session_id == session_id and message.seq < before_seq
        ]
        return sorted(rows, key=lambda message: message.seq, reverse=True)[:limit][::-1]

    def _write(self, message: ChatMessage) -> None:
        if message.author_id is not None:
            require_row(self._transaction.tables.members, message.author_id, "member")
        self._transaction.collect(message)
        self._transaction.tables.chat_messages[message.id] = copy_of_message(message)
        self._transaction.loaded(message.id, message.version)


class InMemoryIdempotencyKeys(IdempotencyKeys):
    """Answers given before."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def find(self, member_id: MemberId, key: str, since: datetime) -> tuple[str, ChatMessageId] | None:
        kept = self._transaction.tables.idempotency_keys.get((member_id, key))
        return (kept.fingerprint, kept.message_id) if kept and kept.created_at > since else None

    async def put(
        self, member_id: MemberId, key: str, fingerprint: str, message_id: ChatMessageId, now: datetime
    ) -> None:
        tables = self._transaction.tables
        require_row(tables.members, member_id, "member")
        require_row(tables.chat_messages, message_id, "message")
        kept = tables.idempotency_keys.get((member_id, key))
        if kept is not None and kept.created_at > now - IDEMPOTENCY_LIFETIME:
            raise Conflict("A request with this idempotency key was answered just now; send it again.", key=key)
        tables.idempotency_keys[member_id, key] = KeptAnswer(fingerprint, message_id, now)
