"""What the bot was told and what it said is kept for a time and then forgotten."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from application.ports.system import Clock
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.errors import Conflict, Unavailable

BATCH = 500
PAUSE_SECONDS = 300.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class BotRetention:
    """How long each is kept once it is over: what updates say, and rows that were to be sent."""

    inbox_bodies: timedelta = timedelta(days=30)
    outgoing: timedelta = timedelta(days=30)


class BotSweeper:
    """Forgets who said what in updates that were handled, and removes rows that were sent or given up, when their time
    has come.

    An update itself stays, so that it is known when it is delivered again. What waits is never forgotten.
    """

    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock, keep: BotRetention) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._keep = keep

    async def forget(self) -> Mapping[str, int]:
        """Forget what is due, in small transactions; how much of each kind, those without any left out."""
        now, keep = self._clock.now(), self._keep
        forgotten = {
            "inbox_bodies": await self._all_of(_inbox_bodies, now - keep.inbox_bodies),
            "outgoing": await self._all_of(_outgoing, now - keep.outgoing),
        }
        return {kind: count for kind, count in forgotten.items() if count}

    async def run(self) -> None:
        """Forget every few minutes, until cancelled."""
        while True:
            try:
                if forgotten := await self.forget():
                    _log.info("bot_forgot", extra=dict(forgotten))
            except (Conflict, Unavailable) as error:
                _log.warning("bot_sweep_waits", extra={"reason": error.message})
            await self._clock.sleep(PAUSE_SECONDS)

    async def _all_of(self, forget: Callable[[UnitOfWork, datetime], Awaitable[int]], before: datetime) -> int:
        forgotten = 0
        while True:
            async with self._unit_of_work() as work:
                count = await forget(work, before)
                await work.commit()
            forgotten += count
            if count < BATCH:
                return forgotten


async def _inbox_bodies(work: UnitOfWork, before: datetime) -> int:
    return await work.telegram_updates.forget_bodies(before, BATCH)


async def _outgoing(work: UnitOfWork, before: datetime) -> int:
    return await work.outgoing_messages.forget(before, BATCH)
