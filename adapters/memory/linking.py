"""Requests to link and used proofs, staged."""

from dataclasses import replace
from datetime import datetime

from adapters.memory.transaction import Transaction, require_free, require_row
from application.ports.linking import LinkRequestRepository, UsedProofs
from domain.errors import Conflict, NotFound
from domain.identity import OPEN_STATES, LinkRequest, LinkRequestId


class InMemoryLinkRequestRepository(LinkRequestRepository):
    """Requests to link."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def add(self, request: LinkRequest) -> None:
        rows = self._transaction.tables.link_requests
        require_free(request.id in rows, "request to link", "id")
        require_free(any(row.code_hash == request.code_hash for row in rows.values()), "request to link", "code")
        require_row(self._transaction.tables.members, request.member_id, "member")
        if request.sign_in_id is not None:
            require_row(self._transaction.tables.sign_ins, request.sign_in_id, "sign-in")
        for other in list(rows.values()):
            if other.member_id == request.member_id and other.state in OPEN_STATES:
                declined = replace(other)
                declined.decline(request.created_at)
                rows[other.id] = declined
        rows[request.id] = replace(request)

    async def get(self, request_id: LinkRequestId) -> LinkRequest:
        row = self._transaction.tables.link_requests.get(request_id)
        if row is None:
            raise NotFound("There is no such request to link.", request_id=str(request_id))
        return replace(row)

    async def by_code_hash(self, code_hash: str) -> LinkRequest | None:
        rows = self._transaction.tables.link_requests.values()
        return next((replace(row) for row in rows if row.code_hash == code_hash), None)

    async def save(self, request: LinkRequest) -> None:
        if request.id in self._transaction.tables.link_requests:
            self._transaction.tables.link_requests[request.id] = replace(request)


class InMemoryUsedProofs(UsedProofs):
    """Digests and how long each is kept."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def use(self, digest: str, until: datetime) -> None:
        rows = self._transaction.tables.used_proofs
        if digest in rows:
            raise Conflict("This proof was used before; ask for a new one.")
        rows[digest] = until
