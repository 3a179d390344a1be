"""The audit trail."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from application.ports.paging import Page
from domain.identity import AuditAction, AuditEntry, MemberId


class AuditTrail(Protocol):
    """Writes the trail, in the transaction of what it tells of."""

    async def record(self, entry: AuditEntry) -> None:
        """Add a line. A failure is logged and counted and breaks nothing: the transaction goes on without the line."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """What the trail is narrowed to; None is everything. `member_id` is who did it or whom it was done to."""

    member_id: MemberId | None = None
    action: AuditAction | None = None
    since: datetime | None = None


class AuditQueries(Protocol):
    """Reads of the trail."""

    async def page(self, where: AuditFilter, cursor: str | None, limit: int) -> Page[AuditEntry]:
        """Newest first. Raises `Malformed` on a broken cursor."""
        ...

    async def names(self, member_ids: Collection[MemberId]) -> Mapping[MemberId, str]:
        """What these members are called: the username, else the email, else what Telegram calls them (`@name`, the
        first name, the id). Whoever is gone is absent. One statement, however many they are.
        """
        ...


class AuditMetrics(Protocol):
    """Counts what the trail lost."""

    def audit_failed(self, action: str) -> None:
        """A line could not be written."""
        ...
