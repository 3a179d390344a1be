"""Chat sessions with their participants."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, delete, insert, select, update

from adapters.sql.chat_rows import session_from_row, session_to_row
from adapters.sql.tables import chat_participants, chat_sessions
from adapters.sql.transaction import Transaction
from adapters.sql.types import AnyRow
from application.ports.chat import ChatSessionRepository
from domain.chat import ChatSession, ChatSessionId
from domain.errors import NotFound
from domain.events import session_channel
from domain.identity import MemberId

_GET = select(chat_sessions).where(chat_sessions.c.id == bindparam("key")).with_for_update()
_PARTICIPANTS = (
    select(chat_participants.c.session_id, chat_participants.c.member_id)
    .where(chat_participants.c.session_id.in_(bindparam("keys", expanding=True)))
    .order_by(chat_participants.c.session_id, chat_participants.c.position)
)
# Engines take some 32,000 parameters in a statement.
_SESSIONS_AT_ONCE = 5_000
_OF_MEMBER = select(chat_participants.c.session_id).where(chat_participants.c.member_id == bindparam("key"))
_SESSIONS_OF_MEMBER = (
    select(chat_sessions).where(chat_sessions.c.id.in_(_OF_MEMBER)).order_by(chat_sessions.c.id).with_for_update()
)
_LEAVE = delete(chat_participants).where(chat_participants.c.session_id == bindparam("key"))
_UPDATE = update(chat_sessions).where(
    chat_sessions.c.id == bindparam("b_id"), chat_sessions.c.version == bindparam("b_version")
)
_DELETE = delete(chat_sessions).where(chat_sessions.c.id == bindparam("key"))
_ALLOCATE = (
    update(chat_sessions)
    .where(chat_sessions.c.id == bindparam("key"))
    .values(last_seq=chat_sessions.c.last_seq + bindparam("count"), updated_at=bindparam("now"))
    .returning(chat_sessions.c.last_seq)
)


class SqlChatSessionRepository(ChatSessionRepository):
    """The owner is a participant like the others."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._participants: dict[ChatSessionId, tuple[MemberId, ...]] = {}

    async def add(self, session: ChatSession) -> None:
        await self._transaction.execute(
            insert(chat_sessions), {**session_to_row(session), "last_seq": session.last_seq}
        )
        await self._join(session)
        self._transaction.loaded(session.id, session.version)
        self._transaction.collect(session)

    async def get(self, session_id: ChatSessionId) -> ChatSession:
        row = await self._transaction.first(_GET, {"key": session_id})
        if row is None:
            raise _absent(session_id)
        return (await self._read([row]))[0]

    async def of_member(self, member_id: MemberId) -> Sequence[ChatSession]:
        return await self._read(await self._transaction.all(_SESSIONS_OF_MEMBER, {"key": member_id}))

    async def save(self, session: ChatSession) -> None:
        await self._transaction.update(_UPDATE, session.id, session.version, session_to_row(session))
        if self._participants.get(session.id) != session.participants:
            await self._transaction.execute(_LEAVE, {"key": session.id})
            await self._join(session)
        self._transaction.collect(session)

    async def delete(self, session: ChatSession) -> None:
        await self._transaction.execute(_DELETE, {"key": session.id})
        self._transaction.ended.add(session_channel(session.id))
        self._transaction.collect(session)

    async def allocate_seq(self, session_id: ChatSessionId, count: int, now: datetime) -> int:
        row = await self._transaction.first(_ALLOCATE, {"key": session_id, "count": count, "now": now})
        if row is None:
            raise _absent(session_id)
        return int(row.last_seq) - count + 1

    async def _read(self, rows: Sequence[AnyRow]) -> list[ChatSession]:
        """The sessions of these rows, which are locked by now: who takes part in them stays."""
        participants: dict[ChatSessionId, list[MemberId]] = {row.id: [] for row in rows}
        keys = list(participants)
        for start in range(0, len(keys), _SESSIONS_AT_ONCE):
            some = {"keys": keys[start : start + _SESSIONS_AT_ONCE]}
            for session_id, member_id in await self._transaction.all(_PARTICIPANTS, some):
                participants[session_id].append(member_id)
        sessions = [session_from_row(row, participants[row.id]) for row in rows]
        for session in sessions:
            self._transaction.loaded(session.id, session.version)
            self._participants[session.id] = session.participants
        return sessions

    async def _join(self, session: ChatSession) -> None:
        rows = [
            {
                "session_id": session.id,
                "member_id": member_id,
                "position": position,
                "session_created_at": session.created_at,
            }
            for position, member_id in enumerate(session.participants)
        ]
        if rows:
            await self._transaction.execute(insert(chat_participants), rows)
        self._participants[session.id] = session.participants


def _absent(session_id: ChatSessionId) -> NotFound:
    return NotFound("There is no such session.", session_id=str(session_id))
