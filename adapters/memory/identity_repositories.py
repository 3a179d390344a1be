"""Sign-ins and one-time tokens, staged."""

from dataclasses import replace
from datetime import datetime

from adapters.memory.transaction import Transaction, require_free, require_row
from application.ports.identity import OneTimeTokenRepository, SignInRepository
from domain.identity import MemberId, OneTimeToken, SignIn, SignInId, TokenPurpose


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

    async def end_all(self, member_id: MemberId, now: datetime, *, but: SignInId | None = None) -> None:
        for sign_in in self._transaction.tables.sign_ins.values():
            if sign_in.member_id == member_id and sign_in.id != but:
                await self.save(replace(sign_in, ended_at=sign_in.ended_at or now))

    async def end_idle(self, member_id: MemberId, now: datetime, *, keep: int) -> int:
        rows = self._transaction.tables.sign_ins.values()
        active = [row for row in rows if row.member_id == member_id and row.is_active(now)]
        active.sort(key=lambda row: (row.rotated_at or row.created_at, row.id), reverse=True)
        for idle in active[keep:]:
            await self.save(replace(idle, ended_at=now))
        return len(active[keep:])


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

    async def use_up(self, member_id: MemberId, purpose: TokenPurpose, now: datetime) -> None:
        rows = self._transaction.tables.one_time_tokens
        for key, row in list(rows.items()):
            if row.member_id == member_id and row.purpose is purpose and row.used_at is None:
                rows[key] = replace(row, used_at=now)
