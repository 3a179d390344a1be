"""Forgetting what has served."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Select, Table, Update, and_, bindparam, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import Delete

from adapters.sql.database import Database
from adapters.sql.errors import translated
from adapters.sql.finishing import to_its_end
from adapters.sql.tables import audit_log, idempotency_keys, link_requests, one_time_tokens, sign_ins, used_proofs
from application.ports.identity import IdentitySweep


class _Sweep:
    """Finds the oldest rows by an indexed time, but those that another sweeper has, and removes or changes them."""

    def __init__(self, table: Table, time: Column[datetime], *conditions: ColumnElement[bool]) -> None:
        keys = list(table.primary_key.columns)
        self._names = [key.name for key in keys]
        self._find: Select[Any] = (
            select(*keys)
            .where(time < bindparam("before"), *conditions)
            .order_by(time)
            .limit(bindparam("count"))
            .with_for_update(skip_locked=True)
        )
        self._is_row = and_(*(key == bindparam(f"b_{key.name}") for key in keys))
        self._change: Delete | Update = delete(table).where(self._is_row)
        self._table = table

    def setting(self, **values: object) -> "_Sweep":
        """The same rows, changed instead of removed."""
        self._change = update(self._table).where(self._is_row).values(values)
        return self

    async def run(self, connection: AsyncConnection, before: datetime, limit: int) -> int:
        """How many rows it met."""
        rows = (await connection.execute(self._find, {"before": before, "count": limit})).all()
        if rows:
            await connection.execute(self._change, [self._key(row) for row in rows])
        return len(rows)

    def _key(self, row: Sequence[object]) -> Mapping[str, object]:
        return {f"b_{name}": value for name, value in zip(self._names, row, strict=True)}


def _has_address(table: Table) -> ColumnElement[bool]:
    return or_(table.c.ip.is_not(None), table.c.user_agent.is_not(None))


_SIGN_INS = (_Sweep(sign_ins, sign_ins.c.expires_at), _Sweep(sign_ins, sign_ins.c.ended_at))
_TOKENS = tuple(_Sweep(table, table.c.expires_at) for table in (one_time_tokens, link_requests, used_proofs))
_IDEMPOTENCY_KEYS = (_Sweep(idempotency_keys, idempotency_keys.c.created_at),)
_ADDRESSES = tuple(
    _Sweep(table, time, _has_address(table)).setting(ip=None, user_agent=None)
    for table, time in (
        (audit_log, audit_log.c.at),
        (sign_ins, sign_ins.c.expires_at),
        (sign_ins, sign_ins.c.ended_at),
    )
)


class SqlIdentitySweep(IdentitySweep):
    """Each call is one transaction on the writer."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def sign_ins(self, before: datetime, limit: int) -> int:
        return await to_its_end(self._swept(_SIGN_INS, before, limit))

    async def tokens(self, before: datetime, limit: int) -> int:
        return await to_its_end(self._swept(_TOKENS, before, limit))

    async def idempotency_keys(self, before: datetime, limit: int) -> int:
        return await to_its_end(self._swept(_IDEMPOTENCY_KEYS, before, limit))

    async def audit_addresses(self, before: datetime, limit: int) -> int:
        return await to_its_end(self._swept(_ADDRESSES, before, limit))

    async def _swept(self, sweeps: Sequence[_Sweep], before: datetime, limit: int) -> int:
        count = 0
        with translated():
            async with self._database.writer.begin() as connection:
                for sweep in sweeps:
                    if count < limit:
                        count += await sweep.run(connection, before, limit - count)
        return count
