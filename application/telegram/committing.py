"""Outcomes, written down: those that come together share one commit."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from application.ports.system import Clock
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.errors import Unavailable

MAX_TOGETHER = 200
MAX_TRIES = 20
PAUSE_SECONDS = 0.5

T = TypeVar("T")
Save = Callable[[UnitOfWork, Sequence[T]], Awaitable[Sequence[bool]]]

_log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class _Outcome(Generic[T]):
    what: T
    written: asyncio.Future[bool] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class GroupCommit(Generic[T]):
    """Writes outcomes by `save`, which says of each whether it was still held: if not, nothing of it was written.

    While one commit is under way, those that come wait for the next one. One that breaks a commit takes no other along:
    each of that group is then written by itself. A database that is away is tried again for seconds, since what is
    lost here is done once more.
    """

    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock, save: Save[T]) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._save = save
        self._waiting: list[_Outcome[T]] = []
        self._writing: asyncio.Task[None] | None = None
        self._alone: set[asyncio.Task[None]] = set()

    async def write(self, what: T) -> bool:
        """Whether it was still held. Raises what kept it from being written. Goes on when its caller is cancelled."""
        outcome = _Outcome(what)
        self._waiting.append(outcome)
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_all())
        return await asyncio.shield(outcome.written)

    async def finish(self) -> None:
        """Return when all that was handed over is written, or given up."""
        while under_way := self._alone | ({self._writing} if self._writing else set()):
            await asyncio.wait(under_way)

    async def _write_all(self) -> None:
        try:
            while self._waiting:
                group, self._waiting = self._waiting[:MAX_TOGETHER], self._waiting[MAX_TOGETHER:]
                if not await self._together(group):
                    self._each_alone(group)
        finally:
            self._writing = None

    def _each_alone(self, group: Sequence[_Outcome[T]]) -> None:
        for outcome in group:
            task = asyncio.create_task(self._by_itself(outcome))
            self._alone.add(task)
            task.add_done_callback(self._alone.discard)

    async def _by_itself(self, outcome: _Outcome[T]) -> None:
        error = await self._try([outcome])
        for _ in range(MAX_TRIES - 1):
            if error is None:
                return
            await self._clock.sleep(PAUSE_SECONDS)
            error = await self._try([outcome])
        if error is not None:
            outcome.written.set_exception(error)

    async def _together(self, group: Sequence[_Outcome[T]]) -> bool:
        """Whether that is over; False when something in it breaks the commit."""
        error = await self._try(group)
        for _ in range(MAX_TRIES - 1):
            if not isinstance(error, Unavailable):
                return error is None
            await self._clock.sleep(PAUSE_SECONDS)
            error = await self._try(group)
        if error is not None:
            for outcome in group:
                outcome.written.set_exception(error)
        return True

    async def _try(self, group: Sequence[_Outcome[T]]) -> Exception | None:
        try:
            async with self._unit_of_work() as work:
                held = await self._save(work, [outcome.what for outcome in group])
                await work.commit()
        except Unavailable as error:
            _log.warning("outcomes_wait", extra={"count": len(group), "reason": error.message})
            return error
        except Exception as error:  # noqa: BLE001 - tried again, each by itself
            _log.warning("outcomes_not_written", extra={"count": len(group)}, exc_info=error)
            return error
        for outcome, was_held in zip(group, held, strict=True):
            outcome.written.set_result(was_held)
        return None
