"""A member's accounts and grants, which stand in tables of their own."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import Table, bindparam, delete, insert, select, update

from adapters.sql.identity_rows import grant_from_row, grant_to_row, member_from_rows, telegram_to_row, user_to_row
from adapters.sql.tables import role_grants, telegram_users, users
from adapters.sql.transaction import Transaction
from adapters.sql.types import AnyRow
from domain.errors import Conflict
from domain.identity import Grant, GrantId, Member, MemberId

_UNIQUE = ("email", "username", "telegram_user_id", "telegram_id")
_GRANTS = (
    select(role_grants)
    .where(role_grants.c.member_id == bindparam("key"))
    .order_by(role_grants.c.created_at, role_grants.c.id)
)
_DELETE_GRANT = delete(role_grants).where(role_grants.c.id == bindparam("key"))


class _Accounts:
    """The statements for one kind of account; a member has at most one of it."""

    def __init__(self, table: Table) -> None:
        self.select = select(table).where(table.c.member_id == bindparam("key"))
        self.insert = insert(table)
        self.update = update(table).where(table.c.id == bindparam("b_id"))
        self.delete = delete(table).where(table.c.id == bindparam("key"))


_USERS, _TELEGRAM = _Accounts(users), _Accounts(telegram_users)


@dataclass(slots=True)
class _Stored:
    """What the tables hold of a member in this transaction."""

    user: UUID | None = None
    telegram: UUID | None = None
    grants: dict[GrantId, Grant] = field(default_factory=dict)


class MemberParts:
    """Reads and writes the parts of members, and remembers what is stored, so that a save writes only what changed."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._stored: dict[MemberId, _Stored] = {}

    def none_yet(self, member_id: MemberId) -> None:
        """The member was just inserted."""
        self._stored[member_id] = _Stored()

    async def load(self, row: AnyRow) -> Member:
        """The member of a row of `members`."""
        member_id = MemberId(row.id)
        user = await self._transaction.first(_USERS.select, {"key": member_id})
        telegram = await self._transaction.first(_TELEGRAM.select, {"key": member_id})
        grants = [grant_from_row(grant) for grant in await self._transaction.all(_GRANTS, {"key": member_id})]
        member = member_from_rows(row, user, telegram, grants)
        self._remember(member)
        return member

    async def save(self, member: Member, now: datetime) -> None:
        """Write accounts and grants, the effective role at `now` beside the accounts; a `Conflict` names the field."""
        stored = self._stored[member.id]
        user = None if member.user is None else user_to_row(member.user, member, now)
        telegram = None if member.telegram is None else telegram_to_row(member.telegram, member, now)
        await self._save_account(_USERS, stored.user, user)
        await self._save_account(_TELEGRAM, stored.telegram, telegram)
        await self._save_grants(stored.grants, member)
        self._remember(member)

    def is_known(self, member_id: MemberId) -> bool:
        """Whether the parts were read or written in this transaction."""
        return member_id in self._stored

    def _remember(self, member: Member) -> None:
        self._stored[member.id] = _Stored(
            user=None if member.user is None else member.user.id,
            telegram=None if member.telegram is None else member.telegram.id,
            grants={grant.id: grant for grant in member.grants},
        )

    async def _save_account(self, accounts: _Accounts, stored: UUID | None, row: Mapping[str, object] | None) -> None:
        if stored is not None and (row is None or row["id"] != stored):
            await self._transaction.execute(accounts.delete, {"key": stored})
            stored = None
        if row is None:
            return
        try:
            if stored is None:
                await self._transaction.attempt(accounts.insert, row)
            else:
                await self._transaction.attempt(accounts.update, {**row, "b_id": stored})
        except Conflict as error:
            raise _taken(error) from error

    async def _save_grants(self, stored: Mapping[GrantId, Grant], member: Member) -> None:
        wanted = {grant.id: grant for grant in member.grants}
        for grant_id, grant in stored.items():
            if wanted.get(grant_id) != grant:
                await self._transaction.execute(_DELETE_GRANT, {"key": grant_id})
        new = [grant_to_row(grant, member.id) for grant in wanted.values() if stored.get(grant.id) != grant]
        if new:
            await self._transaction.execute(insert(role_grants), new)


def _taken(error: Conflict) -> Conflict:
    constraint = str(error.details.get("constraint"))
    for name in _UNIQUE:
        if name in constraint:
            return Conflict(f"Another account has this {name}; choose another one.", field=name)
    return error
