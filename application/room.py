"""Whether there is room to go on writing."""

from application.ports.system import Disk
from domain.errors import Unavailable

MIB = 2**20
MIN_FREE_BYTES = 16 * MIB


async def require_room(disk: Disk) -> int:
    """How many bytes are free; raises `Unavailable` below 16 MiB, where the next writes are about to fail."""
    free = await disk.free_bytes()
    if free < MIN_FREE_BYTES:
        raise Unavailable(
            f"{free // MIB} MiB are free on the disk of the data folder; "
            f"expected {MIN_FREE_BYTES // MIB} MiB at least. "
            "Free some space there, or move the data folder to a larger disk."
        )
    return free
