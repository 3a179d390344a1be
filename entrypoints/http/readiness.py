"""Whether this process can do its work."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

CHECK_SECONDS = 3.0

_log = logging.getLogger(__name__)


class Readiness:
    """Runs named checks side by side. A check that raises, or takes longer than 3 s, has failed."""

    def __init__(self, checks: Mapping[str, Callable[[], Awaitable[object]]]) -> None:
        self._checks = checks

    async def check(self) -> Mapping[str, bool]:
        """Which checks hold now."""
        held = await asyncio.gather(*(self._holds(name, check) for name, check in self._checks.items()))
        return dict(zip(self._checks, held, strict=True))

    async def _holds(self, name: str, check: Callable[[], Awaitable[object]]) -> bool:
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                await check()
        except Exception as error:  # noqa: BLE001 - whatever it is, the process is not ready; the log says why
            _log.warning("not_ready", extra={"check": name, "reason": f"{type(error).__name__}: {error}"})
            return False
        return True
