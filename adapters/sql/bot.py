"""Answers that chats wait for, the commands and the conversations of the bot."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, delete, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from adapters.sql.tables import telegram_answers, telegram_commands, telegram_conversations
from adapters.sql.telegram_rows import answer_from_row, answer_place, answer_to_row
from adapters.sql.transaction import Transaction
from application.ports.telegram import AnswerRepository, CommandRepository, CommandRow, ConversationRepository
from domain.chat import ChatSessionId
from domain.identity import Role
from domain.telegram import AnswerId, ChatAnswer

_a, _k, _v = telegram_answers.c, telegram_commands.c, telegram_conversations.c
_SAME_REPLY = (_a.bot_id, _a.chat_id, _a.message_id, _a.generation)
_ADD_ANSWER = {
    True: sqlite.insert(telegram_answers).on_conflict_do_nothing(index_elements=_SAME_REPLY),
    False: postgresql.insert(telegram_answers).on_conflict_do_nothing(index_elements=_SAME_REPLY),
}
_FREE = (
    select(telegram_answers)
    .where(_a.bot_id == bindparam("b_bot"), or_(_a.lease_until.is_(None), _a.lease_until <= bindparam("now")))
    .order_by(_a.created_at, _a.id)
    .limit(bindparam("count"))
    .with_for_update(skip_locked=True)
)
_HOLD = (
    update(telegram_answers)
    .where(_a.id == bindparam("b_id"))
    .values(claim=bindparam("new_claim"), lease_until=bindparam("new_lease"))
)
_ITS_CLAIM = (_a.id == bindparam("b_id"), _a.claim == bindparam("b_claim"))
_SAVE_ANSWER = update(telegram_answers).where(*_ITS_CLAIM)
_FINISH = delete(telegram_answers).where(*_ITS_CLAIM)
_UNDER_CLAIM = update(telegram_answers).where(_a.claim == bindparam("b_claim"))
_RENEW = _UNDER_CLAIM.returning(_a.id)
_RELEASE = _UNDER_CLAIM.values(claim=None, lease_until=None)
_COUNT_ANSWERS = select(func.count().label("waiting")).where(_a.bot_id == bindparam("b_bot"))
_FORGET_CHAT = delete(telegram_answers).where(_a.chat_id == bindparam("b_chat"))

_MIRRORED = ("description", "category", "required_role", "aliases", "is_hidden")
_COUNT_USE = (
    update(telegram_commands)
    .where(_k.command == bindparam("b_command"))
    .values(usage_count=_k.usage_count + bindparam("b_times"))
)
_OTHER_COMMANDS = delete(telegram_commands).where(_k.command.not_in(bindparam("names", expanding=True)))
_COMMANDS = select(telegram_commands).order_by(_k.command)

_CURRENT = select(_v.session_id).where(_v.telegram_id == bindparam("b_telegram_id"))
_LEAVE = delete(telegram_conversations).where(_v.telegram_id == bindparam("b_telegram_id"))


def _mirroring(insert: sqlite.Insert | postgresql.Insert) -> sqlite.Insert | postgresql.Insert:
    kept = {name: insert.excluded[name] for name in _MIRRORED}
    return insert.on_conflict_do_update(index_elements=[_k.command], set_=kept)


def _choosing(insert: sqlite.Insert | postgresql.Insert) -> sqlite.Insert | postgresql.Insert:
    chosen = {name: insert.excluded[name] for name in ("session_id", "chosen_at")}
    return insert.on_conflict_do_update(index_elements=[_v.telegram_id], set_=chosen)


_MIRROR = {
    True: _mirroring(sqlite.insert(telegram_commands)),
    False: _mirroring(postgresql.insert(telegram_commands)),
}
_CHOOSE = {
    True: _choosing(sqlite.insert(telegram_conversations)),
    False: _choosing(postgresql.insert(telegram_conversations)),
}


class SqlAnswerRepository(AnswerRepository):
    """A row an answer, for as long as it is waited for."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def add(self, answer: ChatAnswer) -> None:
        await self._transaction.execute(_ADD_ANSWER[self._transaction.is_sqlite], answer_to_row(answer))

    async def claim(
        self, bot_id: int, claim: UUID, now: datetime, lease_until: datetime, limit: int
    ) -> Sequence[ChatAnswer]:
        rows = await self._transaction.all(_FREE, {"b_bot": bot_id, "now": now, "count": limit})
        if rows:
            held = {"new_claim": claim, "new_lease": lease_until}
            await self._transaction.execute(_HOLD, [{"b_id": row.id, **held} for row in rows])
        claimed = [answer_from_row(row) for row in rows]
        for answer in claimed:
            answer.claim, answer.lease_until = claim, lease_until
        return claimed

    async def save(self, answer: ChatAnswer) -> bool:
        return await self._held(_SAVE_ANSWER, answer.id, answer.claim, answer_place(answer))

    async def renew(self, claim: UUID, lease_until: datetime) -> frozenset[AnswerId]:
        rows = await self._transaction.all(_RENEW, {"b_claim": claim, "lease_until": lease_until})
        return frozenset(AnswerId(row.id) for row in rows)

    async def finish(self, answer_id: AnswerId, claim: UUID) -> bool:
        return await self._held(_FINISH, answer_id, claim)

    async def release(self, claim: UUID) -> None:
        await self._transaction.execute(_RELEASE, {"b_claim": claim})

    async def count(self, bot_id: int) -> int:
        row = await self._transaction.first(_COUNT_ANSWERS, {"b_bot": bot_id})
        return 0 if row is None else int(row.waiting)

    async def forget_chat(self, chat_id: int) -> int:
        return (await self._transaction.execute(_FORGET_CHAT, {"b_chat": chat_id})).rowcount

    async def _held(
        self, statement: Any, answer_id: AnswerId, claim: UUID | None, values: Mapping[str, object] | None = None
    ) -> bool:
        if claim is None:
            return False
        key = {"b_id": answer_id, "b_claim": claim}
        return (await self._transaction.execute(statement, {**(values or {}), **key})).rowcount == 1


