"""The audit trail and reads of it."""

import logging
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    Text,
    and_,
    bindparam,
    cast,
    func,
    insert,
    literal,
    select,
    tuple_,
    union_all,
)

from adapters.sql.database import Database
from adapters.sql.tables import audit_log, members, telegram_users, users
from adapters.sql.transaction import Spared, Transaction
from adapters.sql.types import AnyRow
from application.paging import decode_cursor, encode_cursor
from application.ports.audit import AuditFilter, AuditMetrics, AuditQueries, AuditTrail
from application.ports.paging import Page
from application.realtime.events import plain
from domain.identity import MEMBER, AuditAction, AuditEntry, AuditEntryId, MemberId

logger = logging.getLogger(__name__)

_INSERT = insert(audit_log)
_PLACE = (audit_log.c.at, audit_log.c.id)
_NAMES = (
    select(
        members.c.id,
        func.coalesce(
            users.c.username,
            users.c.email,
            "@" + telegram_users.c.telegram_username,
            func.nullif(telegram_users.c.first_name, ""),
            cast(telegram_users.c.telegram_id, Text),
            "",
        ).label("name"),
    )
    .select_from(
        members.outerjoin(users, users.c.member_id == members.c.id).outerjoin(
            telegram_users, telegram_users.c.member_id == members.c.id
        )
    )
    .where(members.c.id.in_(bindparam("members", expanding=True)))
)


class SqlAuditTrail(AuditTrail):
    """Each line in a savepoint of its own."""

    def __init__(self, transaction: Transaction, metrics: AuditMetrics | None) -> None:
        self._transaction = transaction
        self._metrics = metrics

    async def record(self, entry: AuditEntry) -> None:
        try:
            await self._transaction.spare(_INSERT, lambda: _to_row(entry))
        except Spared as failure:
            logger.error("audit_failed", extra={"action": entry.action.value, "reason": str(failure)})  # noqa: TRY400
            if self._metrics is not None:
                self._metrics.audit_failed(entry.action.value)


class SqlAuditQueries(AuditQueries):
    """Walks the index that fits the filter; a member's lines are merged from the newest by them and about them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, where: AuditFilter, cursor: str | None, limit: int) -> Page[AuditEntry]:
        statement = _page(where, _narrowed(where, cursor), limit + 1)
        async with self._database.read() as connection:
            # A line that is both by and about a member comes twice.
            rows = list({row.id: row for row in await connection.execute(statement)}.values())
        items = tuple(_from_row(row) for row in rows[:limit])
        more = bool(items) and len(rows) > limit
        return Page(items, encode_cursor(items[-1].at, items[-1].id) if more else None)

    async def names(self, member_ids: Collection[MemberId]) -> Mapping[MemberId, str]:
        async with self._database.read() as connection:
            rows = await connection.execute(_NAMES, {"members": list(member_ids)})
        return {MemberId(row.id): row.name for row in rows}


def _narrowed(where: AuditFilter, cursor: str | None) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if where.action is not None:
        conditions.append(audit_log.c.action == where.action.value)
    if where.since is not None:
        conditions.append(audit_log.c.at >= where.since)
    if cursor is not None:
        at, last = decode_cursor(cursor, datetime, UUID)
        conditions.append(tuple_(*_PLACE) < tuple_(literal(at, audit_log.c.at.type), last))
    return conditions


def _page(where: AuditFilter, conditions: list[ColumnElement[bool]], count: int) -> Select[Any]:
    newest = select(audit_log).where(*conditions).order_by(*(column.desc() for column in _PLACE)).limit(count)
    if where.member_id is None:
        return newest
    done = newest.where(audit_log.c.actor_id == where.member_id).subquery()
    suffered = newest.where(is_about(str(where.member_id))).subquery()
    both = union_all(select(done), select(suffered)).subquery()
    return select(both).order_by(both.c.at.desc(), both.c.id.desc())


def is_about(member_id: object) -> ColumnElement[bool]:
    """Whether a line tells of what was done to the member of this id, as text."""
    return and_(audit_log.c.resource_type == MEMBER, audit_log.c.resource_id == member_id)


def _to_row(entry: AuditEntry) -> dict[str, object]:
    return {
        "id": entry.id,
        "at": entry.at,
        "action": entry.action.value,
        "actor_id": entry.actor_id,
        "resource_type": entry.resource_type,
        "resource_id": entry.resource_id,
        "details": plain(entry.details),
        "ip": entry.ip,
        "user_agent": entry.user_agent,
    }


def _from_row(row: AnyRow) -> AuditEntry:
    return AuditEntry(
        id=AuditEntryId(row.id),
        at=row.at,
        action=AuditAction(row.action),
        actor_id=None if row.actor_id is None else MemberId(row.actor_id),
        resource_type=row.resource_type,
        resource_id=row.resource_id,
        details=row.details,
        ip=row.ip,
        user_agent=row.user_agent,
    )
