"""The audit trail, staged, and reads of it."""

import logging
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from uuid import UUID

import msgspec

from adapters.memory.pages import page_of
from adapters.memory.store import MemoryStore, Tables
from adapters.memory.transaction import Transaction, require_free
from application.paging import decode_cursor, encode_cursor
from application.ports.audit import AuditFilter, AuditMetrics, AuditQueries, AuditTrail
from application.ports.paging import Page
from application.realtime.events import plain
from domain.errors import Conflict
from domain.identity import MAX_DETAILS, MAX_RESOURCE_ID, MAX_RESOURCE_TYPE, AuditEntry, Member, MemberId

logger = logging.getLogger(__name__)


class InMemoryAuditTrail(AuditTrail):
    """Lines with the checks that the table has."""

    def __init__(self, transaction: Transaction, metrics: AuditMetrics | None) -> None:
        self._transaction = transaction
        self._metrics = metrics

    async def record(self, entry: AuditEntry) -> None:
        rows = self._transaction.tables.audit
        try:
            require_free(entry.id in rows, "audit line", "id")
            rows[entry.id] = _checked(entry)
        except Exception as error:
            logger.exception("audit_failed", extra={"action": entry.action.value, "reason": str(error)})
            if self._metrics is not None:
                self._metrics.audit_failed(entry.action.value)


class InMemoryAuditQueries(AuditQueries):
    """The trail as it was committed last."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def page(self, where: AuditFilter, cursor: str | None, limit: int) -> Page[AuditEntry]:
        before = decode_cursor(cursor, datetime, UUID) if cursor is not None else None
        rows = [entry for entry in self._store.tables.audit.values() if _matches(entry, where)]
        rows = [entry for entry in rows if before is None or (entry.at, entry.id) < before]
        rows.sort(key=lambda entry: (entry.at, entry.id), reverse=True)
        return page_of(rows, limit, lambda entry: entry, lambda entry: encode_cursor(entry.at, entry.id))

    async def names(self, member_ids: Collection[MemberId]) -> Mapping[MemberId, str]:
        found = (self._store.tables.members.get(member_id) for member_id in member_ids)
        return {member.id: _name(member) for member in found if member is not None}


def _name(member: Member) -> str:
    user, telegram = member.user, member.telegram
    names = (user.username, user.email) if user else ()
    if telegram is not None:
        mention = f"@{telegram.telegram_username}" if telegram.telegram_username else None
        names = (*names, mention, telegram.first_name, str(telegram.telegram_id))
    return next((name for name in names if name), "")


def forget_person(tables: Tables, member_id: MemberId) -> None:
    """Leave nothing of a deleted member's person in the trail; called by the deletion."""
    for entry in list(tables.audit.values()):
        tables.audit[entry.id] = entry.without(member_id)


def move_trail(tables: Tables, absorbed: MemberId, survivor: MemberId) -> None:
    """Make the trail of an absorbed member the survivor's; called by the merging."""
    for entry in list(tables.audit.values()):
        tables.audit[entry.id] = entry.after_merge(absorbed, survivor)


def _checked(entry: AuditEntry) -> AuditEntry:
    text = msgspec.json.encode(plain(entry.details)).decode()
    if not (
        len(text) <= MAX_DETAILS
        and 1 <= len(entry.resource_type) <= MAX_RESOURCE_TYPE
        and len(entry.resource_id) <= MAX_RESOURCE_ID
    ):
        raise Conflict("The line contradicts a check of the audit trail.")
    return replace(entry, details=msgspec.json.decode(text))


def _matches(entry: AuditEntry, where: AuditFilter) -> bool:
    return (
        (where.member_id is None or entry.actor_id == where.member_id or entry.is_about(where.member_id))
        and where.action in {None, entry.action}
        and (where.since is None or entry.at >= where.since)
    )
