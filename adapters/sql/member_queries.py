"""Reads of members."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, exists, false, func, literal, or_, select, true, tuple_

from adapters.sql.database import Database
from adapters.sql.identity_rows import folded
from adapters.sql.tables import members, role_grants, sign_ins, users
from adapters.sql.types import AnyRow
from application.paging import decode_cursor, encode_cursor
from application.ports.identity import MemberQueries, MemberView
from application.ports.paging import Page
from domain.identity import Actor, MemberId, Role, SignInId

_ROLE = (
    select(func.coalesce(func.max(role_grants.c.role), int(Role.PUBLIC)))
    .where(
        role_grants.c.member_id == members.c.id,
        or_(role_grants.c.until.is_(None), role_grants.c.until > bindparam("now")),
    )
    .scalar_subquery()
)
_IS_ACTIVE = func.coalesce(users.c.is_active, true())
_SIGNED_IN = exists().where(
    sign_ins.c.id == bindparam("sign_in_id"),
    sign_ins.c.member_id == members.c.id,
    sign_ins.c.ended_at.is_(None),
    sign_ins.c.expires_at > bindparam("now"),
)
_MEMBERS = members.outerjoin(users, users.c.member_id == members.c.id)
_ACTOR = select(_ROLE.label("role")).select_from(_MEMBERS).where(members.c.id == bindparam("key"), _IS_ACTIVE)
_SIGNED_IN_ACTOR = _ACTOR.where(_SIGNED_IN)
_VIEW = select(
    members.c.id,
    users.c.email,
    func.coalesce(users.c.email_verified, false()).label("email_verified"),
    users.c.username,
    _ROLE.label("role"),
    _IS_ACTIVE.label("is_active"),
    members.c.created_at,
).select_from(_MEMBERS)
_ONE = _VIEW.where(members.c.id == bindparam("key"))
_place = tuple_(members.c.created_at, members.c.id)
_PAGE = _VIEW.order_by(members.c.created_at.desc(), members.c.id.desc()).limit(bindparam("count"))


class SqlMemberQueries(MemberQueries):
    """Roles come from the grants valid at the time given, not from the stored role."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def actor(self, member_id: MemberId, sign_in_id: SignInId | None, now: datetime) -> Actor | None:
        parameters = {"key": member_id, "now": now}
        if sign_in_id is not None:
            parameters["sign_in_id"] = sign_in_id
        async with self._database.read() as connection:
            statement = _ACTOR if sign_in_id is None else _SIGNED_IN_ACTOR
            role = (await connection.execute(statement, parameters)).scalar()
        return None if role is None else Actor(member_id, Role(role), sign_in_id)

    async def view(self, member_id: MemberId, now: datetime) -> MemberView | None:
        async with self._database.read() as connection:
            row = (await connection.execute(_ONE, {"key": member_id, "now": now})).first()
        return None if row is None else _from_row(row)

    async def page(self, search: str, cursor: str | None, limit: int, now: datetime) -> Page[MemberView]:
        statement, parameters = _PAGE, {"now": now, "count": limit + 1}
        if search:
            needle = folded(search)
            statement = statement.where(
                or_(
                    users.c.email_key.contains(needle, autoescape=True),
                    users.c.username_key.contains(needle, autoescape=True),
                )
            )
        if cursor is not None:
            created_at, last = decode_cursor(cursor, datetime, UUID)
            statement = statement.where(tuple_(literal(created_at, members.c.created_at.type), last) > _place)
        async with self._database.read() as connection:
            rows = (await connection.execute(statement, parameters)).all()
        views = tuple(_from_row(row) for row in rows[:limit])
        more = len(rows) > limit
        return Page(views, encode_cursor(views[-1].created_at, views[-1].id) if more else None)


def _from_row(row: AnyRow) -> MemberView:
    return MemberView(
        id=MemberId(row.id),
        email=row.email,
        email_verified=bool(row.email_verified),
        username=row.username,
        role=Role(row.role),
        is_active=bool(row.is_active),
        created_at=row.created_at,
    )
