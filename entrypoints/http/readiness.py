"""Whether this process can do its work."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta

from application.ports.system import Clock

CHECK_SECONDS = 3.0
STANDS_FOR = timedelta(seconds=1)

_log = logging.getLogger(__name__)


class Readiness:
    """Runs named checks side by side. A check that raises, or takes longer than 3 s, has failed.

    Anybody may ask, so an answer stands for a second and those who ask meanwhile share it.
    """

    def __init__(self, clock: Clock, checks: Mapping[str, Callable[[], Awaitable[object]]]) -> None:
        self._clock = clock
        self._checks = checks
        self._lock = asyncio.Lock()
        self._answer: Mapping[str, bool] = {}
        self._answered_at: datetime | None = None

    async def check(self) -> Mapping[str, bool]:
        """Which checks hold now."""
        async with self._lock:
            now = self._clock.now()
            if self._answered_at is None or now - self._answered_at >= STANDS_FOR:
                held = await asyncio.gather(*(self._holds(name, check) for name, check in self._checks.items()))
                self._answer = dict(zip(self._checks, held, strict=True))
                self._answered_at = now
            return self._answer

    async def _holds(self, name: str, check: Callable[[], Awaitable[object]]) -> bool:
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                await check()
        except Exception as error:  # noqa: BLE001 - whatever it is, the process is not ready; the log says why
            _log.warning("not_ready", extra={"check": name, "reason": f"{type(error).__name__}: {error}"})
            return False
        return True
