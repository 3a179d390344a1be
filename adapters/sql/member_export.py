"""All that is kept of a member, read in pages."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from sqlalchemy import BindParameter, Column, Select, bindparam, literal, or_, select, tuple_

from adapters.sql.audit import SqlAuditQueries
from adapters.sql.chat_rows import message_snapshot, session_snapshot
from adapters.sql.database import Database
from adapters.sql.identity_rows import grant_from_row, member_from_rows
from adapters.sql.saved_guides import saved_guide_from_row
from adapters.sql.sign_ins import sign_in_from_row
from adapters.sql.tables import (
    chat_messages,
    chat_participants,
    chat_sessions,
    members,
    outgoing_messages,
    role_grants,
    sign_ins,
    telegram_guides,
    telegram_users,
    telegram_webhooks,
    users,
)
from adapters.sql.tables import telegram_user_guide_collections as saved_guides
from adapters.sql.tables.telegram import UPDATE_HAS_BODY
from adapters.sql.telegram_rows import outgoing_from_row, update_from_row
from adapters.sql.types import AnyRow
from application.ports.audit import AuditFilter
from application.ports.identity import MemberExport
from application.ports.member_records import (
    Record,
    account_record,
    audit_record,
    grant_record,
    message_record,
    outgoing_record,
    saved_guide_record,
    session_record,
    sign_in_record,
    telegram_record,
    update_record,
)
from application.realtime.events import plain
from domain.chat import MessageRole
from domain.identity import Member, MemberId
from domain.telegram import private_lanes

PAGE = 200

_own: BindParameter[Any] = bindparam("member", type_=members.c.id.type)
_MEMBER = select(members).where(members.c.id == _own)
_USER = select(users).where(users.c.member_id == _own)
_TELEGRAM = select(telegram_users).where(telegram_users.c.member_id == _own)
_GRANTS = select(role_grants).where(role_grants.c.member_id == _own)
_SIGN_INS = select(sign_ins).where(sign_ins.c.member_id == _own)
_SAVED = (
    select(saved_guides, telegram_guides.c.title)
    .join(telegram_guides, telegram_guides.c.id == saved_guides.c.guide_id)
    .where(saved_guides.c.member_id == _own)
)
_SESSIONS = (
    select(chat_sessions, chat_participants.c.session_created_at, chat_participants.c.session_id)
    .join(chat_participants, chat_participants.c.session_id == chat_sessions.c.id)
    .where(chat_participants.c.member_id == _own)
)
_OWNED = select(chat_sessions.c.created_at, chat_sessions.c.id).where(chat_sessions.c.user_id == _own)
_IN_OWNED = select(chat_messages).where(
    chat_messages.c.session_id == bindparam("session"),
    or_(chat_messages.c.author_id == _own, chat_messages.c.role == MessageRole.ASSISTANT.value),
)
_ELSEWHERE = (
    select(chat_messages)
    .join(chat_sessions, chat_sessions.c.id == chat_messages.c.session_id)
    .where(chat_messages.c.author_id == _own, chat_sessions.c.user_id != _own)
)
_TOLD = select(telegram_webhooks).where(
    telegram_webhooks.c.lane.in_(bindparam("lanes", expanding=True)), UPDATE_HAS_BODY
)
_SAID = select(outgoing_messages).where(outgoing_messages.c.chat_id == bindparam("chat"))


class SqlMemberExport(MemberExport):
    """Each page is a read of its own, so that a slow reader holds no connection."""

    def __init__(self, database: Database, page: int = PAGE) -> None:
        self._database = database
        self._page = page

    async def records(self, member_id: MemberId) -> AsyncIterator[tuple[str, Mapping[str, object]]]:
        member = await self._member(member_id)
        if member is None:
            return
        async for section, record in self._sections(member):
            yield section, {name: plain(value) for name, value in record.items()}

    async def _sections(self, member: Member) -> AsyncIterator[tuple[str, Record]]:
        own = {"member": member.id}
        yield "account", account_record(member)
        if member.telegram is not None:
            yield "telegram", telegram_record(member.telegram)
        async for row in self._rows(_GRANTS, own, role_grants.c.id):
            yield "grants", grant_record(grant_from_row(row))
        async for row in self._rows(_SIGN_INS, own, sign_ins.c.id):
            yield "sign_ins", sign_in_record(sign_in_from_row(row))
        async for row in self._rows(_SAVED, own, saved_guides.c.saved_at, saved_guides.c.id):
            yield "saved_guides", saved_guide_record(saved_guide_from_row(row), row.title)
        place = (chat_participants.c.session_created_at, chat_participants.c.session_id)
        async for row in self._rows(_SESSIONS, own, *place):
            yield "sessions", session_record(session_snapshot(row, ()), member.id)
        async for pair in self._said(member):
            yield pair
        async for record in self._audit(member.id):
            yield "audit", record

    async def _said(self, member: Member) -> AsyncIterator[tuple[str, Record]]:
        async for row in self._messages(member.id):
            yield "messages", message_record(message_snapshot(row))
        if member.telegram is None:
            return
        chat_id = member.telegram.telegram_id
        async for row in self._rows(_TOLD, {"lanes": private_lanes(chat_id)}, telegram_webhooks.c.id):
            yield "told_the_bot", update_record(update_from_row(row))
        async for row in self._rows(_SAID, {"chat": chat_id}, outgoing_messages.c.position):
            yield "said_by_the_bot", outgoing_record(outgoing_from_row(row))

    async def _member(self, member_id: MemberId) -> Member | None:
        own = {"member": member_id}
        async with self._database.read() as connection:
            row = (await connection.execute(_MEMBER, own)).first()
            user = (await connection.execute(_USER, own)).first()
            telegram = (await connection.execute(_TELEGRAM, own)).first()
        return None if row is None else member_from_rows(row, user, telegram, ())

    async def _messages(self, member_id: MemberId) -> AsyncIterator[AnyRow]:
        own = {"member": member_id}
        async for session in self._rows(_OWNED, own, chat_sessions.c.created_at, chat_sessions.c.id):
            async for row in self._rows(_IN_OWNED, {**own, "session": session.id}, chat_messages.c.seq):
                yield row
        async for row in self._rows(_ELSEWHERE, own, chat_messages.c.id):
            yield row

    async def _audit(self, member_id: MemberId) -> AsyncIterator[Record]:
        queries, cursor = SqlAuditQueries(self._database), None
        while True:
            page = await queries.page(AuditFilter(member_id=member_id), cursor, self._page)
            for entry in page.items:
                yield audit_record(entry, member_id)
            cursor = page.next_cursor
            if cursor is None:
                return

    async def _rows(
        self, statement: Select[Any], parameters: Mapping[str, object], *place: Column[Any]
    ) -> AsyncIterator[AnyRow]:
        page = statement.order_by(*place).limit(self._page)
        last: Sequence[object] | None = None
        while True:
            following = page if last is None else page.where(_after(place, last))
            async with self._database.read() as connection:
                rows = (await connection.execute(following, dict(parameters))).all()
            for row in rows:
                yield row
            if len(rows) < self._page:
                return
            last = [getattr(rows[-1], column.name) for column in place]


def _after(place: Sequence[Column[Any]], last: Sequence[object]) -> Any:
    if len(place) == 1:
        return place[0] > last[0]
    return tuple_(*place) > tuple_(*(literal(value, column.type) for column, value in zip(place, last, strict=True)))
