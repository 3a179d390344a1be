"""Sign-ins and secrets that work once."""

from datetime import datetime

from sqlalchemy import bindparam, func, insert, select, update

from adapters.sql.tables import members, one_time_tokens, sign_ins
from adapters.sql.transaction import Transaction
from adapters.sql.types import AnyRow
from application.ports.identity import OneTimeTokenRepository, SignInRepository
from domain.errors import Conflict
from domain.identity import MemberId, OneTimeToken, OneTimeTokenId, SignIn, SignInId, TokenPurpose

_SIGN_IN = select(sign_ins).where(sign_ins.c.id == bindparam("key")).with_for_update()
_SAVE_SIGN_IN = update(sign_ins).where(sign_ins.c.id == bindparam("b_id"))
_END_ALL = (
    update(sign_ins)
    .where(sign_ins.c.member_id == bindparam("b_member_id"), sign_ins.c.ended_at.is_(None))
    .values(ended_at=bindparam("now"))
)
_USED_AT = func.coalesce(sign_ins.c.rotated_at, sign_ins.c.created_at)
_END_IDLE = (
    update(sign_ins)
    .where(
        sign_ins.c.id.in_(
            select(sign_ins.c.id)
            .where(
                sign_ins.c.member_id == bindparam("b_member_id"),
                sign_ins.c.ended_at.is_(None),
                sign_ins.c.expires_at > bindparam("now"),
            )
            .order_by(_USED_AT.desc(), sign_ins.c.id.desc())
            .offset(bindparam("keep"))
        )
    )
    .values(ended_at=bindparam("now"))
)
_END_OTHERS = _END_ALL.where(sign_ins.c.id != bindparam("b_but"))
_TRIES = 3
_OWNER = select(one_time_tokens.c.member_id).where(one_time_tokens.c.token_hash == bindparam("key"))
_HOLD_OWNER = select(members.c.id).where(members.c.id == bindparam("key")).with_for_update(key_share=True)
_TOKEN = (
    select(one_time_tokens)
    .where(one_time_tokens.c.token_hash == bindparam("key"), one_time_tokens.c.member_id == bindparam("owner"))
    .with_for_update()
)
_SAVE_TOKEN = update(one_time_tokens).where(one_time_tokens.c.id == bindparam("b_id"))
_USE_UP = (
    update(one_time_tokens)
    .where(
        one_time_tokens.c.member_id == bindparam("b_member_id"),
        one_time_tokens.c.purpose == bindparam("b_purpose"),
        one_time_tokens.c.used_at.is_(None),
    )
    .values(used_at=bindparam("now"))
)


class SqlSignInRepository(SignInRepository):
    """A row a sign-in."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def add(self, sign_in: SignIn) -> None:
        await self._transaction.execute(insert(sign_ins), _sign_in_to_row(sign_in))

    async def get(self, sign_in_id: SignInId) -> SignIn | None:
        row = await self._transaction.first(_SIGN_IN, {"key": sign_in_id})
        return None if row is None else sign_in_from_row(row)

    async def save(self, sign_in: SignIn) -> None:
        await self._transaction.execute(_SAVE_SIGN_IN, {**_sign_in_to_row(sign_in), "b_id": sign_in.id})

    async def end_all(self, member_id: MemberId, now: datetime, *, but: SignInId | None = None) -> None:
        parameters = {"b_member_id": member_id, "now": now}
        if but is None:
            await self._transaction.execute(_END_ALL, parameters)
        else:
            await self._transaction.execute(_END_OTHERS, {**parameters, "b_but": but})

    async def end_idle(self, member_id: MemberId, now: datetime, *, keep: int) -> int:
        parameters = {"b_member_id": member_id, "now": now, "keep": keep}
        return (await self._transaction.execute(_END_IDLE, parameters)).rowcount


class SqlOneTimeTokenRepository(OneTimeTokenRepository):
    """A row a token; only hashes are kept."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def add(self, token: OneTimeToken) -> None:
        await self._transaction.execute(insert(one_time_tokens), _token_to_row(token))

    async def by_hash(self, token_hash: str) -> OneTimeToken | None:
        # The member before the token, as whoever merges or deletes members locks them. While this waits for a member
        # who becomes one with another, the token goes to that one.
        for _ in range(_TRIES):
            owner = await self._transaction.first(_OWNER, {"key": token_hash})
            if owner is None:
                return None
            await self._transaction.first(_HOLD_OWNER, {"key": owner.member_id})
            row = await self._transaction.first(_TOKEN, {"key": token_hash, "owner": owner.member_id})
            if row is not None:
                return _token_from_row(row)
        raise Conflict("The member whose link this is changes all the time; try again.")

    async def save(self, token: OneTimeToken) -> None:
        await self._transaction.execute(_SAVE_TOKEN, {**_token_to_row(token), "b_id": token.id})

    async def use_up(self, member_id: MemberId, purpose: TokenPurpose, now: datetime) -> None:
        parameters = {"b_member_id": member_id, "b_purpose": purpose.value, "now": now}
        await self._transaction.execute(_USE_UP, parameters)


def _sign_in_to_row(sign_in: SignIn) -> dict[str, object]:
    return {
        "id": sign_in.id,
        "member_id": sign_in.member_id,
        "refresh_hash": sign_in.refresh_hash,
        "previous_hash": sign_in.previous_hash,
        "rotated_at": sign_in.rotated_at,
        "created_at": sign_in.created_at,
        "expires_at": sign_in.expires_at,
        "ended_at": sign_in.ended_at,
        "ip": sign_in.ip,
        "user_agent": sign_in.user_agent,
    }


def sign_in_from_row(row: AnyRow) -> SignIn:
    """A sign-in of its row."""
    return SignIn(
        id=SignInId(row.id),
        member_id=MemberId(row.member_id),
        refresh_hash=row.refresh_hash,
        created_at=row.created_at,
        expires_at=row.expires_at,
        previous_hash=row.previous_hash,
        rotated_at=row.rotated_at,
        ended_at=row.ended_at,
        ip=row.ip,
        user_agent=row.user_agent,
    )


def _token_to_row(token: OneTimeToken) -> dict[str, object]:
    return {
        "id": token.id,
        "purpose": token.purpose.value,
        "member_id": token.member_id,
        "token_hash": token.token_hash,
        "created_at": token.created_at,
        "expires_at": token.expires_at,
        "used_at": token.used_at,
        "subject": token.subject,
    }


def _token_from_row(row: AnyRow) -> OneTimeToken:
    return OneTimeToken(
        id=OneTimeTokenId(row.id),
        purpose=TokenPurpose(row.purpose),
        member_id=MemberId(row.member_id),
        token_hash=row.token_hash,
        created_at=row.created_at,
        expires_at=row.expires_at,
        used_at=row.used_at,
        subject=row.subject,
    )
