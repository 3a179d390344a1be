"""Who may use a connection next."""

import asyncio
from types import TracebackType

from sqlalchemy.exc import TimeoutError as PoolTimeout


class Turns:
    """So many at a time; whoever comes then waits in line, for so many seconds at most.

    In the line of the engine's pool each would wait with all that a statement needs, many times what it takes here; and
    the process keeps that memory after a thousand clients came at once.
    """

    def __init__(self, most: int, seconds: float) -> None:
        self._free = asyncio.Semaphore(most)
        self._seconds = seconds

    async def __aenter__(self) -> None:
        """Wait for a turn; raises what the pool would."""
        if not self._free.locked():
            await self._free.acquire()
            return
        try:
            async with asyncio.timeout(self._seconds):
                await self._free.acquire()
        except TimeoutError as error:
            raise PoolTimeout(f"No turn came within {self._seconds:g} s.") from error

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """The next one's turn."""
        self._free.release()
