"""How rows of the inbox are written: the hot path, so one statement for all of them and straight to the driver.

SQLite's driver gives the interpreter's lock away at each step of a statement and gets it back late when the event loop
is busy: many rows in one step wait once. It commits by itself, so a group is one hop to the connection's thread.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import lru_cache
from itertools import chain
from typing import Any, NamedTuple, Protocol
from uuid import UUID

import msgspec
from sqlalchemy.util import greenlet_spawn

from adapters.sql.database import Database
from adapters.sql.errors import driver_fault, translated
from adapters.sql.types import storable
from domain.errors import GuildhallError
from domain.telegram import InboxUpdate

# SQLite takes 32,766 parameters in a statement.
AT_ONCE = 2_000
TIMEOUT_SECONDS = 30.0


class Row(NamedTuple):
    """A row as it is inserted, its times as the driver takes them; what is not here is empty at first."""

    id: str
    bot_id: int
    update_id: int | None
    kind: str
    lane: str
    is_urgent: bool
    raw: bytes
    state: int
    received_at: datetime | str
    due_at: datetime | str
    expires_at: datetime | str | None
    error_message: str | None
    handled_at: datetime | str | None


_ON_SQLITE = "INSERT INTO telegram_webhooks (attempts, {columns}) VALUES {places} ON CONFLICT DO NOTHING"
# The rows of one statement stand one after the other.
_KEPT = "SELECT json_group_array(id) FROM telegram_webhooks WHERE rowid > ? AND rowid <= ?"
_ON_POSTGRESQL = """
INSERT INTO telegram_webhooks (attempts, {columns}) SELECT 0, * FROM unnest({arrays}) ON CONFLICT DO NOTHING
RETURNING id
"""
_COLUMNS = ", ".join(Row._fields)
_TYPES = "uuid bigint bigint text text boolean bytea smallint timestamptz timestamptz timestamptz text timestamptz"
_ARRAYS = ", ".join(f"${number}::{name}[]" for number, name in enumerate(_TYPES.split(), 1))
_INSERT_ARRAYS = _ON_POSTGRESQL.format(columns=_COLUMNS, arrays=_ARRAYS)
_PLACES = f"(0{', ?' * len(Row._fields)})"


class Rows(Protocol):
    """Writes rows for good."""

    def row(self, update: InboxUpdate) -> Row:
        """The update as it is inserted. Raises `ValueError` for a time without a zone."""
        ...

    async def insert(self, rows: Sequence[Row]) -> frozenset[str]:
        """The ids of those that are new, once they are committed. Raises `Unavailable` when none is."""
        ...


class SqliteRows(Rows):
    """On the writer's one connection, in turn with the units of work."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def row(self, update: InboxUpdate) -> Row:
        return _row(update, _written)

    async def insert(self, rows: Sequence[Row]) -> frozenset[str]:
        async with _driver(self._database) as driver:
            if len(rows) <= AT_ONCE:
                return await _insert(driver, rows)
            return await _insert_in_parts(driver, rows)


class PostgresqlRows(Rows):
    """On any connection. In the order of their keys, so that two groups that share rows never wait for each other."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def row(self, update: InboxUpdate) -> Row:
        return _row(update, _aware)

    async def insert(self, rows: Sequence[Row]) -> frozenset[str]:
        ordered = sorted(rows, key=lambda row: (row.bot_id, row.update_id or 0))
        columns = [list(column) for column in zip(*ordered, strict=True)]
        columns[0] = [UUID(key) for key in columns[0]]
        async with _driver(self._database) as driver:
            found = await driver.fetch(_INSERT_ARRAYS, *columns, timeout=TIMEOUT_SECONDS)
        return frozenset(row["id"].hex for row in found)


def _row(update: InboxUpdate, time: Callable[[datetime], datetime | str]) -> Row:
    return Row(
        update.key.hex,
        update.bot_id,
        update.update_id,
        storable(update.kind),
        storable(update.lane),
        update.is_urgent,
        update.raw,
        int(update.state),
        time(update.received_at),
        time(update.due_at),
        None if update.expires_at is None else time(update.expires_at),
        None if update.error_message is None else storable(update.error_message),
        None if update.handled_at is None else time(update.handled_at),
    )


@asynccontextmanager
async def _driver(database: Database) -> AsyncIterator[Any]:
    """The driver's connection, straight from the pool: SQLAlchemy's own takes longer to make than a group to insert."""
    with translated():
        connection = await database.writer.raw_connection()
        try:
            yield connection.driver_connection
        except GuildhallError:
            raise
        except Exception as error:
            # SQLAlchemy did not see what happened to it.
            await greenlet_spawn(connection.invalidate)
            raise driver_fault(error) from error
        finally:
            await greenlet_spawn(connection.close)


async def _insert(driver: Any, rows: Sequence[Row]) -> frozenset[str]:
    cursor = await driver.execute(_inserting(len(rows)), list(chain.from_iterable(rows)))
    if cursor.rowcount == len(rows):
        return frozenset(row.id for row in rows)
    ((kept,),) = await driver.execute_fetchall(_KEPT, (cursor.lastrowid - cursor.rowcount, cursor.lastrowid))
    return frozenset(msgspec.json.decode(kept))


@lru_cache(256)
def _inserting(count: int) -> str:
    return _ON_SQLITE.format(columns=_COLUMNS, places=", ".join([_PLACES] * count))


async def _insert_in_parts(driver: Any, rows: Sequence[Row]) -> frozenset[str]:
    await driver.execute("BEGIN IMMEDIATE")
    new: frozenset[str] = frozenset()
    for start in range(0, len(rows), AT_ONCE):
        new |= await _insert(driver, rows[start : start + AT_ONCE])
    await driver.commit()
    return new


def _aware(time: datetime) -> datetime:
    if time.tzinfo is None:
        raise ValueError("A time without a zone cannot be stored; expected aware UTC.")
    return time


# Those that came together have their times in common.
@lru_cache(64)
def _written(time: datetime) -> str:
    # As the column's type writes it.
    return _aware(time).astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")
