"""Answers that chats wait for, the commands and the conversations of the bot, staged."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from adapters.memory.store import MemoryStore
from adapters.memory.transaction import Transaction, require_free, require_row
from application.ports.answering import AnswerQueries
from application.ports.telegram import AnswerRepository, CommandRepository, CommandRow, ConversationRepository
from domain.chat import ChatMessageId, ChatSessionId, MessageSnapshot
from domain.telegram import AnswerId, ChatAnswer


class InMemoryAnswerRepository(AnswerRepository):
    """A row an answer."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def add(self, answer: ChatAnswer) -> None:
        tables = self._transaction.tables
        if answer.message_id is not None:
            require_row(tables.chat_messages, answer.message_id, "message")
            if any(_names_the_same(row, answer) for row in tables.answers.values()):
                return
        require_free(answer.id in tables.answers, "answer", "id")
        tables.answers[answer.id] = replace(answer)

    async def claim(
        self, bot_id: int, claim: UUID, now: datetime, lease_until: datetime, limit: int
    ) -> Sequence[ChatAnswer]:
        rows = self._transaction.tables.answers
        free = [
            row for row in rows.values() if row.bot_id == bot_id and (row.lease_until is None or row.lease_until <= now)
        ]
        free.sort(key=lambda row: (row.created_at, row.id))
        claimed = [replace(row, claim=claim, lease_until=lease_until) for row in free[:limit]]
        rows.update({row.id: replace(row) for row in claimed})
        return claimed

    async def save(self, answer: ChatAnswer) -> bool:
        stored = self._held(answer.id, answer.claim)
        if stored is None:
            return False
        self._transaction.tables.answers[answer.id] = replace(
            stored,
            chat_id=answer.chat_id,
            reply_to=answer.reply_to,
            telegram_message_id=answer.telegram_message_id,
        )
        return True

    async def renew(self, claim: UUID, lease_until: datetime) -> set[AnswerId]:
        rows = self._transaction.tables.answers
        held = [row for row in rows.values() if row.claim == claim]
        rows.update({row.id: replace(row, lease_until=lease_until) for row in held})
        return {row.id for row in held}

    async def finish(self, answer_id: AnswerId, claim: UUID) -> bool:
        if self._held(answer_id, claim) is None:
            return False
        del self._transaction.tables.answers[answer_id]
        return True

    async def release(self, claim: UUID) -> None:
        rows = self._transaction.tables.answers
        held = [row for row in rows.values() if row.claim == claim]
        rows.update({row.id: replace(row, claim=None, lease_until=None) for row in held})

    async def count(self, bot_id: int) -> int:
        return sum(row.bot_id == bot_id for row in self._transaction.tables.answers.values())

    async def forget_chat(self, chat_id: int) -> int:
        rows = self._transaction.tables.answers
        gone = [row.id for row in rows.values() if row.chat_id == chat_id]
        for key in gone:
            del rows[key]
        return len(gone)

    def _held(self, answer_id: AnswerId, claim: UUID | None) -> ChatAnswer | None:
        row = self._transaction.tables.answers.get(answer_id)
        return row if row is not None and claim is not None and row.claim == claim else None


class InMemoryAnswerQueries(AnswerQueries):
    """Replies as they were committed last."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def replies(self, message_ids: Sequence[ChatMessageId]) -> Mapping[ChatMessageId, MessageSnapshot]:
        rows = self._store.tables.chat_messages
        return {key: rows[key].snapshot() for key in message_ids if key in rows}


class InMemoryCommandRepository(CommandRepository):
    """A row a command."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def mirror(self, commands: Sequence[CommandRow]) -> None:
        rows = self._transaction.tables.commands
        kept = dict(rows)
        rows.clear()
        for row in commands:
            count = kept[row.command].usage_count if row.command in kept else 0
            rows[row.command] = replace(row, usage_count=count)

    async def count_use(self, command: str, times: int = 1) -> None:
        rows = self._transaction.tables.commands
        if command in rows:
            rows[command] = replace(rows[command], usage_count=rows[command].usage_count + times)

    async def all(self) -> Sequence[CommandRow]:
        return sorted(self._transaction.tables.commands.values(), key=lambda row: row.command)


class InMemoryConversationRepository(ConversationRepository):
    """A row a person."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def current(self, telegram_id: int) -> ChatSessionId | None:
        return self._transaction.tables.conversations.get(telegram_id)

    async def choose(self, telegram_id: int, session_id: ChatSessionId, now: datetime) -> None:
        require_row(self._transaction.tables.chat_sessions, session_id, "session")
        self._transaction.tables.conversations[telegram_id] = session_id

    async def leave(self, telegram_id: int) -> None:
        self._transaction.tables.conversations.pop(telegram_id, None)


def _names_the_same(one: ChatAnswer, other: ChatAnswer) -> bool:
    return (one.bot_id, one.chat_id, one.message_id, one.generation) == (
        other.bot_id,
        other.chat_id,
        other.message_id,
        other.generation,
    )
