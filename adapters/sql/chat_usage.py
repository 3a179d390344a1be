"""Counters of a session by day and model: statistics without counting rows."""

from dataclasses import dataclass
from datetime import UTC, date
from uuid import UUID

from sqlalchemy import bindparam, update
from sqlalchemy.dialects import postgresql, sqlite

from adapters.sql.tables import chat_session_usage
from adapters.sql.transaction import Transaction
from domain.chat import ChatMessage

_KEY = ("session_id", "day", "llm_provider", "llm_model")
_COUNTERS = ("messages", "tokens_used", "timed_replies", "response_time_ms")


@dataclass(frozen=True, slots=True)
class Usage:
    """What one message adds to the counters of its session, day and model; no model is the empty text."""

    session_id: UUID
    day: date
    llm_provider: str
    llm_model: str
    messages: int
    tokens_used: int
    timed_replies: int
    response_time_ms: int

    @classmethod
    def of(cls, message: ChatMessage) -> "Usage":
        """The message's share."""
        return cls(
            session_id=message.session_id,
            day=message.created_at.astimezone(UTC).date(),
            llm_provider=message.llm_provider.value if message.llm_provider else "",
            llm_model=message.llm_model or "",
            messages=1,
            tokens_used=message.tokens_used,
            timed_replies=int(message.response_time_ms is not None),
            response_time_ms=message.response_time_ms or 0,
        )


def _adding(insert: sqlite.Insert | postgresql.Insert) -> sqlite.Insert | postgresql.Insert:
    return insert.on_conflict_do_update(
        index_elements=[chat_session_usage.c[name] for name in _KEY],
        set_={name: chat_session_usage.c[name] + insert.excluded[name] for name in _COUNTERS},
    )


_ADD = {True: _adding(sqlite.insert(chat_session_usage)), False: _adding(postgresql.insert(chat_session_usage))}


_CORRECT = (
    update(chat_session_usage)
    .where(*(chat_session_usage.c[name] == bindparam(f"b_{name}") for name in _KEY))
    .values({name: chat_session_usage.c[name] + bindparam(f"more_{name}") for name in _COUNTERS})
)


async def count(transaction: Transaction, before: Usage | None, after: Usage) -> None:
    """Correct the counters by what changed of a message."""
    if before == after:
        return
    if before is not None and _place(before) == _place(after):
        await _correct(transaction, after, {name: _value(after, name) - _value(before, name) for name in _COUNTERS})
        return
    if before is not None:
        await _correct(transaction, before, {name: -_value(before, name) for name in _COUNTERS})
    row = {name: _value(after, name) for name in _COUNTERS}
    key = dict(zip(_KEY, _place(after), strict=True))
    await transaction.execute(_ADD[transaction.is_sqlite], {**key, **row})


async def _correct(transaction: Transaction, usage: Usage, more: dict[str, int]) -> None:
    key = {f"b_{name}": value for name, value in zip(_KEY, _place(usage), strict=True)}
    await transaction.execute(_CORRECT, {**key, **{f"more_{name}": value for name, value in more.items()}})


def _place(usage: Usage) -> tuple[object, ...]:
    return usage.session_id, usage.day, usage.llm_provider, usage.llm_model


def _value(usage: Usage, name: str) -> int:
    return int(getattr(usage, name))
