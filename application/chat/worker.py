"""The worker that keeps replies going: claims, leases, what arrived told and stored, and what others left ended."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from application.chat.replies import ReplyWriter
from application.chat.running import RunningReply, RunningReplyRegistry
from application.ports.chat import Arrived, ReplyJob
from application.ports.realtime import Announcement, Bus, ReplyStopped, ReplyWaiting
from application.ports.system import Clock, Ids
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.errors import Unavailable

RECOVERY_BATCH = 50
MAX_RUNNING = 128
SERVER_STOPPED = "The server stopped while answering; regenerate the reply."

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ReplyTimes:
    """How long a lease lasts, how often what arrived is stored, how long pieces are collected before they are told, and
    how often the queue is looked at unasked.
    """

    lease: timedelta = timedelta(seconds=12)
    checkpoint: timedelta = timedelta(milliseconds=250)
    pieces: timedelta = timedelta(milliseconds=30)
    poll: timedelta = timedelta(seconds=1)


class ReplyWorker:
    """Runs replies until it is stopped. Any number of workers share one database.

    A worker that dies leaves its leases to end; whoever else finds them marks those replies `interrupted`.
    """

    def __init__(
        self,
        unit_of_work: UnitOfWorkFactory,
        writer: ReplyWriter,
        running: RunningReplyRegistry,
        bus: Bus,
        clock: Clock,
        ids: Ids,
        times: ReplyTimes,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._writer = writer
        self._running = running
        self._bus = bus
        self._clock = clock
        self._ids = ids
        self._times = times
        self._tasks: dict[ReplyJob, asyncio.Task[None]] = {}
        self._wake = asyncio.Event()
        self._stopping = False

    async def run(self) -> None:
        """Work until cancelled; replies that still run then are left to their leases. `stop` ends them well."""
        unlisten = self._bus.listen(self._hear)
        try:
            async with asyncio.TaskGroup() as loops:
                loops.create_task(self._repeat(self._claim_all, self._idle))
                loops.create_task(self._repeat(self._tell, self._collect))
                loops.create_task(self._repeat(self._keep, lambda: self._sleep(self._times.checkpoint)))
                loops.create_task(self._repeat(self._recover, lambda: self._sleep(self._times.lease / 3)))
        finally:
            unlisten()
            for task in self._tasks.values():
                task.cancel()
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def stop(self, deadline: timedelta) -> None:
        """Take no more replies, let the running ones end until the deadline, and end the rest `interrupted`."""
        self._stopping = True
        if self._tasks:
            await asyncio.wait(set(self._tasks.values()), timeout=deadline.total_seconds())
        for reply in self._running.all():
            await self._abandon(reply)

    async def _abandon(self, reply: RunningReply) -> None:
        task = self._tasks.get(reply.job)
        if task is not None:
            task.cancel()
            await asyncio.wait({task})
        await self._writer.interrupt(reply, SERVER_STOPPED)

    def _hear(self, announcement: Announcement) -> None:
        if isinstance(announcement, ReplyWaiting):
            self._wake.set()
        elif isinstance(announcement, ReplyStopped):
            for job, task in self._tasks.items():
                if (job.message_id, job.generation) == (announcement.message_id, announcement.generation):
                    task.cancel()

    async def _repeat(self, work: Callable[[], Awaitable[None]], pause: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await work()
            except Unavailable as error:
                _log.warning("reply_worker_waits", extra={"reason": error.message})
                await self._sleep(self._times.poll)
            except Exception:  # noqa: BLE001 - leases and the queue outlast whatever it is
                _log.exception("reply_worker_failed")
                await self._sleep(self._times.poll)
            await pause()

    async def _claim_all(self) -> None:
        self._wake.clear()
        while self._has_room() and (job := await self._claim()) is not None:
            task = asyncio.create_task(self._writer.write(job))
            self._tasks[job] = task
            task.add_done_callback(partial(self._ended, job))

    def _has_room(self) -> bool:
        return not self._stopping and len(self._tasks) < MAX_RUNNING

    async def _claim(self) -> ReplyJob | None:
        async with self._unit_of_work() as work:
            # The lease begins once the database is had, however long that took.
            now = self._clock.now()
            job = await work.reply_queue.claim(self._ids.new(), now, now + self._times.lease)
            if job is not None:
                await work.commit()
            return job

    def _ended(self, job: ReplyJob, task: asyncio.Task[None]) -> None:
        del self._tasks[job]
        if not task.cancelled() and (error := task.exception()) is not None:
            # Its lease ends by itself and the reply is then marked interrupted.
            _log.error("reply_lost", extra={"message_id": str(job.message_id)}, exc_info=error)
        self._wake.set()

    async def _collect(self) -> None:
        await self._running.grown.wait()
        await self._sleep(self._times.pieces)

    async def _tell(self) -> None:
        self._running.tell()

    async def _keep(self) -> None:
        replies = self._running.all()
        if grown := [reply for reply in replies if reply.length > reply.stored_length]:
            async with self._unit_of_work() as work:
                arrived = [Arrived(reply.job.message_id, reply.job.generation, reply.text) for reply in grown]
                await work.chat_messages.checkpoint(arrived)
                await work.commit()
            for reply, stored in zip(grown, arrived, strict=True):
                reply.stored_length = len(stored.content)
        now = self._clock.now()
        ages = [now - reply.renewed_at for reply in replies]
        if ages and max(ages) >= self._times.lease / 3:
            # Those that would be due soon come along, so that few statements renew many leases.
            due = [reply.job for reply, age in zip(replies, ages, strict=True) if age >= self._times.lease / 6]
            await self._renew(due)

    async def _renew(self, jobs: Sequence[ReplyJob]) -> None:
        async with self._unit_of_work() as work:
            now = self._clock.now()
            lost = await work.reply_queue.renew(jobs, now + self._times.lease)
            await work.commit()
        for reply in self._running.all():
            if reply.job in jobs:
                reply.renewed_at = now
        for job in lost:
            if task := self._tasks.get(job):
                task.cancel()

    async def _recover(self) -> None:
        async with self._unit_of_work() as work:
            expired = await work.reply_queue.expired(self._clock.now(), RECOVERY_BATCH)
        if late := [job for job in expired if job in self._tasks]:
            # The database kept us waiting: they go on here, and nobody else has taken them.
            await self._renew(late)
        for job in expired:
            if job in late:
                continue
            try:
                await self._writer.recover(job, SERVER_STOPPED)
            except Exception:  # noqa: BLE001 - one reply that cannot be ended keeps no other from its end
                _log.exception("reply_not_recovered", extra={"message_id": str(job.message_id)})
            self._wake.set()

    async def _idle(self) -> None:
        timer = asyncio.create_task(self._sleep(self._times.poll))
        woken = asyncio.create_task(self._wake.wait())
        try:
            await asyncio.wait({timer, woken}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            timer.cancel()
            woken.cancel()

    async def _sleep(self, time: timedelta) -> None:
        await self._clock.sleep(time.total_seconds())
