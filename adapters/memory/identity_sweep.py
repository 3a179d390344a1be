"""Forgetting what has served."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from adapters.memory.cascades import forget_orphaned_requests
from adapters.memory.store import MemoryStore, Tables
from application.ports.identity import IdentitySweep
from domain.identity import AuditEntry, SignIn

Key = TypeVar("Key")
Row = TypeVar("Row")


class InMemoryIdentitySweep(IdentitySweep):
    """Each method is a transaction of its own."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def sign_ins(self, before: datetime, limit: int) -> int:
        async with self._staged() as tables:
            gone = _remove(tables.sign_ins, lambda row: _is_over(row, before), limit)
            forget_orphaned_requests(tables)
            return gone

    async def tokens(self, before: datetime, limit: int) -> int:
        async with self._staged() as tables:
            gone = _remove(tables.one_time_tokens, lambda row: row.expires_at < before, limit)
            gone += _remove(tables.link_requests, lambda row: row.expires_at < before, limit - gone)
            return gone + _remove(tables.used_proofs, lambda until: until < before, limit - gone)

    async def idempotency_keys(self, before: datetime, limit: int) -> int:
        async with self._staged() as tables:
            return _remove(tables.idempotency_keys, lambda row: row.created_at < before, limit)

    async def audit_addresses(self, before: datetime, limit: int) -> int:
        async with self._staged() as tables:
            old = [row for row in tables.audit.values() if row.at < before and _has_address(row)][:limit]
            tables.audit.update({row.id: replace(row, ip=None, user_agent=None) for row in old})
            rows = tables.sign_ins.values()
            over = [row for row in rows if _is_over(row, before) and _has_address(row)][: limit - len(old)]
            tables.sign_ins.update({row.id: replace(row, ip=None, user_agent=None) for row in over})
            return len(old) + len(over)

    @asynccontextmanager
    async def _staged(self) -> AsyncIterator[Tables]:
        async with self._store.lock:
            tables = self._store.tables.copy()
            yield tables
            self._store.tables = tables


def _is_over(sign_in: SignIn, before: datetime) -> bool:
    return sign_in.expires_at < before or (sign_in.ended_at is not None and sign_in.ended_at < before)


def _has_address(row: AuditEntry | SignIn) -> bool:
    return row.ip is not None or row.user_agent is not None


def _remove(rows: dict[Key, Row], is_over: Callable[[Row], bool], limit: int) -> int:
    over = [key for key, row in rows.items() if is_over(row)][:limit]
    for key in over:
        del rows[key]
    return len(over)
