"""The disk that a folder is on."""

import asyncio
import shutil
from pathlib import Path

from application.ports.system import Disk
from domain.errors import Unavailable


class FolderDisk(Disk):
    """The file system of a folder; while the folder is not there, that of the nearest one above."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def free_bytes(self) -> int:
        """What may still be written without being root; raises `Unavailable`."""
        return await asyncio.to_thread(self._free_bytes)

    def _free_bytes(self) -> int:
        folder = self._folder.absolute()
        try:
            return shutil.disk_usage(next(each for each in (folder, *folder.parents) if each.exists())).free
        except OSError as error:
            raise Unavailable(f"{folder}: the free space cannot be told: {error.strerror}") from error
