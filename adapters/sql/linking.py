"""Requests to link and used proofs."""

from datetime import datetime

from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite

from adapters.sql.tables import link_requests, members, used_proofs
from adapters.sql.transaction import Transaction
from adapters.sql.types import AnyRow
from application.ports.linking import LinkRequestRepository, UsedProofs
from domain.errors import Conflict, NotFound
from domain.identity import OPEN_STATES, LinkRequest, LinkRequestId, LinkState, MemberId, SignInId

_MEMBER = select(members.c.id).where(members.c.id == bindparam("key")).with_for_update(key_share=True)
_ADD = {
    True: sqlite.insert(link_requests).on_conflict_do_nothing(index_elements=[link_requests.c.code_hash]),
    False: postgresql.insert(link_requests).on_conflict_do_nothing(index_elements=[link_requests.c.code_hash]),
}
_DECLINE_OTHERS = (
    update(link_requests)
    .where(
        link_requests.c.member_id == bindparam("b_member_id"),
        link_requests.c.id != bindparam("b_id"),
        link_requests.c.state.in_(sorted(OPEN_STATES)),
    )
    .values(state=LinkState.DECLINED.value)
)
_GET = select(link_requests).where(link_requests.c.id == bindparam("key")).with_for_update()
_BY_CODE = select(link_requests).where(link_requests.c.code_hash == bindparam("key")).with_for_update()
_SAVE = update(link_requests).where(link_requests.c.id == bindparam("b_id"))
_USE = {
    True: sqlite.insert(used_proofs).on_conflict_do_nothing(index_elements=[used_proofs.c.digest]),
    False: postgresql.insert(used_proofs).on_conflict_do_nothing(index_elements=[used_proofs.c.digest]),
}


class SqlLinkRequestRepository(LinkRequestRepository):
    """A row a request; only hashes of codes are kept."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def add(self, request: LinkRequest) -> None:
        # Two requests of a member at once: the second waits here, and then sees the first one to decline it.
        await self._transaction.first(_MEMBER, {"key": request.member_id})
        added = await self._transaction.execute(_ADD[self._transaction.is_sqlite], _to_row(request))
        if added.rowcount != 1:
            raise Conflict("Another request to link has this code; choose another one.", field="code")
        await self._transaction.execute(_DECLINE_OTHERS, {"b_member_id": request.member_id, "b_id": request.id})

    async def get(self, request_id: LinkRequestId) -> LinkRequest:
        row = await self._transaction.first(_GET, {"key": request_id})
        if row is None:
            raise NotFound("There is no such request to link.", request_id=str(request_id))
        return _from_row(row)

    async def by_code_hash(self, code_hash: str) -> LinkRequest | None:
        row = await self._transaction.first(_BY_CODE, {"key": code_hash})
        return None if row is None else _from_row(row)

    async def save(self, request: LinkRequest) -> None:
        await self._transaction.execute(_SAVE, {**_to_row(request), "b_id": request.id})


class SqlUsedProofs(UsedProofs):
    """A row a digest; the first one to insert it has used it."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def use(self, digest: str, until: datetime) -> None:
        row = {"digest": digest, "expires_at": until}
        if (await self._transaction.execute(_USE[self._transaction.is_sqlite], row)).rowcount != 1:
            raise Conflict("This proof was used before; ask for a new one.")


def _to_row(request: LinkRequest) -> dict[str, object]:
    return {
        "id": request.id,
        "member_id": request.member_id,
        "code_hash": request.code_hash,
        "state": request.state.value,
        "telegram_id": request.telegram_id,
        "is_reauthenticated": request.is_reauthenticated,
        "sign_in_id": request.sign_in_id,
        "created_at": request.created_at,
        "expires_at": request.expires_at,
    }


def _from_row(row: AnyRow) -> LinkRequest:
    return LinkRequest(
        id=LinkRequestId(row.id),
        member_id=MemberId(row.member_id),
        code_hash=row.code_hash,
        created_at=row.created_at,
        expires_at=row.expires_at,
        state=LinkState(row.state),
        telegram_id=row.telegram_id,
        is_reauthenticated=row.is_reauthenticated,
        sign_in_id=None if row.sign_in_id is None else SignInId(row.sign_in_id),
    )
