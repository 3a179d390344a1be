"""Migrated, empty databases of both engines."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.sql.database import Database
from tests.contract.sql_backends import PostgresDatabase, copy_of_template, migrate, sql_backend, sqlite_url
from tests.support.backend import Backend
from tests.support.services import PostgresServer


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite file."""
    path = tmp_path_factory.mktemp("template") / "guildhall.db"
    migrate(sqlite_url(path))
    return path


@pytest.fixture(scope="session")
def migrated_postgres(postgres_server: PostgresServer) -> Iterator[PostgresDatabase]:
    """This session's own PostgreSQL database."""
    with PostgresDatabase.made(postgres_server) as database:
        yield database


@pytest.fixture
def sqlite(sqlite_template: Path, tmp_path: Path) -> str:
    """The URL of a migrated, empty SQLite file."""
    return copy_of_template(sqlite_template, tmp_path)


@pytest.fixture
async def postgres(migrated_postgres: PostgresDatabase) -> str:
    """The URL of a migrated, empty PostgreSQL database."""
    await migrated_postgres.empty()
    return migrated_postgres.url


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest) -> str:
    """The URL of a migrated, empty database of each engine."""
    return str(request.getfixturevalue(request.param))


@pytest.fixture
async def backend(url: str) -> AsyncIterator[Backend]:
    """The whole adapter over the database."""
    async with sql_backend(url) as backend:
        yield backend


@pytest.fixture
async def second(url: str, backend: Backend) -> AsyncIterator[Backend]:
    """The same database seen by another process: engines of its own."""
    async with sql_backend(url) as other:
        yield replace(other, ids=backend.ids)


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    """Engines to look into the tables with."""
    database = Database(url)
    yield database
    await database.dispose()
