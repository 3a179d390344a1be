"""A member's figures, from the counters."""

from collections.abc import Mapping
from datetime import UTC, datetime

from sqlalchemy import bindparam, case, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.sql.tables import chat_participants, chat_session_usage, chat_sessions
from application.ports.chat import ChatStats
from domain.chat import LLMProvider
from domain.identity import MemberId

_SESSIONS = (
    select(func.count().label("total"), func.count(case((chat_sessions.c.is_active, 1))).label("active"))
    .select_from(chat_participants.join(chat_sessions, chat_sessions.c.id == chat_participants.c.session_id))
    .where(chat_participants.c.member_id == bindparam("member"))
)
_today = case((chat_session_usage.c.day >= bindparam("today"), chat_session_usage.c.messages), else_=0)
_USAGE = (
    select(
        chat_session_usage.c.llm_provider,
        chat_session_usage.c.llm_model,
        func.sum(chat_session_usage.c.messages).label("messages"),
        func.sum(_today).label("today"),
        func.sum(chat_session_usage.c.tokens_used).label("tokens_used"),
        func.sum(chat_session_usage.c.timed_replies).label("timed_replies"),
        func.sum(chat_session_usage.c.response_time_ms).label("response_time_ms"),
    )
    .select_from(
        chat_participants.join(chat_session_usage, chat_session_usage.c.session_id == chat_participants.c.session_id)
    )
    .where(chat_participants.c.member_id == bindparam("member"))
    .group_by(chat_session_usage.c.llm_provider, chat_session_usage.c.llm_model)
)


async def read_stats(connection: AsyncConnection, member_id: MemberId, today: datetime) -> ChatStats:
    """The figures of all sessions in which the member takes part."""
    sessions = (await connection.execute(_SESSIONS, {"member": member_id})).one()
    day = today.astimezone(UTC).date()
    usage = (await connection.execute(_USAGE, {"member": member_id, "today": day})).all()
    providers: dict[str, int] = {}
    models: dict[str, int] = {}
    for row in usage:
        providers[row.llm_provider] = providers.get(row.llm_provider, 0) + int(row.messages)
        models[row.llm_model] = models.get(row.llm_model, 0) + int(row.messages)
    timed = sum(int(row.timed_replies) for row in usage)
    provider = _most_used(providers)
    return ChatStats(
        total_sessions=sessions.total,
        total_messages=sum(int(row.messages) for row in usage),
        active_sessions=sessions.active,
        messages_today=sum(int(row.today) for row in usage),
        average_response_time_ms=sum(int(row.response_time_ms) for row in usage) / timed if timed else None,
        most_used_provider=None if provider is None else LLMProvider(provider),
        most_used_model=_most_used(models),
        tokens_used=sum(int(row.tokens_used) for row in usage),
    )


def _most_used(counts: Mapping[str, int]) -> str | None:
    named = [name for name, count in counts.items() if name and count > 0]
    return min(named, key=lambda name: (-counts[name], name), default=None)
