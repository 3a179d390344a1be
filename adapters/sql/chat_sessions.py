"""Chat sessions with their participants."""

from datetime import datetime

from sqlalchemy import bindparam, delete, insert, select, update

from adapters.sql.chat_rows import session_from_row, session_to_row
from adapters.sql.tables import chat_participants, chat_sessions
from adapters.sql.transaction import Transaction
from application.ports.chat import ChatSessionRepository
from domain.chat import ChatSession, ChatSessionId
from domain.errors import NotFound
from domain.identity import MemberId

_GET = select(chat_sessions).where(chat_sessions.c.id == bindparam("key")).with_for_update()
_PARTICIPANTS = (
    select(chat_participants.c.member_id)
    .where(chat_participants.c.session_id == bindparam("key"))
    .order_by(chat_participants.c.position)
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
        participants = await self._transaction.all(_PARTICIPANTS, {"key": session_id})
        session = session_from_row(row, (participant.member_id for participant in participants))
        self._transaction.loaded(session.id, session.version)
        self._participants[session.id] = session.participants
        return session

    async def save(self, session: ChatSession) -> None:
        await self._transaction.update(_UPDATE, session.id, session.version, session_to_row(session))
        if self._participants.get(session.id) != session.participants:
            await self._transaction.execute(_LEAVE, {"key": session.id})
            await self._join(session)
        self._transaction.collect(session)

    async def delete(self, session: ChatSession) -> None:
        await self._transaction.execute(_DELETE, {"key": session.id})
        self._transaction.collect(session)

    async def allocate_seq(self, session_id: ChatSessionId, count: int, now: datetime) -> int:
        row = await self._transaction.first(_ALLOCATE, {"key": session_id, "count": count, "now": now})
        if row is None:
            raise _absent(session_id)
        return int(row.last_seq) - count + 1

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
