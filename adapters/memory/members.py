"""Members, staged."""

from collections.abc import Sequence
from datetime import datetime

from adapters.memory.cascades import delete_member
from adapters.memory.copies import copy_of_member
from adapters.memory.transaction import Transaction, require_free, require_row
from application.ports.identity import MemberRepository
from domain.errors import NotFound
from domain.events import session_channel, user_channel
from domain.identity import Member, MemberId, Role


class InMemoryMemberRepository(MemberRepository):
    """Members with their accounts and grants."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def add(self, member: Member, now: datetime) -> None:
        require_free(member.id in self._transaction.tables.members, "member", "id")
        self._write(member, now)

    async def get(self, member_id: MemberId) -> Member:
        member = self._transaction.tables.members.get(member_id)
        if member is None:
            raise NotFound("There is no such member.", member_id=str(member_id))
        return self._read(member)

    async def by_email(self, email: str) -> Member | None:
        return self._by_name("email", email)

    async def by_username(self, username: str) -> Member | None:
        return self._by_name("username", username)

    async def by_telegram_id(self, telegram_id: int) -> Member | None:
        for member in self._transaction.tables.members.values():
            if member.telegram is not None and member.telegram.telegram_id == telegram_id:
                return self._read(member)
        return None

    async def save(self, member: Member, now: datetime) -> None:
        stored = self._transaction.tables.members.get(member.id)
        self._transaction.check_version("member", member.id, stored.version if stored else None, member.version)
        self._write(member, now)

    async def delete(self, member: Member) -> None:
        stored = self._transaction.tables.members.get(member.id)
        # Deleting makes no new version: a member that was not read here is expected at the one it has.
        self._transaction.check_version("member", member.id, stored.version if stored else None, member.version + 1)
        own = [s.id for s in self._transaction.tables.chat_sessions.values() if s.user_id == member.id]
        self._transaction.ended |= {user_channel(member.id), *map(session_channel, own)}
        delete_member(self._transaction.tables, member.id)

    async def owner(self, now: datetime) -> Member | None:
        owners = [m for m in self._rows() if m.is_active and m.effective_role(now) is Role.OWNER]
        return self._read(min(owners, key=lambda m: (m.created_at, m.id))) if owners else None

    async def hold_owners(self) -> None:
        """Nothing to wait for: one unit of work is open at a time."""
        self._rows()

    async def has_lasting_owner(self, but: MemberId) -> bool:
        return any(member.is_lasting_owner() for member in self._rows() if member.id != but)

    async def with_stale_role(self, now: datetime, limit: int) -> Sequence[MemberId]:
        roles = self._transaction.tables.roles
        stale = [member for member in self._rows() if roles[member.id] > member.effective_role(now)]
        return [member.id for member in sorted(stale, key=lambda m: (_end_of(roles[m.id], m), m.id))[:limit]]

    def _rows(self) -> Sequence[Member]:
        return list(self._transaction.tables.members.values())

    def _by_name(self, field: str, name: str) -> Member | None:
        for member in self._rows():
            value = getattr(member.user, field, None)
            if value is not None and value.casefold() == name.casefold():
                return self._read(member)
        return None

    def _read(self, member: Member) -> Member:
        self._transaction.loaded(member.id, member.version)
        return copy_of_member(member)

    def _write(self, member: Member, now: datetime) -> None:
        others = [other for other in self._rows() if other.id != member.id]
        _require_free(member, others, "user", ("id", "email", "username", "telegram_user_id"))
        _require_free(member, others, "telegram", ("id", "telegram_id"))
        givers = {grant.granted_by for grant in member.grants} - {None, member.id}
        for giver in givers:
            require_row(self._transaction.tables.members, giver, "member")
        self._transaction.tables.members[member.id] = copy_of_member(member)
        self._transaction.tables.roles[member.id] = member.effective_role(now)
        self._transaction.loaded(member.id, member.version)


def _require_free(member: Member, others: Sequence[Member], account: str, fields: Sequence[str]) -> None:
    own = getattr(member, account)
    taken = [getattr(other, account) for other in others if getattr(other, account) is not None]
    for field in fields if own is not None else ():
        value = _folded(getattr(own, field))
        require_free(value is not None and any(_folded(getattr(t, field)) == value for t in taken), "account", field)


def _end_of(role: Role, member: Member) -> datetime:
    """When the last of the grants ended that gave this role or more."""
    return max(grant.until for grant in member.grants if grant.until is not None and grant.role >= role)


def _folded(value: object) -> object:
    return value.casefold() if isinstance(value, str) else value
