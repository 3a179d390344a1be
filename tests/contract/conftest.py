"""Every contract runs over every adapter of its port."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.contract.sql_backends import PostgresDatabase, copy_of_template, migrate, sql_backend, sqlite_url
from tests.support.backend import Backend, memory_backend
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


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def backend(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Backend]:
    """An empty backend of each kind."""
    if request.param == "memory":
        yield memory_backend()
    elif request.param == "sqlite":
        async with sql_backend(copy_of_template(request.getfixturevalue("sqlite_template"), tmp_path)) as sqlite:
            yield sqlite
    else:
        database = request.getfixturevalue("migrated_postgres")
        await database.empty()
        async with sql_backend(database.url) as postgres:
            yield postgres
