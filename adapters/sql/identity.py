"""Members with their accounts and grants."""

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Executable,
    bindparam,
    delete,
    exists,
    false,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)

from adapters.sql.audit_persons import forget_person
from adapters.sql.identity_rows import folded, member_to_row
from adapters.sql.member_parts import MemberParts
from adapters.sql.tables import chat_sessions, members, role_grants, telegram_users, users
from adapters.sql.transaction import Transaction
from application.ports.identity import MemberRepository
from domain.errors import NotFound
from domain.events import session_channel, user_channel
from domain.identity import Member, MemberId, Role

# Any number that nobody else takes for a lock.
_OWNERS_LOCK = int.from_bytes(b"owners")
_TRIES = 3

# Whoever only names the member in a row of their own, as a message does its author, need not wait.
_MEMBER = select(members).where(members.c.id == bindparam("key")).with_for_update(key_share=True)
_BY_EMAIL = select(users.c.member_id).where(users.c.email_key == bindparam("key"))
_BY_USERNAME = select(users.c.member_id).where(users.c.username_key == bindparam("key"))
_BY_TELEGRAM_ID = select(telegram_users.c.member_id).where(telegram_users.c.telegram_id == bindparam("key"))
_NOT_BANNED = ~or_(
    exists().where(users.c.member_id == members.c.id, users.c.is_active == false()),
    exists().where(telegram_users.c.member_id == members.c.id, telegram_users.c.is_active == false()),
)
_OWNERS = (
    select(members.c.id)
    .join(role_grants, role_grants.c.member_id == members.c.id)
    .where(role_grants.c.role == int(Role.OWNER), _NOT_BANNED)
    .order_by(members.c.created_at, members.c.id)
    .limit(1)
)
_OWNER = _OWNERS.where(or_(role_grants.c.until.is_(None), role_grants.c.until > bindparam("now")))
_LASTING_OWNER = _OWNERS.where(role_grants.c.until.is_(None), members.c.id != bindparam("but"))
_HOLD_OWNERS = select(func.pg_advisory_xact_lock(literal(_OWNERS_LOCK, BigInteger)))
_STALE = (
    select(members.c.id)
    .where(members.c.role_until <= bindparam("now"))
    .order_by(members.c.role_until, members.c.id)
    .limit(bindparam("count"))
)
_OWN_SESSIONS = select(chat_sessions.c.id).where(chat_sessions.c.user_id == bindparam("key"))
_VERSION = (members.c.id == bindparam("b_id"), members.c.version == bindparam("b_version"))
_UPDATE = update(members).where(*_VERSION)
_DELETE = delete(members).where(*_VERSION)


class SqlMemberRepository(MemberRepository):
    """The web account's names are unique by their folded form, which is kept beside them."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._parts = MemberParts(transaction)

    async def add(self, member: Member, now: datetime) -> None:
        await self._transaction.execute(insert(members), member_to_row(member, now))
        self._transaction.loaded(member.id, member.version)
        self._parts.none_yet(member.id)
        await self._parts.save(member, now)

    async def get(self, member_id: MemberId) -> Member:
        member = await self._read(member_id)
        self._transaction.loaded(member.id, member.version)
        return member

    async def by_email(self, email: str) -> Member | None:
        key = folded(email)
        return await self._found(_BY_EMAIL, key, lambda m: m.user is not None and folded(m.user.email) == key)

    async def by_username(self, username: str) -> Member | None:
        key = folded(username)
        return await self._found(_BY_USERNAME, key, lambda m: m.user is not None and folded(m.user.username) == key)

    async def by_telegram_id(self, telegram_id: int) -> Member | None:
        return await self._found(
            _BY_TELEGRAM_ID, telegram_id, lambda m: m.telegram is not None and m.telegram.telegram_id == telegram_id
        )

    async def save(self, member: Member, now: datetime) -> None:
        await self._transaction.update(_UPDATE, member.id, member.version, member_to_row(member, now))
        if not self._parts.is_known(member.id):
            await self._read(member.id)
        await self._parts.save(member, now)

    async def delete(self, member: Member) -> None:
        own = await self._transaction.all(_OWN_SESSIONS, {"key": member.id})
        await self._transaction.delete(_DELETE, member.id, member.version)
        self._transaction.ended |= {user_channel(member.id), *(session_channel(row.id) for row in own)}
        await forget_person(self._transaction, member.id)

    async def owner(self, now: datetime) -> Member | None:
        row = await self._transaction.first(_OWNER, {"now": now})
        return None if row is None else await self.get(MemberId(row.id))

    async def hold_owners(self) -> None:
        # SQLite has one writer at a time already.
        if not self._transaction.is_sqlite:
            await self._transaction.execute(_HOLD_OWNERS)

    async def has_lasting_owner(self, but: MemberId) -> bool:
        return await self._transaction.first(_LASTING_OWNER, {"but": but}) is not None

    async def with_stale_role(self, now: datetime, limit: int) -> Sequence[MemberId]:
        rows = await self._transaction.all(_STALE, {"now": now, "count": limit})
        return [MemberId(row.id) for row in rows]

    async def _found(self, statement: Executable, key: object, fits: Callable[[Member], bool]) -> Member | None:
        # Between reading the account and locking its member, the account may go to another member, or change.
        for _ in range(_TRIES):
            row = await self._transaction.first(statement, {"key": key})
            if row is None:
                return None
            try:
                member = await self.get(MemberId(row.member_id))
            except NotFound:
                continue
            if fits(member):
                return member
        return None

    async def _read(self, member_id: MemberId) -> Member:
        # The member is locked first: what is read after that cannot be older than the version.
        row = await self._transaction.first(_MEMBER, {"key": member_id})
        if row is None:
            raise NotFound("There is no such member.", member_id=str(member_id))
        return await self._parts.load(row)
