"""Members, sign-ins and one-time tokens, staged."""

from dataclasses import replace
from datetime import datetime

from adapters.memory.copies import copy_of_member
from adapters.memory.transaction import Transaction, require_free, require_row
from application.ports.identity import MemberRepository, OneTimeTokenRepository, SignInRepository
from domain.errors import NotFound
from domain.identity import Member, MemberId, OneTimeToken, Role, SignIn, SignInId


class InMemoryMemberRepository(MemberRepository):
    """Members with their web account and grants."""

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

    async def save(self, member: Member, now: datetime) -> None:
        stored = self._transaction.tables.members.get(member.id)
        self._transaction.check_version("member", member.id, stored.version if stored else None, member.version)
        self._write(member, now)

    async def owner(self, now: datetime) -> Member | None:
        owners = [m for m in self._transaction.tables.members.values() if m.effective_role(now) is Role.OWNER]
        return self._read(min(owners, key=lambda m: (m.created_at, m.id))) if owners else None

    def _by_name(self, field: str, name: str) -> Member | None:
        for member in self._transaction.tables.members.values():
            value = getattr(member.user, field, None)
            if value is not None and value.casefold() == name.casefold():
                return self._read(member)
        return None

    def _read(self, member: Member) -> Member:
        self._transaction.loaded(member.id, member.version)
        return copy_of_member(member)

    def _write(self, member: Member, now: datetime) -> None:
        others = [m.user for m in self._transaction.tables.members.values() if m.user and m.id != member.id]
        for field in ("email", "username", "telegram_user_id"):
            value = _folded(getattr(member.user, field, None))
            taken = value is not None and any(_folded(getattr(other, field)) == value for other in others)
            require_free(taken, "account", field)
        self._transaction.tables.members[member.id] = copy_of_member(member)
        self._transaction.tables.roles[member.id] = member.effective_role(now)
        self._transaction.loaded(member.id, member.version)


class InMemorySignInRepository(SignInRepository):
    """Sign-ins of members."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def add(self, sign_in: SignIn) -> None:
        require_free(sign_in.id in self._transaction.tables.sign_ins, "sign-in", "id")
        require_row(self._transaction.tables.members, sign_in.member_id, "member")
        self._transaction.tables.sign_ins[sign_in.id] = replace(sign_in)

    async def get(self, sign_in_id: SignInId) -> SignIn | None:
        sign_in = self._transaction.tables.sign_ins.get(sign_in_id)
        return replace(sign_in) if sign_in else None

    async def save(self, sign_in: SignIn) -> None:
        if sign_in.id in self._transaction.tables.sign_ins:
            self._transaction.tables.sign_ins[sign_in.id] = replace(sign_in)

    async def end_all(self, member_id: MemberId, now: datetime) -> None:
        for sign_in in self._transaction.tables.sign_ins.values():
            if sign_in.member_id == member_id:
                await self.save(replace(sign_in, ended_at=sign_in.ended_at or now))


class InMemoryOneTimeTokenRepository(OneTimeTokenRepository):
    """Hashed secrets that work once."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def add(self, token: OneTimeToken) -> None:
        rows = self._transaction.tables.one_time_tokens
        require_free(token.id in rows, "token", "id")
        require_free(any(row.token_hash == token.token_hash for row in rows.values()), "token", "token_hash")
        require_row(self._transaction.tables.members, token.member_id, "member")
        rows[token.id] = replace(token)

    async def by_hash(self, token_hash: str) -> OneTimeToken | None:
        rows = self._transaction.tables.one_time_tokens.values()
        return next((replace(row) for row in rows if row.token_hash == token_hash), None)

    async def save(self, token: OneTimeToken) -> None:
        if token.id in self._transaction.tables.one_time_tokens:
            self._transaction.tables.one_time_tokens[token.id] = replace(token)


def _folded(value: object) -> object:
    return value.casefold() if isinstance(value, str) else value
