"""Reads of chat."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, bindparam, exists, func, literal, select, text, tuple_
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.sql.chat_rows import message_snapshot, session_snapshot
from adapters.sql.chat_stats import read_stats
from adapters.sql.database import Database
from adapters.sql.tables import chat_message_words, chat_messages, chat_participants, chat_sessions
from adapters.sql.types import AnyRow
from application.paging import decode_cursor, encode_cursor
from application.ports.chat import ChatQueries, ChatStats, MessageHit, SessionFilter, SessionPage
from application.words import snippet
from domain.chat import ChatMessageId, ChatSessionId, MessageSnapshot, SessionSnapshot
from domain.identity import MemberId

_own = chat_participants.c.member_id == bindparam("member")
_JOINED = chat_participants.join(chat_sessions, chat_sessions.c.id == chat_participants.c.session_id)
_PLACE = (chat_participants.c.session_created_at, chat_participants.c.session_id)
_COUNT = select(func.count()).select_from(chat_participants).where(_own)
_COUNT_FILTERED = select(func.count()).select_from(_JOINED).where(_own)
_SESSIONS = (
    select(chat_sessions)
    .select_from(_JOINED)
    .where(_own)
    .order_by(*(column.desc() for column in _PLACE))
    .limit(bindparam("count"))
    .offset(bindparam("skip"))
)
_SESSION = select(chat_sessions).select_from(_JOINED).where(_own, chat_sessions.c.id == bindparam("key"))
_PARTICIPANTS = (
    select(chat_participants.c.session_id, chat_participants.c.member_id)
    .where(chat_participants.c.session_id.in_(bindparam("keys", expanding=True)))
    .order_by(chat_participants.c.session_id, chat_participants.c.position)
)
_TAKES_PART = exists().where(chat_participants.c.session_id == chat_messages.c.session_id, _own)
_MESSAGE = select(chat_messages).where(chat_messages.c.id == bindparam("key"), _TAKES_PART)
_MESSAGES = select(chat_messages).where(chat_messages.c.session_id == bindparam("key")).limit(bindparam("count"))
_LAST = _MESSAGES.order_by(chat_messages.c.seq.desc())
_BEFORE = _LAST.where(chat_messages.c.seq < bindparam("before"))
_AFTER = _MESSAGES.where(chat_messages.c.seq > bindparam("after")).order_by(chat_messages.c.seq)
_HITS = (
    select(chat_messages, chat_sessions.c.title.label("session_title"))
    .select_from(
        chat_message_words.join(chat_messages, chat_messages.c.id == chat_message_words.c.message_id).join(
            chat_sessions, chat_sessions.c.id == chat_messages.c.session_id
        )
    )
    .where(_TAKES_PART)
    .order_by(chat_messages.c.created_at.desc(), chat_messages.c.id.desc())
    .limit(bindparam("count"))
)
_SQLITE_HITS = _HITS.where(
    text(
        "chat_message_words.pk IN (SELECT rowid FROM chat_message_words_fts WHERE chat_message_words_fts MATCH :query)"
    )
)
_POSTGRESQL_HITS = _HITS.where(
    text("array_to_tsvector(string_to_array(words, ' ')) @@ :query").bindparams(bindparam("query", type_=TSQUERY))
)


class SqlChatQueries(ChatQueries):
    """Walks indexes of the member's own rows; a page costs the same however large the tables are."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def sessions(
        self, member_id: MemberId, where: SessionFilter, *, limit: int, offset: int = 0, cursor: str | None = None
    ) -> SessionPage:
        conditions = _narrowed(where)
        statement = _SESSIONS.where(*conditions)
        if cursor is not None:
            created_at, last = decode_cursor(cursor, datetime, UUID)
            statement = statement.where(tuple_(*_PLACE) < tuple_(literal(created_at, _PLACE[0].type), last))
        counting = _COUNT_FILTERED.where(*conditions) if conditions else _COUNT
        async with self._database.read() as connection:
            total = (await connection.execute(counting, {"member": member_id})).scalar_one()
            page = {"member": member_id, "count": limit + 1, "skip": offset}
            rows = (await connection.execute(statement, page)).all()
            items = await _snapshots(connection, rows[:limit])
        more = len(rows) > limit
        return SessionPage(items, total, encode_cursor(items[-1].created_at, items[-1].id) if more else None)

    async def session(self, member_id: MemberId, session_id: ChatSessionId) -> SessionSnapshot | None:
        async with self._database.read() as connection:
            rows = (await connection.execute(_SESSION, {"member": member_id, "key": session_id})).all()
            found = await _snapshots(connection, rows)
        return found[0] if found else None

    async def message(self, member_id: MemberId, message_id: ChatMessageId) -> MessageSnapshot | None:
        async with self._database.read() as connection:
            row = (await connection.execute(_MESSAGE, {"member": member_id, "key": message_id})).first()
        return None if row is None else message_snapshot(row)

    async def messages(
        self, session_id: ChatSessionId, *, before: int | None, after: int | None, limit: int
    ) -> Sequence[MessageSnapshot]:
        parameters: dict[str, object] = {"key": session_id, "count": limit}
        statement = _LAST
        if before is not None:
            statement, parameters = _BEFORE, {**parameters, "before": before}
        if after is not None:
            statement = _AFTER if before is None else _AFTER.where(chat_messages.c.seq < bindparam("before"))
            parameters = {**parameters, "after": after}
        async with self._database.read() as connection:
            rows = (await connection.execute(statement, parameters)).all()
        return [message_snapshot(row) for row in (rows if after is not None else reversed(rows))]

    async def search(self, member_id: MemberId, terms: Sequence[str], limit: int) -> Sequence[MessageHit]:
        if not terms:
            return ()
        statement, query = (
            (_SQLITE_HITS, _fts5_query(terms)) if self._database.is_sqlite else (_POSTGRESQL_HITS, _tsquery(terms))
        )
        parameters = {"member": member_id, "query": query, "count": limit}
        async with self._database.read() as connection:
            rows = (await connection.execute(statement, parameters)).all()
        return [MessageHit(message_snapshot(row), row.session_title, snippet(row.content, terms)) for row in rows]

    async def stats(self, member_id: MemberId, today: datetime) -> ChatStats:
        async with self._database.read() as connection:
            return await read_stats(connection, member_id, today)


def _narrowed(where: SessionFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if where.is_active is not None:
        conditions.append(chat_sessions.c.is_active.is_(where.is_active))
    if where.llm_provider is not None:
        conditions.append(chat_sessions.c.llm_provider == where.llm_provider.value)
    return conditions


async def _snapshots(connection: AsyncConnection, rows: Iterable[AnyRow]) -> tuple[SessionSnapshot, ...]:
    found = {row.id: row for row in rows}
    if not found:
        return ()
    participants: dict[UUID, list[UUID]] = {key: [] for key in found}
    for session_id, member_id in await connection.execute(_PARTICIPANTS, {"keys": list(found)}):
        participants[session_id].append(member_id)
    return tuple(session_snapshot(row, participants[key]) for key, row in found.items())


def _fts5_query(terms: Sequence[str]) -> str:
    return " AND ".join(f'"{term}"' for term in terms) + "*"


def _tsquery(terms: Sequence[str]) -> str:
    return " & ".join(f"'{term}'" for term in terms) + ":*"
