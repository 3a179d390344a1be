"""Copies of a running database."""

from pathlib import Path

import pytest

from adapters.sql.backup import backup
from adapters.sql.migrator import Migrator
from domain.errors import Conflict, Invalid, Unavailable
from tests.contract.sql_backends import sql_backend
from tests.support.given import stored_guide, stored_member
from tests.support.racing import race


def names(folder: Path) -> list[str]:
    """What lies in a folder."""
    return [path.name for path in folder.iterdir()]


async def test_backup_taken_while_writing_is_whole_and_has_its_own_epoch(sqlite: str, tmp_path: Path) -> None:
    target = tmp_path / "copy.db"
    async with sql_backend(sqlite) as backend:
        member = await stored_member(backend)

        async def work(number: int) -> None:
            if number == 0:
                await backup(sqlite, target)
            else:
                await stored_guide(backend, f"Guide {number}", terms=("risk",))

        assert await race(8, work) == [None] * 8
        epoch = await backend.event_log.epoch()
    await Migrator(f"sqlite:///{target}").check()
    async with sql_backend(f"sqlite:///{target}") as copy:
        view = await copy.members.view(member.id, copy.clock.now())
        assert view is not None
        assert view.username == "ada"
        assert await copy.event_log.epoch() != epoch
    assert not any("partial" in name for name in names(tmp_path))
    assert target.stat().st_mode & 0o077 == 0


async def test_backup_onto_an_existing_file_is_refused(sqlite: str, tmp_path: Path) -> None:
    target = tmp_path / "copy.db"
    target.write_text("mine")
    with pytest.raises(Conflict, match="exists"):
        await backup(sqlite, target)
    assert target.read_text() == "mine"


async def test_backup_of_absent_database_says_so(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="There is no database"):
        await backup(f"sqlite:///{tmp_path}/absent.db", tmp_path / "copy.db")
    assert names(tmp_path) == []


async def test_backup_into_missing_folder_says_so(sqlite: str, tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="check the folder"):
        await backup(sqlite, tmp_path / "absent" / "copy.db")


async def test_backup_of_postgres_names_its_own_tool(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="pg_dump"):
        await backup("postgresql://postgres@127.0.0.1/guildhall", tmp_path / "copy.db")
