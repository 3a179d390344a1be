"""Waiting by the clock: for work until somebody rings, and for an end no longer than asked."""

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any, TypeVar

from application.ports.system import Clock

T = TypeVar("T")


async def within(clock: Clock, longest: timedelta, work: Coroutine[Any, Any, T]) -> T:
    """The work's result; raises `TimeoutError` when it takes longer, and cancels it then."""
    working = asyncio.create_task(work)
    sleeping = asyncio.create_task(clock.sleep(longest.total_seconds()))
    try:
        await asyncio.wait({working, sleeping}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise TimeoutError(f"It took longer than {longest.total_seconds():g} s.")
        return working.result()
    finally:
        sleeping.cancel()
        if working.cancel():
            await asyncio.wait({working})


class Doorbell:
    """Wakes one worker. Rings may be lost, so every wait has an end."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """There may be work."""
        self._rung.set()

    def reset(self) -> None:
        """What rang before now is being looked at."""
        self._rung.clear()

    async def wait(self, longest: timedelta) -> None:
        """Return when somebody has rung since `reset`, or after `longest`."""
        sleeping = asyncio.create_task(self._clock.sleep(max(0.0, longest.total_seconds())))
        ringing = asyncio.create_task(self._rung.wait())
        try:
            await asyncio.wait({sleeping, ringing}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeping.cancel()
            ringing.cancel()
