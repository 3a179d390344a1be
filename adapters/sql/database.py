"""Engines and how their connections are set up."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import msgspec
from sqlalchemy import URL, Connection, CursorResult, PoolResetState, event
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from adapters.sql.connecting import connect_whole
from adapters.sql.errors import translated
from adapters.sql.finishing import to_its_end
from adapters.sql.turns import Turns
from adapters.sql.urls import database_url

BUSY_TIMEOUT = timedelta(seconds=5)
SQLITE_WAITING = timedelta(seconds=60)
POSTGRESQL_WAITING = timedelta(seconds=30)
READERS = 4
POSTGRESQL_CONNECTIONS = 10


class Database:
    """One database. Connects when first used; `dispose` closes what is open.

    On SQLite `writer` holds exactly one connection and begins with `BEGIN IMMEDIATE`: the driver's default loses
    updates silently, and a deferred one fails with "database is locked" whatever the timeout. `reader` is deferred and
    read-only. On PostgreSQL both are the same engine.
    """

    def __init__(self, url: str, *, busy_timeout: timedelta = BUSY_TIMEOUT) -> None:
        self.url = database_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        if self.is_sqlite:
            self.writer = _sqlite_writer(self.url, busy_timeout)
            self.reader = _sqlite_reader(self.url, busy_timeout)
            self._turns = Turns(READERS, SQLITE_WAITING.total_seconds())
            self._line = Turns(1, SQLITE_WAITING.total_seconds())
        else:
            self.writer = self.reader = _postgresql(self.url)
            self._turns = Turns(2 * POSTGRESQL_CONNECTIONS, POSTGRESQL_WAITING.total_seconds())

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A connection on which each statement sees what is committed, without a transaction around it."""
        with translated():
            connecting = _WholeConnection(self.reader) if self.is_sqlite else self.reader.connect()
            async with self._turns, connecting as connection:
                if not self.is_sqlite:
                    await connection.execution_options(isolation_level="AUTOCOMMIT")
                yield connection

    async def write(self) -> AsyncConnection:
        """A connection to write on; whoever took it closes it.

        On SQLite one unit of work at a time waits for it at the engine, the others in a line before: who goes straight
        to the engine, as the bot's inbox does, waits for two of them and not for all.
        """
        if not self.is_sqlite:
            return await self.writer.connect()
        async with self._line:
            return await self.writer.connect()

    async def dispose(self) -> None:
        """Close all connections."""
        await self.writer.dispose()
        if self.reader is not self.writer:
            await self.reader.dispose()


class _WholeConnection(AsyncConnection):
    """Ends each statement before a cancellation is raised: one cut off would pin the write-ahead log for good."""

    async def execute(self, *arguments: Any, **options: Any) -> CursorResult[Any]:
        return await to_its_end(super().execute(*arguments, **options))


def _encode(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _sqlite_writer(url: URL, busy_timeout: timedelta) -> AsyncEngine:
    engine = create_async_engine(
        url,
        pool_size=1,
        max_overflow=0,
        pool_timeout=SQLITE_WAITING.total_seconds(),
        pool_reset_on_return=None,
        json_serializer=_encode,
        json_deserializer=msgspec.json.decode,
        hide_parameters=True,
    )
    pragmas = ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "cache_size = -8000")
    _set_up(engine, busy_timeout, *pragmas)

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    @event.listens_for(engine.sync_engine, "reset")
    def reset(connection: Any, _record: object, state: PoolResetState) -> None:
        # Rolling back is a hop to the connection's thread, which is worth it only where there is something to undo.
        if state.asyncio_safe and connection.driver_connection.in_transaction:
            connection.rollback()

    return engine


def _sqlite_reader(url: URL, busy_timeout: timedelta) -> AsyncEngine:
    engine = create_async_engine(
        url,
        pool_size=READERS,
        max_overflow=0,
        pool_timeout=SQLITE_WAITING.total_seconds(),
        isolation_level="AUTOCOMMIT",
        skip_autocommit_rollback=True,
        json_serializer=_encode,
        json_deserializer=msgspec.json.decode,
        hide_parameters=True,
    )
    _set_up(engine, busy_timeout, "query_only = ON", "cache_size = -8000")
    return engine


def _set_up(engine: AsyncEngine, busy_timeout: timedelta, *pragmas: str) -> None:
    milliseconds = round(busy_timeout.total_seconds() * 1000)

    @event.listens_for(engine.sync_engine, "do_connect")
    def open_first(_dialect: object, _record: object, arguments: Any, options: Any) -> None:
        # A file that aiosqlite cannot open leaves it with a thread that speaks to the event loop after its end.
        sqlite3.connect(*arguments, **options).close()

    @event.listens_for(engine.sync_engine, "connect")
    def connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        try:
            for pragma in (f"busy_timeout = {milliseconds}", *pragmas):
                cursor.execute(f"PRAGMA {pragma}")
        except BaseException:
            # The pool has not taken it over yet, so nobody else would end its thread.
            connection.close()
            raise
        cursor.close()


def _postgresql(url: URL) -> AsyncEngine:
    return create_async_engine(
        url,
        pool_size=POSTGRESQL_CONNECTIONS,
        max_overflow=POSTGRESQL_CONNECTIONS,
        pool_timeout=POSTGRESQL_WAITING.total_seconds(),
        pool_pre_ping=False,
        skip_autocommit_rollback=True,
        json_serializer=_encode,
        json_deserializer=msgspec.json.decode,
        hide_parameters=True,
        connect_args={
            "async_creator_fn": connect_whole,
            "timeout": 10,
            "server_settings": {"application_name": "guildhall", "idle_in_transaction_session_timeout": "60s"},
        },
    )
