"""The migrations and the tables' metadata describe one schema, on both engines, at every step."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, PrimaryKeyConstraint, UniqueConstraint

from adapters.sql.database import Database
from adapters.sql.migrator import Migrator
from adapters.sql.tables import metadata
from adapters.sql.tables.compare import is_compared, is_type_changed
from tests.architecture.declared import catalogue, declare_anew, declared_for_sqlite
from tests.support.services import PostgresServer

pytestmark = pytest.mark.filterwarnings("ignore:autogenerate skipping metadata-specified expression-based index")

T = TypeVar("T")

UNIQUE = (PrimaryKeyConstraint, UniqueConstraint)
REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0009", "0010", "0011")

# What SQLite makes for a full-text index by itself.
SHADOWS = re.compile(r"table \w+_fts_\w+")


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database of each engine."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/empty.db"
    else:
        server: PostgresServer = request.getfixturevalue("postgres_server")
        with server.temporary_database() as made:
            yield made


def differences(connection: Connection) -> list[object]:
    """What Alembic would change to make the database the metadata's."""
    options = {"compare_type": is_type_changed, "compare_server_default": True, "include_object": is_compared}
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))


def parts(definition: str) -> list[str]:
    """A table's definition as its columns and constraints in any order."""
    start, _, rest = definition.partition(" (")
    return [start, *sorted(part.strip() for part in re.split(r", (?=[a-z\"]|CONSTRAINT)", rest.removesuffix(")")))]


async def inside(url: str, work: Callable[[Connection], T]) -> T:
    """Run a function with a synchronous connection to the database."""
    database = Database(url)
    try:
        async with database.writer.begin() as connection:
            return await connection.run_sync(work)
    finally:
        await database.dispose()


async def test_schema_of_a_migrated_sqlite_file_is_what_the_metadata_declares(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/migrated.db"
    await Migrator(url).upgrade()
    found = {name: kept for name, kept in (await inside(url, catalogue)).items() if not SHADOWS.fullmatch(name)}
    declared = declared_for_sqlite()
    assert found.keys() == declared.keys()
    assert {name: parts(kept) for name, kept in found.items()} == {name: parts(kept) for name, kept in declared.items()}


@pytest.mark.parametrize(
    "change",
    [
        "CREATE TABLE more (id INTEGER)",
        "DROP TRIGGER guide_passages_added",
        "DROP INDEX ix_sign_ins_member_id_created_at_id_open",
        "ALTER TABLE users ADD COLUMN more TEXT",
    ],
)
async def test_schema_of_a_sqlite_file_changed_otherwise_is_not_what_is_declared(tmp_path: Path, change: str) -> None:
    url = f"sqlite:///{tmp_path}/migrated.db"
    await Migrator(url).upgrade()
    await inside(url, lambda connection: connection.exec_driver_sql(change).close())
    found, declared = await inside(url, catalogue), declared_for_sqlite()
    kept = {name: parts(found.get(name, "")) for name in found if not SHADOWS.fullmatch(name)}
    assert kept != {name: parts(value) for name, value in declared.items()}


@pytest.mark.postgres
async def test_schema_of_a_migrated_postgresql_database_stays_the_same_declared_anew(
    postgres_server: PostgresServer,
) -> None:
    with postgres_server.temporary_database() as url:
        await Migrator(url).upgrade()
        migrated = await inside(url, catalogue)
        await inside(url, declare_anew)
        assert await inside(url, catalogue) == migrated


@pytest.mark.postgres
@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE users DROP CONSTRAINT ck_users_role",
        "ALTER TABLE users ADD CONSTRAINT ck_users_more CHECK (role >= 0)",
        "ALTER TABLE users DROP CONSTRAINT ck_users_role, ADD CONSTRAINT ck_users_role CHECK (role >= 0 AND role <= 9)",
        "ALTER TABLE users ALTER COLUMN email_key TYPE TEXT",
        "ALTER TABLE guide_passages ALTER COLUMN search_vector SET STORAGE EXTENDED",
        "DROP INDEX ix_users_role; CREATE INDEX ix_users_role ON users (role) WHERE role > 0",
        "DROP TRIGGER guide_passages_added ON guide_passages",
        "CREATE FUNCTION more() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "ALTER TABLE guide_passages_terms ALTER COLUMN doc TYPE INTEGER",
    ],
)
async def test_schema_declared_anew_shows_what_a_migration_did_otherwise(
    postgres_server: PostgresServer, change: str
) -> None:
    def both(connection: Connection) -> tuple[dict[str, str], dict[str, str]]:
        for statement in change.split("; "):
            connection.exec_driver_sql(statement)
        changed = catalogue(connection)
        declare_anew(connection)
        return changed, catalogue(connection)

    with postgres_server.temporary_database() as url:
        await Migrator(url).upgrade()
        changed, declared = await inside(url, both)
    different = {name for name in changed.keys() | declared.keys() if changed.get(name) != declared.get(name)}
    assert len(different) == 1


async def test_schema_compared_by_alembic_shows_no_difference(url: str) -> None:
    await Migrator(url).upgrade()
    assert await inside(url, differences) == []


async def test_schema_of_the_migrations_holds_every_table_of_the_metadata(url: str) -> None:
    await Migrator(url).upgrade()
    found = await inside(url, catalogue)
    tables = {name.removeprefix("table ") for name in found} | {
        name.removeprefix("column ").partition(".")[0] for name in found
    }
    assert len(metadata.tables) >= 20
    assert metadata.tables.keys() <= tables


async def test_schema_stairway_each_revision_goes_up_down_and_up(url: str) -> None:
    migrator = Migrator(url)
    below, seen = "base", []
    for revision in REVISIONS:
        await migrator.upgrade(revision)
        above = await inside(url, catalogue)
        await migrator.downgrade(below)
        await migrator.upgrade(revision)
        assert await inside(url, catalogue) == above
        seen.append(await migrator.current())
        below = revision
    assert tuple(seen) == REVISIONS
    assert migrator.head() == REVISIONS[-1]
    await migrator.downgrade("base")
    assert await inside(url, catalogue) == {}


def test_schema_names_of_constraints_and_indexes_follow_one_convention() -> None:
    named = [
        (table.name, str(getattr(item, "name", None)))
        for table in metadata.tables.values()
        for item in (*table.constraints, *table.indexes)
    ]
    assert len(named) > 100
    wrong = [name for table, name in named if not re.fullmatch(rf"(pk|fk|uq|ix|ck)_{table}(_.+)?", name)]
    assert wrong == []
    assert [name for _, name in named if len(name) > 63] == []


def test_schema_foreign_keys_all_say_what_a_deletion_does_and_stand_first_in_an_index() -> None:
    keys = [(table, key) for table in metadata.tables.values() for key in table.foreign_key_constraints]
    assert len(keys) > 15
    for table, key in keys:
        assert key.ondelete in {"CASCADE", "SET NULL"}, key.name
        column = next(iter(key.columns))
        firsts = [next(iter(index.columns)) for index in table.indexes if len(index.columns)]
        firsts += [next(iter(item.columns)) for item in table.constraints if isinstance(item, UNIQUE)]
        assert any(first is column for first in firsts), f"{table.name}.{column.name} has no index"
