"""Time and ids that a test decides."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

from application.ports.system import Clock, Disk, Ids

START = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
_FIRST_MILLISECOND = 0x019B_0000_0000


class ManualClock(Clock):
    """Stands still until it is advanced. A sleeper wakes when the clock has come far enough."""

    def __init__(self, start: datetime = START) -> None:
        self._now = start.astimezone(UTC)
        self._sleepers: list[tuple[datetime, asyncio.Future[None]]] = []

    @property
    def sleepers(self) -> int:
        """How many tasks wait for this clock."""
        return sum(not future.done() for _, future in self._sleepers)

    def now(self) -> datetime:
        return self._now

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        future = asyncio.get_running_loop().create_future()
        self._sleepers.append((self._now + timedelta(seconds=seconds), future))
        await future

    def advance(self, by: timedelta) -> None:
        """Move on and wake whoever has slept long enough, the earliest first; they run at the caller's next `await`."""
        self._now += by
        due = sorted((s for s in self._sleepers if s[0] <= self._now), key=lambda sleeper: sleeper[0])
        self._sleepers = [s for s in self._sleepers if s[0] > self._now and not s[1].done()]
        for _, future in due:
            if not future.done():
                future.set_result(None)


class SequentialIds(Ids):
    """UUIDs of version 7 that count up: the same in every run, each greater than the one before."""

    def __init__(self, first: int = 1) -> None:
        self._next = first

    def new(self) -> UUID:
        number, self._next = self._next, self._next + 1
        return UUID(int=(_FIRST_MILLISECOND + number) << 80 | 0x7 << 76 | 0b10 << 62 | number)


class InMemoryDisk(Disk):
    """As much room as it is given; a GiB."""

    def __init__(self, free: int = 2**30) -> None:
        self.free = free

    async def free_bytes(self) -> int:
        """What was given."""
        return self.free
