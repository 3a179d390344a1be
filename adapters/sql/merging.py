"""Making one member's belongings another's."""

from sqlalchemy import Uuid, bindparam, case, delete, select, union, update

from adapters.sql.audit_persons import move_trail
from adapters.sql.chat_rows import session_from_row
from adapters.sql.saved_guides import SqlSavedGuideRepository
from adapters.sql.tables import (
    chat_messages,
    chat_participants,
    chat_sessions,
    idempotency_keys,
    link_requests,
    members,
    one_time_tokens,
    role_grants,
    sign_ins,
)
from adapters.sql.tables import telegram_user_guide_collections as saved_guides
from adapters.sql.transaction import Transaction
from application.ports.linking import MemberMerging
from domain.errors import Conflict
from domain.guides import GuideId
from domain.identity import MemberId

_absorbed, _survivor = bindparam("b_absorbed", type_=Uuid()), bindparam("b_survivor", type_=Uuid())
_other = chat_participants.alias("other")

_BOTH = select(members.c.id).where(members.c.id.in_((_absorbed, _survivor))).order_by(members.c.id).with_for_update()

_MOVING = union(
    select(chat_sessions.c.id).where(chat_sessions.c.user_id == _absorbed),
    select(chat_participants.c.session_id).where(chat_participants.c.member_id == _absorbed),
)
_SESSIONS = select(chat_sessions).where(chat_sessions.c.id.in_(_MOVING)).order_by(chat_sessions.c.id).with_for_update()
_PARTICIPANTS = (
    select(chat_participants.c.session_id, chat_participants.c.member_id)
    .where(chat_participants.c.session_id.in_(_MOVING))
    .order_by(chat_participants.c.session_id, chat_participants.c.position)
)
_MOVE_SESSIONS = (
    update(chat_sessions)
    .where(chat_sessions.c.id.in_(_MOVING))
    .values(
        user_id=case((chat_sessions.c.user_id == _absorbed, _survivor), else_=chat_sessions.c.user_id),
        version=chat_sessions.c.version + 1,
    )
)
_THEIR_PLACE = (
    select(_other.c.position)
    .where(_other.c.session_id == chat_participants.c.session_id, _other.c.member_id == _absorbed)
    .scalar_subquery()
)
_TAKE_EARLIER_PLACE = (
    update(chat_participants)
    .where(chat_participants.c.member_id == _survivor, chat_participants.c.position > _THEIR_PLACE)
    .values(position=_THEIR_PLACE)
)
_LEAVE_TWICE_JOINED = delete(chat_participants).where(
    chat_participants.c.member_id == _absorbed,
    chat_participants.c.session_id.in_(select(_other.c.session_id).where(_other.c.member_id == _survivor)),
)
_own_keys = idempotency_keys.alias("own")
_DROP_TWICE_USED_KEYS = delete(idempotency_keys).where(
    idempotency_keys.c.member_id == _absorbed,
    idempotency_keys.c.key.in_(select(_own_keys.c.key).where(_own_keys.c.member_id == _survivor)),
)
_own_guides = saved_guides.alias("own")
_TWICE_SAVED = (
    select(saved_guides.c.guide_id)
    .where(
        saved_guides.c.member_id == _absorbed,
        saved_guides.c.guide_id.in_(select(_own_guides.c.guide_id).where(_own_guides.c.member_id == _survivor)),
    )
    .order_by(saved_guides.c.guide_id)
)
_HAND_OVER = tuple(
    update(column.table).where(column == _absorbed).values({column: _survivor})
    for column in (
        chat_participants.c.member_id,
        chat_messages.c.author_id,
        saved_guides.c.member_id,
        sign_ins.c.member_id,
        one_time_tokens.c.member_id,
        link_requests.c.member_id,
        idempotency_keys.c.member_id,
        role_grants.c.granted_by,
    )
)


class SqlMemberMerging(MemberMerging):
    """Whole tables' worth of rows change hands by one statement each.

    Both members stay locked, so that nothing new can name the absorbed one meanwhile.
    """

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def move_belongings(self, absorbed: MemberId, survivor: MemberId) -> None:
        pair = {"b_absorbed": absorbed, "b_survivor": survivor}
        # The sessions first: whoever writes into one has locked it before the message names its author.
        await self._transaction.all(_SESSIONS, {"b_absorbed": absorbed})
        if len(await self._transaction.all(_BOTH, pair)) != 2:
            raise Conflict("The member does not exist any more.")
        await self._announce_sessions(absorbed, survivor)
        for row in await self._transaction.all(_TWICE_SAVED, pair):
            await self._unite(GuideId(row.guide_id), absorbed, survivor)
        for statement in (_MOVE_SESSIONS, _TAKE_EARLIER_PLACE, _LEAVE_TWICE_JOINED, _DROP_TWICE_USED_KEYS, *_HAND_OVER):
            await self._transaction.execute(statement, pair)
        await move_trail(self._transaction, absorbed, survivor)

    async def _announce_sessions(self, absorbed: MemberId, survivor: MemberId) -> None:
        rows = await self._transaction.all(_SESSIONS, {"b_absorbed": absorbed})
        participants: dict[object, list[MemberId]] = {row.id: [] for row in rows}
        for session_id, member_id in await self._transaction.all(_PARTICIPANTS, {"b_absorbed": absorbed}):
            participants[session_id].append(MemberId(member_id))
        for row in rows:
            session = session_from_row(row, participants[row.id])
            session.member_merged(absorbed, survivor)
            self._transaction.collect(session)

    async def _unite(self, guide_id: GuideId, absorbed: MemberId, survivor: MemberId) -> None:
        collections = SqlSavedGuideRepository(self._transaction)
        own, other = await collections.find(survivor, guide_id), await collections.find(absorbed, guide_id)
        if own is not None and other is not None:
            own.take_over(other)
            await collections.save(own)
            await collections.remove(absorbed, guide_id)
