"""The migrations and the tables' metadata describe one schema, on both engines, at every step."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, PrimaryKeyConstraint, UniqueConstraint, text

from adapters.sql.database import Database
from adapters.sql.migrator import Migrator
from adapters.sql.tables import metadata
from adapters.sql.tables.compare import is_compared, is_type_changed
from tests.support.services import PostgresServer

pytestmark = pytest.mark.filterwarnings("ignore:autogenerate skipping metadata-specified expression-based index")

T = TypeVar("T")

UNIQUE = (PrimaryKeyConstraint, UniqueConstraint)
REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008")

SQLITE_CATALOGUE = """
SELECT type || ' ' || name, sql FROM sqlite_master
WHERE name NOT LIKE 'sqlite_%' AND name NOT LIKE 'alembic%' AND tbl_name NOT LIKE 'alembic%'
"""
POSTGRESQL_CATALOGUE = """
SELECT 'column ' || c.relname || '.' || a.attname,
  concat_ws(' ', format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attstorage, l.collname,
    pg_get_expr(d.adbin, d.adrelid))
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_collation l ON l.oid = a.attcollation LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE n.nspname = 'public' AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
  AND c.relname <> 'alembic_version'
UNION ALL SELECT 'constraint ' || conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE connamespace = 'public'::regnamespace AND conname NOT LIKE 'alembic%'
UNION ALL SELECT 'index ' || indexname, indexdef FROM pg_indexes
WHERE schemaname = 'public' AND tablename <> 'alembic_version'
UNION ALL SELECT 'trigger ' || tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
UNION ALL SELECT 'function ' || proname, pg_get_functiondef(oid) FROM pg_proc
WHERE pronamespace = 'public'::regnamespace
"""


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def two_urls(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Two empty databases of one engine."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/one.db", f"sqlite:///{tmp_path}/two.db"
    else:
        server: PostgresServer = request.getfixturevalue("postgres_server")
        with server.temporary_database() as one, server.temporary_database() as two:
            yield one, two


def catalogue(connection: Connection) -> dict[str, str]:
    """Every object of the schema by its kind and name, with its definition in one line."""
    statement = SQLITE_CATALOGUE if connection.dialect.name == "sqlite" else POSTGRESQL_CATALOGUE
    rows = connection.execute(text(statement)).all()
    return {name: re.sub(r"\s+", " ", definition or "").strip() for name, definition in rows}


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


async def test_schema_migrated_database_equals_metadata_objects(two_urls: tuple[str, str]) -> None:
    by_migrations, by_metadata = two_urls
    await Migrator(by_migrations).upgrade()
    await inside(by_metadata, metadata.create_all)
    left = await inside(by_migrations, catalogue)
    right = await inside(by_metadata, catalogue)
    assert left.keys() == right.keys()
    assert {name: parts(value) for name, value in left.items()} == {name: parts(value) for name, value in right.items()}


async def test_schema_compared_by_alembic_shows_no_difference(two_urls: tuple[str, str]) -> None:
    url, _ = two_urls
    await Migrator(url).upgrade()
    assert await inside(url, differences) == []


async def test_schema_of_the_migrations_holds_every_table_of_the_metadata(two_urls: tuple[str, str]) -> None:
    url, _ = two_urls
    await Migrator(url).upgrade()
    found = await inside(url, catalogue)
    tables = {name.removeprefix("table ") for name in found} | {
        name.removeprefix("column ").partition(".")[0] for name in found
    }
    assert len(metadata.tables) >= 20
    assert metadata.tables.keys() <= tables


async def test_schema_stairway_each_revision_goes_up_down_and_up(two_urls: tuple[str, str]) -> None:
    url, _ = two_urls
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
