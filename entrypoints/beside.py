"""What runs beside the requests for as long as the process lives."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Protocol

from application.ports.system import Clock
from domain.errors import Unavailable

FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=1), timedelta(seconds=30)
LASTED = timedelta(minutes=1)

_log = logging.getLogger(__name__)

Loop = Callable[[], Awaitable[None]]


class Service(Protocol):
    """Something with a beginning and a good end."""

    def start(self) -> None:
        """Work from now on; returns at once."""
        ...

    async def stop(self, seconds: float) -> None:
        """Let what is under way end for so long, and give the rest back."""
        ...


class Beside:
    """Keeps loops running: one that fails, or returns, is logged and started again, and holds up no other.

    The pause before a new start doubles from one second to half a minute, and is short again after a loop has lasted
    for a minute.
    """

    def __init__(self, clock: Clock, loops: Mapping[str, Loop]) -> None:
        self._clock = clock
        self._loops = loops
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Run all of them from now on."""
        self._tasks = {asyncio.create_task(self._keep(name, run), name=name) for name, run in self._loops.items()}

    async def stop(self, seconds: float) -> None:
        """Cancel all of them; those that have not ended in time are named in the log and left behind."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=seconds)
            for task in late:
                _log.warning("loop_left_behind", extra={"loop": task.get_name()})
        self._tasks = set()

    async def _keep(self, name: str, run: Loop) -> None:
        pause = FIRST_PAUSE
        while True:
            started = self._clock.now()
            try:
                await run()
                _log.warning("loop_returned", extra={"loop": name})
            except Unavailable as error:
                _log.warning("loop_waits", extra={"loop": name, "reason": error.message})
            except Exception:  # noqa: BLE001 - it goes on as soon as what failed is back
                _log.exception("loop_failed", extra={"loop": name})
            if self._clock.now() - started >= LASTED:
                pause = FIRST_PAUSE
            await self._clock.sleep(pause.total_seconds())
            pause = min(2 * pause, LONGEST_PAUSE)
