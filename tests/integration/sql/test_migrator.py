"""What the migrator says about a database that cannot be used."""

import asyncio
import sqlite3
import sys
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from adapters.sql.database import Database
from adapters.sql.migrator import Migrator
from adapters.sql.tables import members
from domain.errors import Invalid, Unavailable
from domain.identity import Grant, GrantId, GrantSource, Role
from tests.contract.test_passage_queries import retire
from tests.support.backend import Backend
from tests.support.given import added, new_member, new_telegram_member, stored_guide
from tests.support.services import PostgresServer

_MEMBER = """
INSERT INTO members (id, version, created_at, updated_at)
VALUES ('019b0000000270008000000000000002', 1, '2026-01-05 12:00:00+00:00', '2026-01-05 12:00:00+00:00')
"""
_TOKEN = """
INSERT INTO one_time_tokens (id, purpose, member_id, token_hash, created_at, expires_at)
VALUES ('019b0000000270008000000000000003', 'sign_in', '019b0000000270008000000000000002', 'a hash',
'2026-01-05 12:00:00+00:00', '2026-01-05 12:15:00+00:00')
"""
UNREACHABLE = "postgresql://postgres@127.0.0.1:1/postgres"


async def test_migrator_upgraded_database_passes_the_check(url: str) -> None:
    migrator = Migrator(url)
    await migrator.check()
    assert await migrator.current() == migrator.head()


async def test_migrator_upgrade_twice_changes_nothing(url: str) -> None:
    await Migrator(url).upgrade()
    assert await Migrator(url).current() == Migrator(url).head()


async def test_migrator_absent_file_is_empty_and_not_created(tmp_path: Path) -> None:
    file = tmp_path / "absent.db"
    assert await Migrator(f"sqlite:///{file}").current() is None
    with pytest.raises(Unavailable, match="run `guildhall db upgrade`"):
        await Migrator(f"sqlite:///{file}").check()
    assert not file.exists()


async def test_migrator_database_behind_says_to_upgrade(sqlite: str) -> None:
    migrator = Migrator(sqlite)
    await migrator.downgrade("0003")
    with pytest.raises(Unavailable, match=f"at revision 0003, behind {migrator.head()}; run `guildhall db upgrade`"):
        await migrator.check()


async def test_migrator_database_of_newer_version_is_refused_and_kept(url: str) -> None:
    database = Database(url)
    async with database.writer.begin() as connection:
        await connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    try:
        for attempt in (Migrator(url).check(), Migrator(url).upgrade(), Migrator(url).downgrade("base")):
            with pytest.raises(Unavailable, match="newer Guildhall"):
                await attempt
        assert await Migrator(url).current() == "9999"
    finally:
        async with database.writer.begin() as connection:
            await connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{Migrator(url).head()}'")
        await database.dispose()


async def test_migrator_unknown_revision_is_invalid(sqlite: str) -> None:
    with pytest.raises(Invalid, match="nonsense cannot be reached"):
        await Migrator(sqlite).upgrade("nonsense")


async def test_migrator_locked_file_says_who_to_wait_for(sqlite: str) -> None:
    with closing(sqlite3.connect(sqlite.removeprefix("sqlite:///"), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable, match="locked by another process"):
            await Migrator(sqlite).check()


async def test_migrator_file_of_another_kind_is_named(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("These are notes, not a database. " * 40)
    with pytest.raises(Unavailable, match="not a SQLite database"):
        await Migrator(f"sqlite:///{file}").check()
    assert file.read_text().startswith("These are notes")


async def test_migrator_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="check that its folder exists"):
        await Migrator(f"sqlite:///{tmp_path}/no/such/folder/guildhall.db").upgrade()


async def test_migrator_read_only_file_is_named(sqlite: str) -> None:
    with pytest.raises(Unavailable, match="cannot be written"):
        await Migrator(f"{sqlite.replace('sqlite:///', 'sqlite:///file:')}?mode=ro&uri=true").check()


@pytest.mark.parametrize("attempt", ["check", "upgrade", "current"])
async def test_migrator_unreachable_server_says_it_does_not_answer(attempt: str) -> None:
    with pytest.raises(Unavailable, match="does not answer"):
        await getattr(Migrator(UNREACHABLE), attempt)()


@pytest.mark.postgres
async def test_migrator_missing_postgres_database_is_named(postgres_server: PostgresServer) -> None:
    url = f"{postgres_server.url.rpartition('/')[0]}/no_such_database"
    with pytest.raises(Unavailable, match="no_such_database"):
        await Migrator(url).check()


async def upgraded_elsewhere(url: str) -> int | None:
    """The exit code of a process that upgrades the database."""
    code = f"import asyncio; from adapters.sql.migrator import Migrator; asyncio.run(Migrator({url!r}).upgrade())"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code)
    return await process.wait()


