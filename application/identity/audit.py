"""Reading the trail."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from application.ports.audit import AuditFilter, AuditQueries
from application.ports.paging import Page
from domain.identity import MEMBER, Actor, AuditEntry, MemberId, Role

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

    async def names(self, actor: Actor, entries: Sequence[AuditEntry]) -> Mapping[MemberId, str]:
        """What the members in these lines are called; those who were deleted are absent. Raises `NotAllowed`."""
        actor.require(Role.ADMIN)
        named = {each for entry in entries for each in (entry.actor_id, member_of(entry)) if each is not None}
        return await self._queries.names(named) if named else {}


def member_of(entry: AuditEntry) -> MemberId | None:
    """The member to whom something was done; None when there was none, as for a sign-in to no account."""
    return MemberId(UUID(entry.resource_id)) if entry.resource_type == MEMBER and entry.resource_id else None
