"""Members with their web account and grants."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Executable, bindparam, delete, insert, or_, select, update

from adapters.sql.identity_rows import folded, grant_to_row, member_from_rows, member_to_row, user_to_row
from adapters.sql.member_queries import SqlMemberQueries
from adapters.sql.tables import members, role_grants, users
from adapters.sql.transaction import Transaction
from application.ports.identity import MemberRepository
from domain.errors import Conflict, NotFound
from domain.identity import GrantId, Member, MemberId, Role, UserId

__all__ = ["SqlMemberQueries", "SqlMemberRepository"]

_MEMBER = select(members).where(members.c.id == bindparam("key")).with_for_update()
_USER = select(users).where(users.c.member_id == bindparam("key"))
_BY_EMAIL = select(users.c.member_id).where(users.c.email_key == bindparam("key"))
_BY_USERNAME = select(users.c.member_id).where(users.c.username_key == bindparam("key"))
_GRANTS = (
    select(role_grants)
    .where(role_grants.c.member_id == bindparam("key"))
    .order_by(role_grants.c.created_at, role_grants.c.id)
)
_OWNER = (
    select(members.c.id)
    .join(role_grants, role_grants.c.member_id == members.c.id)
    .where(
        role_grants.c.role == int(Role.OWNER),
        or_(role_grants.c.until.is_(None), role_grants.c.until > bindparam("now")),
    )
    .order_by(members.c.created_at, members.c.id)
    .limit(1)
)
_UPDATE = update(members).where(members.c.id == bindparam("b_id"), members.c.version == bindparam("b_version"))
_UPDATE_USER = update(users).where(users.c.id == bindparam("b_id"))
_DELETE_USERS = delete(users).where(users.c.member_id == bindparam("key"))
_DELETE_GRANT = delete(role_grants).where(role_grants.c.id == bindparam("key"))


class SqlMemberRepository(MemberRepository):
    """The account's names are unique by their folded form, which is kept beside them."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._users: dict[MemberId, UserId | None] = {}
        self._grants: dict[MemberId, set[GrantId]] = {}

    async def add(self, member: Member, now: datetime) -> None:
        await self._transaction.execute(insert(members), member_to_row(member))
        self._transaction.loaded(member.id, member.version)
        self._users[member.id] = None
        self._grants[member.id] = set()
        await self._save_parts(member, now)

    async def get(self, member_id: MemberId) -> Member:
        # The member is locked first: what is read after that cannot be older than the version.
        row = await self._transaction.first(_MEMBER, {"key": member_id})
        if row is None:
            raise NotFound("There is no such member.", member_id=str(member_id))
        user = await self._transaction.first(_USER, {"key": member_id})
        grants = await self._transaction.all(_GRANTS, {"key": member_id})
        member = member_from_rows(row, user, grants)
        self._transaction.loaded(member.id, member.version)
        self._users[member.id] = member.user.id if member.user else None
        self._grants[member.id] = {grant.id for grant in member.grants}
        return member

    async def by_email(self, email: str) -> Member | None:
        member = await self._named(_BY_EMAIL, email)
        return member if member and member.user and folded(member.user.email) == folded(email) else None

    async def by_username(self, username: str) -> Member | None:
        member = await self._named(_BY_USERNAME, username)
        return member if member and member.user and folded(member.user.username) == folded(username) else None

    async def save(self, member: Member, now: datetime) -> None:
        await self._transaction.update(_UPDATE, member.id, member.version, member_to_row(member))
        if member.id not in self._grants:
            await self._remember_parts(member.id)
        await self._save_parts(member, now)

    async def owner(self, now: datetime) -> Member | None:
        row = await self._transaction.first(_OWNER, {"now": now})
        return None if row is None else await self.get(MemberId(row.id))

    async def _named(self, statement: Executable, name: str) -> Member | None:
        row = await self._transaction.first(statement, {"key": folded(name)})
        return None if row is None else await self.get(MemberId(row.member_id))

    async def _remember_parts(self, member_id: MemberId) -> None:
        row = await self._transaction.first(_USER, {"key": member_id})
        self._users[member_id] = None if row is None else UserId(row.id)
        grants = await self._transaction.all(_GRANTS, {"key": member_id})
        self._grants[member_id] = {GrantId(grant.id) for grant in grants}

    async def _save_parts(self, member: Member, now: datetime) -> None:
        await self._save_user(member, now)
        stored, wanted = self._grants[member.id], {grant.id: grant for grant in member.grants}
        for grant_id in stored - wanted.keys():
            await self._transaction.execute(_DELETE_GRANT, {"key": grant_id})
        new = [grant_to_row(grant, member.id) for grant_id, grant in wanted.items() if grant_id not in stored]
        if new:
            await self._transaction.execute(insert(role_grants), new)
        self._grants[member.id] = set(wanted)

    async def _save_user(self, member: Member, now: datetime) -> None:
        stored, user = self._users[member.id], member.user
        if stored is not None and (user is None or user.id != stored):
            await self._transaction.execute(_DELETE_USERS, {"key": member.id})
            stored = None
        if user is not None:
            row = user_to_row(user, member, now)
            if stored is None:
                await self._write_user(insert(users), row)
            else:
                await self._write_user(_UPDATE_USER, {**row, "b_id": stored})
        self._users[member.id] = None if user is None else user.id

    async def _write_user(self, statement: Executable, row: Mapping[str, object]) -> None:
        try:
            await self._transaction.attempt(statement, row)
        except Conflict as error:
            raise _taken(error) from error


def _taken(error: Conflict) -> Conflict:
    constraint = str(error.details.get("constraint"))
    for field in ("email", "username", "telegram_user_id"):
        if field in constraint:
            return Conflict(f"Another account has this {field}; choose another one.", field=field)
    return error
