"""Engines: how connections are set up, and what a broken unit of work leaves behind."""

import asyncio
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from adapters.memory import InMemoryBus, ManualClock
from adapters.sql.database import Database
from adapters.sql.types import storable
from adapters.sql.unit_of_work import SqlUnitOfWork
from domain.errors import Unavailable
from tests.support.backend import Backend
from tests.support.given import new_guide, new_member, stored_guide, stored_member, stored_session


async def pragma(database: Database, name: str) -> tuple[object, object]:
    """The setting of the writer and of a reader."""
    async with database.writer.connect() as writer, database.read() as reader:
        statement = text(f"PRAGMA {name}")
        return (await writer.execute(statement)).scalar(), (await reader.execute(statement)).scalar()


async def test_database_sqlite_connections_are_set_up_for_safety(sqlite: str) -> None:
    database = Database(sqlite)
    try:
        assert await pragma(database, "journal_mode") == ("wal", "wal")
        assert (await pragma(database, "synchronous"))[0] == 2
        assert (await pragma(database, "foreign_keys"))[0] == 1
        assert await pragma(database, "query_only") == (0, 1)
        assert await pragma(database, "busy_timeout") == (5000, 5000)
    finally:
        await database.dispose()


async def test_database_reader_refuses_to_write(sqlite: str) -> None:
    database = Database(sqlite)
    try:
        with pytest.raises(Unavailable, match="cannot be written"):
            async with database.read() as connection:
                await connection.execute(text("DELETE FROM members"))
    finally:
        await database.dispose()


def test_database_made_without_a_server_connects_to_nothing(tmp_path: Path) -> None:
    database = Database("postgresql://nobody@127.0.0.1:1/nothing")
    assert database.reader is database.writer
    assert Database(f"sqlite:///{tmp_path}/absent.db").is_sqlite
    assert list(tmp_path.iterdir()) == []


def test_database_import_leaves_alembic_out() -> None:
    code = "import sys, adapters.sql.database, adapters.sql.unit_of_work; sys.exit('alembic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


async def test_database_unreachable_server_raises_unavailable() -> None:
    database = Database("postgresql://nobody@127.0.0.1:1/nothing")
    with pytest.raises(Unavailable, match="does not answer"):
        async with SqlUnitOfWork(database, InMemoryBus(), ManualClock()):
            pass
    await database.dispose()


async def test_database_locked_by_another_process_raises_unavailable(sqlite: str) -> None:
    database = Database(sqlite, busy_timeout=timedelta(milliseconds=50))
    with closing(sqlite3.connect(sqlite.removeprefix("sqlite:///"), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable, match="locked"):
            async with SqlUnitOfWork(database, InMemoryBus(), ManualClock()):
                pass
        other.execute("ROLLBACK")
    async with SqlUnitOfWork(database, InMemoryBus(), ManualClock()) as work:
        assert await work.guides.count() == 0
    await database.dispose()


async def test_database_unit_of_work_cancelled_anywhere_lets_the_next_one_write(backend: Backend) -> None:
    async def write(number: int) -> None:
        async with backend.unit_of_work() as work:
            for part in range(10):
                await work.guides.add(new_guide(backend, f"Guide {number} {part}"))
            await work.commit()

    kept = 0
    for number in range(20):
        task = asyncio.create_task(write(number))
        for _ in range(number * 2):
            await asyncio.sleep(0)
        task.cancel()
        kept += (await asyncio.gather(task, return_exceptions=True))[0] is None
    async with asyncio.timeout(10), backend.unit_of_work() as work:
        found = await work.guides.count()
        await work.guides.add(new_guide(backend, "The last one"))
        await work.commit()
    assert found % 10 == 0
    assert found >= kept * 10


async def test_database_stores_time_of_any_zone_as_the_same_moment(backend: Backend) -> None:
    member = await stored_member(backend)
    session = await stored_session(backend, member)
    local = datetime(2026, 3, 1, 1, 30, 0, 123456, tzinfo=timezone(timedelta(hours=5)))
    async with backend.unit_of_work() as work:
        await work.chat_sessions.allocate_seq(session.id, 1, local)
        await work.commit()
    view = await backend.chat.session(member.id, session.id)
    assert view is not None
    assert view.updated_at == local
    assert view.updated_at.tzinfo is UTC


async def test_database_text_that_engines_cannot_store_is_searched_without_failing(backend: Backend) -> None:
    await stored_guide(backend, "One", source_path="guides/one.md")
    for name in ("\0", "a\0b", "\ud800", "%", "_", "'", "\\"):
        async with backend.unit_of_work() as work:
            assert await work.members.by_email(name) is None
            assert await work.members.by_username(name) is None
            assert await work.guides.by_source_path(name) is None
            assert await work.one_time_tokens.by_hash(name) is None
        assert (await backend.members.page(name, None, 5, backend.clock.now())).items == ()


async def test_database_email_with_unstorable_text_is_stored_readably(backend: Backend) -> None:
    member = new_member(backend, email="a\0b@example.org", username="ada")
    async with backend.unit_of_work() as work:
        await work.members.add(member, backend.clock.now())
        await work.commit()
    view = await backend.members.view(member.id, backend.clock.now())
    assert view is not None
    assert view.email == "a\ufffdb@example.org"


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("plain", "plain"),
        ("naïve 日本", "naïve 日本"),
        ("a\0b", "a\ufffdb"),
        ("\ud83d\ude00", "😀"),
        ("x\udc00é", "x\ufffdé"),
    ],
)
def test_database_storable_text_replaces_only_what_engines_refuse(given: str, stored: str) -> None:
    assert storable(given) == stored


async def test_database_errors_name_the_statement_and_none_of_its_values(database: Database) -> None:
    statement = text("SELECT no_such_column FROM members WHERE id = :secret")
    async with database.reader.connect() as connection:
        with pytest.raises(DBAPIError, match="no_such_column") as failure:
            await connection.execute(statement, {"secret": "a private value"})
    assert "a private value" not in str(failure.value)
