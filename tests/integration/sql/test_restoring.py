"""Backups put in the place of a database."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adapters.sql.backup import backup
from adapters.sql.migrator import Migrator
from adapters.sql.restoring import restore
from domain.errors import Conflict, GuildhallError, Invalid, Unavailable
from tests.contract.sql_backends import sql_backend
from tests.support.backend import Backend
from tests.support.given import stored_member

NOW = datetime(2026, 11, 21, 20, 15, tzinfo=UTC)


@pytest.fixture
def database(sqlite: str) -> Path:
    return Path(sqlite.removeprefix("sqlite:///"))


@pytest.fixture
async def copied(sqlite: str, tmp_path: Path) -> Path:
    """A backup with one member, ada."""
    async with sql_backend(sqlite) as backend:
        await stored_member(backend)
    folder = tmp_path / "backups"
    folder.mkdir()
    await backup(sqlite, folder / "copy.db")
    return folder / "copy.db"


async def usernames(url: str) -> list[str]:
    async with sql_backend(url) as backend:
        page = await backend.members.page("", None, 50, backend.clock.now())
    return sorted(str(view.username) for view in page.items)


async def epoch(url: str) -> str:
    async with sql_backend(url) as backend:
        return await backend.event_log.epoch()


async def bob_added(backend: Backend) -> None:
    """A member whom the backup lacks. The ids that made ada are given out again, so they are passed over."""
    for _ in range(10):
        backend.ids.new()
    await stored_member(backend, "bob")


def execute(file: Path, statement: str) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(statement)


def mode(file: Path) -> int:
    return file.stat().st_mode


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


async def test_restore_brings_back_what_the_backup_holds_and_keeps_what_was_there(
    sqlite: str, database: Path, copied: Path
) -> None:
    async with sql_backend(sqlite) as backend:
        await bob_added(backend)
    revision, kept = await restore(sqlite, copied, NOW)
    assert revision == Migrator(sqlite).head()
    assert kept == database.with_name(f"{database.name}.before-restore-20261121T201500Z")
    assert await usernames(sqlite) == ["ada"]
    assert await usernames(f"sqlite:///{kept}") == ["ada", "bob"]
    assert mode(database) & 0o077 == 0
    await Migrator(sqlite).check_whole()


async def test_restore_of_one_backup_twice_gives_a_new_epoch_each_time(sqlite: str, copied: Path) -> None:
    seen = [await epoch(sqlite), await epoch(f"sqlite:///{copied}")]
    for seconds in range(2):
        await restore(sqlite, copied, NOW + timedelta(seconds=seconds))
        seen.append(await epoch(sqlite))
    assert len(set(seen)) == 4


async def test_restore_leaves_no_write_ahead_log_of_another_database(sqlite: str, database: Path, copied: Path) -> None:
    async with sql_backend(sqlite) as backend:
        await bob_added(backend)
        # A process that ended without a word leaves its log behind.
        left = {ending: database.with_name(database.name + ending).read_bytes() for ending in ("-wal", "-shm")}
    for ending, text in left.items():
        database.with_name(database.name + ending).write_bytes(text)
    _, kept = await restore(sqlite, copied, NOW)
    assert kept is not None
    assert sorted(content(database.parent)) == [database.name, kept.name]
    assert await usernames(sqlite) == ["ada"]


async def test_restore_in_place_of_a_broken_file_moves_it_along_as_it_is(
    sqlite: str, database: Path, copied: Path
) -> None:
    broken = {"": b"These are my notes.\n" * 400, "-wal": b"notes", "-shm": b"notes"}
    for ending, text in broken.items():
        database.with_name(database.name + ending).write_bytes(text)
    _, kept = await restore(sqlite, copied, NOW)
    assert kept is not None
    assert kept.read_bytes() == broken[""]
    assert kept.with_name(f"{kept.name}-wal").read_bytes() == broken["-wal"]
    assert await usernames(sqlite) == ["ada"]


async def test_restore_where_no_database_is_keeps_none(copied: Path, tmp_path: Path) -> None:
    folder = tmp_path / "new"
    folder.mkdir()
    url = f"sqlite:///{folder}/guildhall.db"
    _, kept = await restore(url, copied, NOW)
    assert kept is None
    assert await usernames(url) == ["ada"]
    assert [path.name for path in folder.iterdir()] == ["guildhall.db"]


async def test_restore_of_a_file_copied_with_its_log_takes_both_and_changes_neither(
    sqlite: str, database: Path, tmp_path: Path, copied: Path
) -> None:
    folder = tmp_path / "by-hand"
    folder.mkdir()
    async with sql_backend(sqlite) as backend:
        await bob_added(backend)
        for ending in ("", "-wal"):
            (folder / f"copy.db{ending}").write_bytes(database.with_name(database.name + ending).read_bytes())
    before = content(folder)
    await restore(sqlite, folder / "copy.db", NOW)
    assert await usernames(sqlite) == ["ada", "bob"]
    assert {name: text for name, text in content(folder).items() if name in before} == before


async def test_restore_while_somebody_has_the_database_open_is_refused(
    sqlite: str, database: Path, copied: Path
) -> None:
    async with sql_backend(sqlite) as backend:
        await bob_added(backend)
        with pytest.raises(Conflict, match="stop the server"):
            await restore(sqlite, copied, NOW)
    assert await usernames(sqlite) == ["ada", "bob"]
    assert not [name for name in content(database.parent) if "restore" in name or name.startswith(".")]


def _notes(file: Path) -> None:
    file.write_bytes(b"These are my notes.\n" * 400)


def _another(file: Path) -> None:
    file.unlink()
    execute(file, "CREATE TABLE notes (text)")


def _newer(file: Path) -> None:
    execute(file, "UPDATE alembic_version SET version_num = '9999'")


def _without_revision(file: Path) -> None:
    execute(file, "DELETE FROM alembic_version")


def _damaged(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection:
        size = connection.execute("PRAGMA page_size").fetchone()[0]
        root = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'users'").fetchone()[0]
    text = bytearray(file.read_bytes())
    text[(root - 1) * size : root * size] = b"\xff" * size
    file.write_bytes(text)


def _cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def _empty(file: Path) -> None:
    file.write_bytes(b"")


@pytest.fixture(params=[_notes, _another, _newer, _without_revision, _damaged, _cut, _empty, Path.unlink])
def unsound(copied: Path, request: pytest.FixtureRequest) -> Path:
    request.param(copied)
    return copied


async def test_restore_of_what_is_no_sound_backup_is_refused_and_changes_nothing(
    sqlite: str, database: Path, unsound: Path
) -> None:
    before = content(database.parent)
    with pytest.raises(GuildhallError, match=r"no sound Guildhall backup|made by a newer Guildhall|There is no file"):
        await restore(sqlite, unsound, NOW)
    assert content(database.parent) == before


async def test_restore_of_the_database_itself_is_refused(sqlite: str, database: Path) -> None:
    with pytest.raises(Conflict, match="the database itself"):
        await restore(sqlite, database, NOW)


async def test_restore_on_postgres_names_its_own_tool_and_the_epoch(copied: Path) -> None:
    with pytest.raises(Invalid, match=r"pg_restore.*UPDATE instance SET epoch"):
        await restore("postgresql://postgres@127.0.0.1/guildhall", copied, NOW)


async def test_check_whole_of_a_damaged_database_says_so(sqlite: str, database: Path, copied: Path) -> None:
    await Migrator(sqlite).check_whole()
    _damaged(database)
    with pytest.raises(Unavailable, match=r"damaged .*guildhall db restore FILE"):
        await Migrator(sqlite).check_whole()
