"""The log of events is bounded in time."""

import logging
from datetime import timedelta

from application.ports.realtime import EventLog
from application.ports.system import Clock
from domain.errors import Unavailable

BATCH = 1_000
PAUSE_SECONDS = 300.0

_log = logging.getLogger(__name__)


class EventRetention:
    """Forgets events that are older than `keep`. A client that was away for longer is told to resynchronise."""

    def __init__(self, event_log: EventLog, clock: Clock, keep: timedelta) -> None:
        self._event_log = event_log
        self._clock = clock
        self._keep = keep

    async def sweep(self) -> int:
        """Forget everything that is due, in small transactions; how much that was."""
        before, forgotten = self._clock.now() - self._keep, 0
        while True:
            count = await self._event_log.prune(before, BATCH)
            forgotten += count
            if count < BATCH:
                return forgotten

    async def run(self) -> None:
        """Sweep now and then until cancelled."""
        while True:
            try:
                if forgotten := await self.sweep():
                    _log.info("events_forgotten", extra={"count": forgotten})
            except Unavailable as error:
                _log.warning("event_sweep_waits", extra={"reason": error.message})
            except Exception:  # noqa: BLE001 - what is due stays due; the next sweep finds it
                _log.exception("event_sweep_failed")
            await self._clock.sleep(PAUSE_SECONDS)
