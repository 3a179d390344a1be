"""The worker that handles updates: claims lanes, and handles what is in them one after the other."""

import asyncio
import logging
from collections.abc import Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from uuid import UUID

from application.ports.inbox import Handled, UpdateDecoder, UpdateHandler
from application.ports.observability import TelegramMetrics
from application.ports.realtime import Announcement, Bus, UpdatesArrived
from application.ports.system import Clock, Ids
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from application.telegram.handled import HandledWriter
from application.telegram.waking import within
from application.telegram.working import Job, Leased, LeasedWorker
from domain.errors import Unavailable
from domain.telegram import InboxUpdate, Incoming, UpdateState

EXPIRED = "Nobody waited for the answer any more."
UNREADABLE = "It could not be read."
FATAL = "Each process that was to handle it ended over it."

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class HandlingLimits:
    """How much is handled at once, for how long, and how long a lease lasts."""

    lanes: int = 128
    per_lane: int = 8
    timeout: timedelta = timedelta(seconds=30)
    lease: timedelta = timedelta(seconds=15)
    poll: timedelta = timedelta(seconds=1)


@dataclass(slots=True, eq=False, kw_only=True)
class _Lane(Job):
    """Updates that follow each other. `waiting` are those that have not ended; of a lane that was just claimed the
    first one `has_begun`.
    """

    waiting: list[InboxUpdate]
    has_begun: bool = True

    @property
    def rows(self) -> Set[UUID]:
        return {update.key for update in self.waiting}

    @property
    def name(self) -> str:
        return self.waiting[0].lane if self.waiting else "lane"


class UpdateWorker(LeasedWorker[_Lane]):
    """Handles one bot's updates until it is stopped. Any number of workers share one database.

    Each update is handled in its lane's turn. Its success is committed together with what is to be said, and with what
    other lanes come to at that moment; what its handler changed before that has to bear repeating. The next one of the
    lane begins after the commit. A handler that hangs or fails holds its own lane only. A worker that dies leaves its
    leases to end.
    """

    def __init__(
        self,
        unit_of_work: UnitOfWorkFactory,
        decoder: UpdateDecoder,
        handler: UpdateHandler,
        bus: Bus,
        clock: Clock,
        ids: Ids,
        metrics: TelegramMetrics,
        bot_id: int,
        limits: HandlingLimits | None = None,
    ) -> None:
        self._limits = limits or HandlingLimits()
        super().__init__(unit_of_work, bus, clock, ids, bot_id, lease=self._limits.lease, poll=self._limits.poll)
        self._decoder = decoder
        self._handler = handler
        self._metrics = metrics
        self._ends = HandledWriter(unit_of_work, clock, ids, bot_id)

    def _tells_of_work(self, announcement: Announcement) -> bool:
        return isinstance(announcement, UpdatesArrived) and announcement.bot_id == self._bot_id

    def _rows(self, work: UnitOfWork) -> Leased:
        return work.telegram_updates

    def _room(self) -> int:
        return self._limits.lanes - len(self._tasks)

    async def _claim(self, room: int) -> tuple[Sequence[_Lane], timedelta]:
        async with self._unit_of_work() as work:
            now, claim = self._clock.now(), self._ids.new()
            until = now + self._lease
            updates = await work.telegram_updates.claim(
                self._bot_id, claim, now, until, lanes=room, per_lane=self._limits.per_lane
            )
            if updates:
                await work.commit()
        ordered = sorted(updates, key=lambda update: (not update.is_urgent, update.lane, update.update_id or 0))
        lanes = [
            _Lane(claim=claim, lease_until=until, waiting=list(lane))
            for _, lane in groupby(ordered, key=lambda update: update.lane)
        ]
        return lanes, self._poll

    async def _work_on(self, job: _Lane) -> None:
        waiting = job.waiting
        try:
            while waiting and not self._stopping:
                if not job.has_begun:
                    waiting[0].start()
                    job.has_begun = True
                goes_on = await self._handle(waiting[0], job.claim)
                del waiting[0]
                job.has_begun = False
                if not goes_on:
                    break
        finally:
            # Cancelled or held up: the others keep their place, and need not wait for the lease to end.
            if waiting:
                await asyncio.shield(self._give_back(job))

    async def _handle(self, update: InboxUpdate, claim: UUID) -> bool:
        """Handle one; False when the lane has to wait for it."""
        began = self._clock.now()
        if update.is_expired(began):
            update.give_up(EXPIRED, began)
            return await self._commit(update, claim, Handled(), "expired", began)
        if update.is_fatal:  # not even read, since that may be what ends a process
            _log.error("update_fatal", extra={"lane": update.lane, "kind": update.kind, "attempts": update.attempts})
            update.give_up(FATAL, began)
            return await self._commit(update, claim, Handled(), "error", began)
        incoming: Incoming | None = None
        try:
            incoming = self._decoder.incoming(update.raw)
            handling = self._handler.handle(self._bot_id, incoming)
            handled = await within(self._clock, self._limits.timeout, handling)
        except Exception as error:  # noqa: BLE001 - the inbox keeps the error, whatever it is
            return await self._failed(update, claim, incoming, error, began)
        now = self._clock.now()
        unended = replace(update)
        update.succeed(now, now - began)
        try:
            return await self._commit(update, claim, handled, "success", began)
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - what it comes to cannot be kept
            return await self._failed(unended, claim, incoming, error, began)

    async def _failed(
        self, update: InboxUpdate, claim: UUID, incoming: Incoming | None, error: Exception, began: datetime
    ) -> bool:
        now = self._clock.now()
        said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        if incoming is None:
            update.give_up(f"{UNREADABLE} {said}", now)
            return await self._commit(update, claim, Handled(), "error", began)
        retries = update.fail(said, now, now - began)
        fields = {"lane": update.lane, "kind": update.kind, "attempts": update.attempts, "retries": retries}
        _log.warning("update_failed", extra=fields, exc_info=error)
        if retries:
            await self._commit(update, claim, Handled(), "retry", began)
            return False
        return await self._commit(update, claim, Handled(await self._handler.apologise(incoming)), "error", began)

    async def _commit(self, update: InboxUpdate, claim: UUID, handled: Handled, status: str, began: datetime) -> bool:
        """End it, together with what is to be said. False when the claim was lost: then nothing is written."""
        if not await self._ends.write(update, claim, handled):
            _log.warning("update_lost", extra={"lane": update.lane, "kind": update.kind})
            return False
        self._metrics.update_ended(status, (self._clock.now() - began).total_seconds())
        return True

    async def _give_back(self, job: _Lane) -> None:
        first = job.waiting[0] if job.has_begun else None
        held = [update for update in job.waiting if update.state is UpdateState.PROCESSING]
        for update in held:
            update.release(was_its_turn=update is first)
        await asyncio.gather(*(self._ends.write(update, job.claim, Handled()) for update in held))

    async def _settle(self, claims: set[UUID]) -> None:
        await self._ends.finish()