@pytest.mark.parametrize("engine", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def test_migrator_two_processes_upgrading_at_once_both_succeed(
    engine: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    new = f"sqlite:///{tmp_path}/new.db" if engine == "sqlite" else request.getfixturevalue("postgres_database")
    codes = await asyncio.gather(upgraded_elsewhere(new), upgraded_elsewhere(new))
    assert set(codes) == {0}
    await Migrator(new).check()


async def test_migrator_failing_migration_leaves_nothing_half_done(sqlite: str) -> None:
    migrator = Migrator(sqlite)
    await migrator.downgrade("0001")
    with closing(sqlite3.connect(sqlite.removeprefix("sqlite:///"))) as other:
        other.execute("CREATE TABLE chat_replies (taken INTEGER)")
        other.commit()
    with pytest.raises(Exception, match="chat_replies already exists"):
        await migrator.upgrade()
    with closing(sqlite3.connect(sqlite.removeprefix("sqlite:///"))) as other:
        names = {name for (name,) in other.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert "telegram_guides" not in names
    assert await migrator.current() == "0001"


async def test_migrator_waiting_tokens_are_kept_on_the_way_up_and_down(url: str) -> None:
    migrator, database = Migrator(url), Database(url)
    tokens = "SELECT purpose, token_hash, created_at, expires_at, used_at FROM one_time_tokens"
    await migrator.downgrade("0006")
    try:
        async with database.writer.begin() as connection:
            await connection.exec_driver_sql(_MEMBER)
            await connection.exec_driver_sql(_TOKEN)
            before = (await connection.exec_driver_sql(tokens)).all()
        await migrator.upgrade()
        async with database.writer.begin() as connection:
            upgraded = (await connection.exec_driver_sql(tokens)).all()
        await migrator.downgrade("0006")
        async with database.writer.begin() as connection:
            downgraded = (await connection.exec_driver_sql(tokens)).all()
    finally:
        await database.dispose()
        await migrator.upgrade()
    assert before == upgraded == downgraded
    assert [row[:2] for row in before] == [("sign_in", "a hash")]


async def test_migrator_roles_keep_their_ends_on_the_way_down_and_up(url: str, backend: Backend) -> None:
    now, migrator, database = backend.clock.now(), Migrator(url), Database(url)
    soon, later = now + timedelta(days=1), now + timedelta(days=2)
    given = {
        "both": [(Role.SUBSCRIBER, soon), (Role.SUBSCRIBER, later)],
        "higher": [(Role.ADMIN, soon), (Role.SUBSCRIBER, later)],
        "lasting": [(Role.ADMIN, None), (Role.ADMIN, soon)],
        "none": [],
    }
    for name, grants in given.items():
        member = new_member(backend, username=name)
        member.grants = [
            Grant(GrantId(backend.ids.new()), role, GrantSource.MANUAL, None, "", until, now) for role, until in grants
        ]
        await added(backend, member)
    telegram = new_telegram_member(backend)
    telegram.grants = [Grant(GrantId(backend.ids.new()), Role.OWNER, GrantSource.MANUAL, None, "", soon, now)]
    await added(backend, telegram)
    statement = select(members.c.role_until).order_by(members.c.id)
    try:
        async with database.writer.begin() as connection:
            before = [row.role_until for row in await connection.execute(statement)]
        await migrator.downgrade("0007")
        await migrator.upgrade()
        async with database.writer.begin() as connection:
            after = [row.role_until for row in await connection.execute(statement)]
    finally:
        await database.dispose()
        await migrator.upgrade()
    assert before == after == [later, soon, None, None, soon]


async def test_migrator_search_numbers_of_each_role_are_made_from_the_passages_there_are(
    url: str, backend: Backend
) -> None:
    async def seen() -> list[object]:
        found = [await backend.passages.candidates(["stop", "loss"], role, 10) for role in Role]
        return [*found, *[list(await backend.passages.vocabulary("", role, 10)) for role in Role]]

    for number, role in enumerate((*Role, Role.PUBLIC)):
        await stored_guide(backend, f"Guide {number}", role=role, terms=("stop", *["loss", "size"][: int(role)]))
    retired = await stored_guide(backend, "Retired", terms=("stop", "retired"))
    await retire(backend, retired)
    before = await seen()
    assert [found.passage_count for found in before[: len(Role)]] == [2, 3, 4, 5]
    migrator = Migrator(url)
    await migrator.downgrade("0009")
    await migrator.upgrade()
    assert await seen() == before
    await retire(backend, retired, restore=True)
    assert [found.passage_count for found in (await seen())[: len(Role)]] == [3, 4, 5, 6]


@pytest.mark.parametrize(
    "address", ["", "mysql://localhost/x", "sqlite://", "sqlite:///:memory:", "not a url", "postgresql:/x"]
)
def test_migrator_address_of_another_kind_is_invalid(address: str) -> None:
    with pytest.raises(Invalid, match="expected sqlite:///path"):
        Migrator(address)
