"""How much room there is, whoever tells."""

from pathlib import Path

import pytest

from adapters.memory.system import InMemoryDisk
from adapters.system.disk import FolderDisk
from application.ports.system import Disk
from application.room import MIN_FREE_BYTES, require_room
from domain.errors import Unavailable


@pytest.fixture(params=["memory", "folder"])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Disk:
    return InMemoryDisk() if request.param == "memory" else FolderDisk(tmp_path)


async def test_disk_tells_what_is_free(disk: Disk) -> None:
    assert await disk.free_bytes() > 0


async def test_disk_of_folder_that_is_not_there_is_that_of_the_one_above(tmp_path: Path) -> None:
    assert await FolderDisk(tmp_path / "not" / "there").free_bytes() > 0


async def test_room_is_there_from_16_mib_on() -> None:
    assert await require_room(InMemoryDisk(MIN_FREE_BYTES)) == MIN_FREE_BYTES
    with pytest.raises(Unavailable, match=r"15 MiB are free.*expected 16 MiB at least"):
        await require_room(InMemoryDisk(MIN_FREE_BYTES - 1))
