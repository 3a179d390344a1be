"""The worker that handles updates: claims lanes, keeps their leases, commits what comes of it."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby
from uuid import UUID

from application.ports.inbox import Handled, UpdateDecoder, UpdateHandler
from application.ports.observability import TelegramMetrics
from application.ports.realtime import Announcement, AnswerOwed, Bus, OutgoingOwed, UpdatesArrived
from application.ports.system import Clock, Ids
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from application.telegram.waking import Doorbell, within
from domain.errors import Unavailable
from domain.telegram import (
    InboxUpdate,
    Incoming,
    Outgoing,
    OutgoingId,
    OutgoingMessage,
    Priority,
    UpdateState,
    in_pieces,
)

EXPIRED = "Nobody waited for the answer any more."
UNREADABLE = "It could not be read."

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class HandlingLimits:
    """How much is handled at once, for how long, and how long a lease lasts."""

    lanes: int = 128
    per_lane: int = 8
    timeout: timedelta = timedelta(seconds=30)
    lease: timedelta = timedelta(seconds=15)
    poll: timedelta = timedelta(seconds=1)


class UpdateWorker:
    """Handles one bot's updates until it is stopped. Any number of workers share one database.

    Each update is handled in its lane's turn. Its success is committed together with what is to be said; what its
    handler changed before that has to bear repeating. A handler that hangs or fails holds its own lane only. A worker
    that dies leaves its leases to end.
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
        self._unit_of_work = unit_of_work
        self._decoder = decoder
        self._handler = handler
        self._bus = bus
        self._clock = clock
        self._ids = ids
        self._metrics = metrics
        self._bot_id = bot_id
        self._limits = limits or HandlingLimits()
        self._lanes: dict[asyncio.Task[None], UUID] = {}
        self._doorbell = Doorbell(clock)
        self._stopping = False

    async def run(self) -> None:
        """Work until cancelled; what is being handled then is left to its leases. `stop` ends it well."""
        unlisten = self._bus.listen(self._hear)
        try:
            async with asyncio.TaskGroup() as loops:
                loops.create_task(self._claim_all())
                loops.create_task(self._keep_leases())
        finally:
            unlisten()
            for task in self._lanes:
                task.cancel()
            await asyncio.gather(*self._lanes, return_exceptions=True)

    async def stop(self, deadline: timedelta) -> None:
        """Take no more, let what is being handled end until the deadline, and give the rest back."""
        self._stopping = True
        if self._lanes:
            await asyncio.wait(set(self._lanes), timeout=deadline.total_seconds())
        cut = set(self._lanes)
        for task in cut:
            task.cancel()
        if cut:
            await asyncio.wait(cut)

    def _hear(self, announcement: Announcement) -> None:
        if isinstance(announcement, UpdatesArrived) and announcement.bot_id == self._bot_id:
            self._doorbell.ring()

    async def _claim_all(self) -> None:
        while True:
            self._doorbell.reset()
            try:
                claimed = await self._claim()
            except Unavailable as error:
                _log.warning("update_worker_waits", extra={"reason": error.message})
                claimed = []
            except Exception:  # noqa: BLE001 - the inbox outlasts whatever it is
                _log.exception("update_worker_failed")
                claimed = []
            for claim, lane in claimed:
                task = asyncio.create_task(self._handle_lane(lane, claim))
                self._lanes[task] = claim
                task.add_done_callback(partial(self._ended, lane))
            if not claimed:
                await self._doorbell.wait(self._limits.poll)

    async def _claim(self) -> Sequence[tuple[UUID, list[InboxUpdate]]]:
        room = self._limits.lanes - len(self._lanes)
        if self._stopping or room <= 0:
            return []
        now, claim = self._clock.now(), self._ids.new()
        async with self._unit_of_work() as work:
            updates = await work.telegram_updates.claim(
                self._bot_id, claim, now, now + self._limits.lease, lanes=room, per_lane=self._limits.per_lane
            )
            if updates:
                await work.commit()
        ordered = sorted(updates, key=lambda update: (not update.is_urgent, update.lane, update.update_id or 0))
        return [(claim, list(lane)) for _, lane in groupby(ordered, key=lambda update: update.lane)]

    def _ended(self, lane: Sequence[InboxUpdate], task: asyncio.Task[None]) -> None:
        del self._lanes[task]
        if not task.cancelled() and (error := task.exception()) is not None:
            # Its lease ends by itself; then it is handled again.
            _log.error("lane_lost", extra={"lane": lane[0].lane}, exc_info=error)
        self._doorbell.ring()

    async def _handle_lane(self, lane: Sequence[InboxUpdate], claim: UUID) -> None:
        waiting = list(lane)
        try:
            while waiting and not self._stopping:
                goes_on = await self._handle(waiting[0], claim)
                del waiting[0]
                if not goes_on:
                    break
        finally:
            # Cancelled or held up: the others keep their place, and need not wait for the lease to end.
            if waiting:
                await asyncio.shield(self._give_back(waiting, claim))

    async def _handle(self, update: InboxUpdate, claim: UUID) -> bool:
        """Handle one; False when the lane has to wait for it."""
        began = self._clock.now()
        if update.is_expired(began):
            update.give_up(EXPIRED, began)
            return await self._commit(update, claim, Handled(), "expired", began)
        incoming: Incoming | None = None
        try:
            incoming = self._decoder.incoming(update.raw)
            handling = self._handler.handle(self._bot_id, incoming)
            handled = await within(self._clock, self._limits.timeout, handling)
        except Exception as error:  # noqa: BLE001 - the inbox keeps the error, whatever it is
            return await self._failed(update, claim, incoming, error, began)
        now = self._clock.now()
        update.succeed(now, now - began)
        return await self._commit(update, claim, handled, "success", began)

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
        return await self._commit(update, claim, Handled(self._handler.apologise(incoming)), "error", began)

    async def _commit(self, update: InboxUpdate, claim: UUID, handled: Handled, status: str, began: datetime) -> bool:
        """End it, together with what is to be said. False when the claim was lost: then nothing is written."""
        async with self._unit_of_work() as work:
            if not await work.telegram_updates.save(update, claim):
                _log.warning("update_lost", extra={"lane": update.lane, "kind": update.kind})
                return False
            await self._add(work, update, handled)
            await work.commit()
        self._metrics.update_ended(status, (self._clock.now() - began).total_seconds())
        return True

    async def _add(self, work: UnitOfWork, update: InboxUpdate, handled: Handled) -> None:
        if handled.outgoing:
            pieces = [piece for content in handled.outgoing for piece in in_pieces(content)]
            await work.outgoing_messages.add([self._row(update, piece) for piece in pieces])
            work.announce(OutgoingOwed(self._bot_id))
        for answer in handled.answers:
            await work.telegram_answers.add(answer)
            work.announce(AnswerOwed(self._bot_id))
        if handled.command is not None:
            await work.telegram_commands.count_use(handled.command)

    def _row(self, update: InboxUpdate, content: Outgoing) -> OutgoingMessage:
        now = self._clock.now()
        return OutgoingMessage(
            OutgoingId(self._ids.new()), self._bot_id, content, Priority.REPLY, now, now, caused_by=update.key
        )

    async def _give_back(self, updates: Sequence[InboxUpdate], claim: UUID) -> None:
        async with self._unit_of_work() as work:
            for update in updates:
                if update.state is UpdateState.PROCESSING:
                    update.release()
                    await work.telegram_updates.save(update, claim)
            await work.commit()

    async def _keep_leases(self) -> None:
        while True:
            await self._clock.sleep((self._limits.lease / 3).total_seconds())
            claims = set(self._lanes.values())
            if not claims:
                continue
            try:
                async with self._unit_of_work() as work:
                    for claim in claims:
                        await work.telegram_updates.renew(claim, self._clock.now() + self._limits.lease)
                    await work.commit()
            except Unavailable as error:
                _log.warning("update_leases_not_renewed", extra={"reason": error.message})
