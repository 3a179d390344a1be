"""Reads of members."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, bindparam, exists, false, func, literal, null, or_, select, true, tuple_

from adapters.sql.database import Database
from adapters.sql.identity_rows import folded, grant_from_row
from adapters.sql.member_views import member_view, sign_in_view
from adapters.sql.tables import members, role_grants, sign_ins, telegram_users, users
from application.paging import decode_cursor, encode_cursor
from application.ports.identity import MemberQueries, MemberView, SignInView
from application.ports.paging import Page
from domain.identity import Actor, Grant, MemberId, Role, SignInId

_ACCOUNTS = (users, telegram_users)


_LATER = role_grants.c.until > bindparam("now")


def _role(member_id: ColumnElement[UUID]) -> ColumnElement[int]:
    """The effective role at `now` of the member whose id stands in this column."""
    return (
        select(func.coalesce(func.max(role_grants.c.role), int(Role.PUBLIC)))
        .where(role_grants.c.member_id == member_id, or_(role_grants.c.until.is_(None), _LATER))
        .scalar_subquery()
    )


def _next_end(member_id: ColumnElement[UUID]) -> ColumnElement[datetime | None]:
    """When the first of that member's grants that are valid at `now` ends."""
    return select(func.min(role_grants.c.until)).where(role_grants.c.member_id == member_id, _LATER).scalar_subquery()


def _banned(member_id: ColumnElement[UUID]) -> ColumnElement[bool]:
    """Whether an account of that member is banned."""
    return or_(*(exists().where(a.c.member_id == member_id, a.c.is_active == false()) for a in _ACCOUNTS))


_ACTOR = select(
    members.c.id.label("member_id"),
    _role(members.c.id).label("role"),
    _next_end(members.c.id).label("grant_ends"),
    null().label("sign_in_ends"),
).where(members.c.id == bindparam("key"), ~_banned(members.c.id))
_ACTIVE = (sign_ins.c.ended_at.is_(None), sign_ins.c.expires_at > bindparam("now"))
_SIGNED_IN_ACTOR = select(
    sign_ins.c.member_id,
    _role(sign_ins.c.member_id).label("role"),
    _next_end(sign_ins.c.member_id).label("grant_ends"),
    sign_ins.c.expires_at.label("sign_in_ends"),
).where(sign_ins.c.id == bindparam("key"), *_ACTIVE, ~_banned(sign_ins.c.member_id))
_VIEW = select(
    members.c.id,
    members.c.created_at,
    users.c.email,
    users.c.email_verified,
    users.c.username,
    users.c.password_hash.is_not(None).label("has_password"),
    telegram_users.c.telegram_id,
    telegram_users.c.telegram_username,
    telegram_users.c.first_name,
    telegram_users.c.last_name,
    telegram_users.c.blocked_bot_at,
    telegram_users.c.preferences,
    _role(members.c.id).label("role"),
    and_(*(func.coalesce(accounts.c.is_active, true()) for accounts in _ACCOUNTS)).label("is_active"),
).select_from(
    members.outerjoin(users, users.c.member_id == members.c.id).outerjoin(
        telegram_users, telegram_users.c.member_id == members.c.id
    )
)
_ONE = _VIEW.where(members.c.id == bindparam("key"))
_BY_TELEGRAM_ID = _VIEW.where(telegram_users.c.telegram_id == bindparam("key"))
_place = tuple_(members.c.created_at, members.c.id)
_PAGE = _VIEW.order_by(members.c.created_at.desc(), members.c.id.desc()).limit(bindparam("count"))
_SEARCHED = (users.c.email_key, users.c.username_key, telegram_users.c.search_key)
_GRANTS = (
    select(role_grants)
    .where(role_grants.c.member_id == bindparam("key"))
    .order_by(role_grants.c.created_at.desc(), role_grants.c.id.desc())
)
_SIGN_INS = (
    select(sign_ins)
    .where(sign_ins.c.member_id == bindparam("key"), *_ACTIVE)
    .order_by(sign_ins.c.created_at.desc(), sign_ins.c.id.desc())
    .limit(bindparam("count"))
)
_sign_in_place = tuple_(sign_ins.c.created_at, sign_ins.c.id)


class SqlMemberQueries(MemberQueries):
    """Roles come from the grants valid at the time given, not from the stored role."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def actor(self, member_id: MemberId, sign_in_id: SignInId | None, now: datetime) -> Actor | None:
        statement, key = (_ACTOR, member_id) if sign_in_id is None else (_SIGNED_IN_ACTOR, sign_in_id)
        async with self._database.read() as connection:
            row = (await connection.execute(statement, {"key": key, "now": now})).first()
        if row is None:
            return None
        ends = [end for end in (row.grant_ends, row.sign_in_ends) if end is not None]
        return Actor(MemberId(row.member_id), Role(row.role), sign_in_id, changes_at=min(ends, default=None))

    async def view(self, member_id: MemberId, now: datetime) -> MemberView | None:
        async with self._database.read() as connection:
            row = (await connection.execute(_ONE, {"key": member_id, "now": now})).first()
        return None if row is None else member_view(row)

    async def by_telegram_id(self, telegram_id: int, now: datetime) -> MemberView | None:
        async with self._database.read() as connection:
            row = (await connection.execute(_BY_TELEGRAM_ID, {"key": telegram_id, "now": now})).first()
        return None if row is None else member_view(row)

    async def page(self, search: str, cursor: str | None, limit: int, now: datetime) -> Page[MemberView]:
        statement, parameters = _PAGE, {"now": now, "count": limit + 1}
        if search:
            needle = folded(search)
            statement = statement.where(or_(*(column.contains(needle, autoescape=True) for column in _SEARCHED)))
        if cursor is not None:
            created_at, last = decode_cursor(cursor, datetime, UUID)
            statement = statement.where(tuple_(literal(created_at, members.c.created_at.type), last) > _place)
        async with self._database.read() as connection:
            rows = (await connection.execute(statement, parameters)).all()
        views = tuple(member_view(row) for row in rows[:limit])
        more = len(rows) > limit
        return Page(views, encode_cursor(views[-1].created_at, views[-1].id) if more else None)

    async def grants(self, member_id: MemberId) -> Sequence[Grant]:
        async with self._database.read() as connection:
            rows = (await connection.execute(_GRANTS, {"key": member_id})).all()
        return [grant_from_row(row) for row in rows]

    async def sign_ins(self, member_id: MemberId, cursor: str | None, limit: int, now: datetime) -> Page[SignInView]:
        statement, parameters = _SIGN_INS, {"key": member_id, "now": now, "count": limit + 1}
        if cursor is not None:
            created_at, last = decode_cursor(cursor, datetime, UUID)
            statement = statement.where(tuple_(literal(created_at, sign_ins.c.created_at.type), last) > _sign_in_place)
        async with self._database.read() as connection:
            rows = (await connection.execute(statement, parameters)).all()
        views = tuple(sign_in_view(row) for row in rows[:limit])
        more = len(rows) > limit
        return Page(views, encode_cursor(views[-1].created_at, views[-1].id) if more else None)