class SqlCommandRepository(CommandRepository):
    """A row a command."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def mirror(self, commands: Sequence[CommandRow]) -> None:
        # In one order everywhere, so that two processes that start together do not wait for each other.
        rows = [_command_to_row(row) for row in sorted(commands, key=lambda row: row.command)]
        await self._transaction.execute(_OTHER_COMMANDS, {"names": [row["command"] for row in rows]})
        if rows:
            await self._transaction.execute(_MIRROR[self._transaction.is_sqlite], rows)

    async def count_use(self, command: str, times: int = 1) -> None:
        await self._transaction.execute(_COUNT_USE, {"b_command": command, "b_times": times})

    async def all(self) -> Sequence[CommandRow]:
        return [
            CommandRow(
                command=row.command,
                description=row.description,
                category=row.category,
                required_role=Role(row.required_role),
                aliases=tuple(row.aliases),
                is_hidden=row.is_hidden,
                usage_count=row.usage_count,
            )
            for row in await self._transaction.all(_COMMANDS)
        ]


class SqlConversationRepository(ConversationRepository):
    """A row a person; it goes with the session."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def current(self, telegram_id: int) -> ChatSessionId | None:
        row = await self._transaction.first(_CURRENT, {"b_telegram_id": telegram_id})
        return None if row is None else ChatSessionId(row.session_id)

    async def choose(self, telegram_id: int, session_id: ChatSessionId, now: datetime) -> None:
        values = {"telegram_id": telegram_id, "session_id": session_id, "chosen_at": now}
        await self._transaction.execute(_CHOOSE[self._transaction.is_sqlite], values)

    async def leave(self, telegram_id: int) -> None:
        await self._transaction.execute(_LEAVE, {"b_telegram_id": telegram_id})


def _command_to_row(row: CommandRow) -> dict[str, object]:
    return {
        "command": row.command,
        "description": row.description,
        "category": row.category,
        "required_role": int(row.required_role),
        "aliases": list(row.aliases),
        "is_hidden": row.is_hidden,
        "usage_count": 0,
    }
