"""What all workers of the bot do alike: claim rows under leases, keep the leases, and stop well."""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID

from application.ports.realtime import Announcement, Bus
from application.ports.system import Clock, Ids
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from application.telegram.waking import Doorbell
from domain.errors import Unavailable

_log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False, kw_only=True)
class Job(ABC):
    """Rows that are worked on together under one claim. `lease_until` is as far as they are known to be held."""

    claim: UUID
    lease_until: datetime

    @property
    @abstractmethod
    def rows(self) -> Set[UUID]:
        """The ids of those that have not ended."""

    @property
    def name(self) -> str:
        """What it is called in the log."""
        return str(self.claim)

    @property
    def is_busy(self) -> bool:
        """Whether it would be cut in the middle of something."""
        return True


class Leased(Protocol):
    """Rows that are held under claims."""

    async def renew(self, claim: UUID, lease_until: datetime) -> Set[UUID]:
        """Extend every lease under this claim; the ids of what it holds."""
        ...


J = TypeVar("J", bound=Job)


class LeasedWorker(ABC, Generic[J]):
    """Works on each job in a task of its own until it is stopped. Any number of workers share one database.

    It looks for jobs when it hears of some, when there is room again, and after `poll` in any case. A worker that dies
    leaves its leases to end.
    """

    def __init__(
        self,
        unit_of_work: UnitOfWorkFactory,
        bus: Bus,
        clock: Clock,
        ids: Ids,
        bot_id: int,
        *,
        lease: timedelta,
        poll: timedelta,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._bus = bus
        self._clock = clock
        self._ids = ids
        self._bot_id = bot_id
        self._lease = lease
        self._poll = poll
        self._tasks: dict[asyncio.Task[None], J] = {}
        self._doorbell = Doorbell(clock)
        self._stopping = False

    @abstractmethod
    def _tells_of_work(self, announcement: Announcement) -> bool:
        """Whether there may be work for this bot now."""

    @abstractmethod
    def _room(self) -> int:
        """How many more jobs may be begun."""

    @abstractmethod
    async def _claim(self, room: int) -> tuple[Sequence[J], timedelta]:
        """Jobs to begin, and how long to wait for a ring before the next look."""

    @abstractmethod
    async def _work_on(self, job: J) -> None:
        """Do it. What is raised is logged, and the job left to its lease."""

    @abstractmethod
    def _rows(self, work: UnitOfWork) -> Leased:
        """Where the leases are."""

    @abstractmethod
    async def _settle(self, claims: set[UUID]) -> None:
        """Nothing is worked on any more: write down what is not yet. `claims` are those that were held before."""

    def _may_have_more(self, ended: J) -> bool:
        """Whether to look for work because this one ended."""
        return True

    def _drops(self, job: J) -> bool:
        """Whether to leave it when its lease has ended and others may have it; what it writes is refused then."""
        return False

    def _loops(self) -> Sequence[Callable[[], Coroutine[Any, Any, None]]]:
        return [self._claim_all, self._keep_leases]

    async def run(self) -> None:
        """Work until cancelled; what is worked on then is cut. `stop` ends it well."""
        unlisten = self._bus.listen(self._hear)
        try:
            async with asyncio.TaskGroup() as loops:
                for loop in self._loops():
                    loops.create_task(loop())
        finally:
            unlisten()
            await self._end(timedelta())

    async def stop(self, deadline: timedelta) -> None:
        """Take no more, give back what can be, let the rest end until the deadline, and cut what is left."""
        self._stopping = True
        await self._end(deadline)

    async def _end(self, deadline: timedelta) -> None:
        claims = {job.claim for job in self._tasks.values()}
        await _cut({task for task, job in self._tasks.items() if not job.is_busy})
        if self._tasks and deadline:
            await asyncio.wait(set(self._tasks), timeout=deadline.total_seconds())
        await _cut(set(self._tasks))
        await self._settle(claims)

    def _hear(self, announcement: Announcement) -> None:
        if self._tells_of_work(announcement):
            self._doorbell.ring()

    async def _claim_all(self) -> None:
        while True:
            self._doorbell.reset()
            wait, began = self._poll, self._clock.now()
            try:
                if not self._stopping and (room := self._room()) > 0:
                    jobs, wait = await self._claim(room)
                    for job in jobs:
                        task = asyncio.create_task(self._work_on(job))
                        self._tasks[task] = job
                        task.add_done_callback(self._ended)
            except Unavailable as error:
                _log.warning("worker_waits", extra={"worker": type(self).__name__, "reason": error.message})
            except Exception:  # noqa: BLE001 - the rows outlast whatever it is
                _log.exception("worker_failed", extra={"worker": type(self).__name__})
            # What comes while looking, and for as long again, is taken together: half of the time is for the work.
            took = min(max(self._clock.now() - began, timedelta()), self._poll)
            if took:
                await self._clock.sleep(took.total_seconds())
            await self._doorbell.wait(wait)

    def _ended(self, task: asyncio.Task[None]) -> None:
        job = self._tasks.pop(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            fields = {"worker": type(self).__name__, "job": job.name}
            _log.error("job_left_to_its_lease", extra=fields, exc_info=error)
        if self._may_have_more(job):
            self._doorbell.ring()

    async def _keep_leases(self) -> None:
        while True:
            await self._clock.sleep((self._lease / 3).total_seconds())
            held = dict(self._tasks)
            if not held:
                continue
            fields = {"worker": type(self).__name__}
            renewed: set[UUID] = set()
            try:
                async with self._unit_of_work() as work:
                    # Now, and not when it came into line for the database.
                    until = self._clock.now() + self._lease
                    for claim in {job.claim for job in held.values()}:
                        renewed |= await self._rows(work).renew(claim, until)
                    await work.commit()
            except Unavailable as error:
                _log.warning("leases_not_renewed", extra={**fields, "reason": error.message})
            except Exception:  # noqa: BLE001 - the next renewal may do; whoever lost a lease writes nothing
                _log.exception("leases_not_renewed", extra=fields)
            else:
                for task, job in held.items():
                    self._renewed(task, job, renewed, until)

    def _renewed(self, task: asyncio.Task[None], job: J, rows: Set[UUID], until: datetime) -> None:
        if rows & job.rows:
            job.lease_until = until
        elif job.lease_until <= self._clock.now() and self._drops(job):
            _log.warning("job_lost", extra={"worker": type(self).__name__, "job": job.name})
            task.cancel()


async def _cut(tasks: set[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks)
