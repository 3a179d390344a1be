"""Reading the trail."""

from application.ports.audit import AuditFilter, AuditQueries
from application.ports.paging import Page
from domain.identity import Actor, AuditEntry, Role

EVERYTHING = AuditFilter()


class AuditService:
    """Shows what was done to members and their rights, to ADMIN and above."""

    def __init__(self, queries: AuditQueries) -> None:
        self._queries = queries

    async def page(
        self, actor: Actor, where: AuditFilter = EVERYTHING, cursor: str | None = None, limit: int = 50
    ) -> Page[AuditEntry]:
        """Lines of the trail, newest first; raises `NotAllowed`, and `Malformed` on a broken cursor."""
        actor.require(Role.ADMIN)
        return await self._queries.page(where, cursor, limit)
