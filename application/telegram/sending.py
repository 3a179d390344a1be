"""The worker that sends: claims the first row of each chat, keeps the leases, and gives back what it cannot send."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from application.identity.telegram_accounts import TelegramAccounts
from application.ports.observability import TelegramMetrics
from application.ports.realtime import Announcement, Bus, OutgoingOwed
from application.ports.sending import Notifier, Pacer
from application.ports.system import Clock, Ids
from application.ports.unit_of_work import UnitOfWorkFactory
from application.telegram.delivering import Deliverer
from application.telegram.outcomes import OutcomeWriter
from application.telegram.waking import Doorbell
from domain.errors import Unavailable
from domain.telegram import OutgoingMessage, Priority

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SendingLimits:
    """How much is on its way at once, bulk among it, and how long a lease lasts."""

    chats: int = 128
    bulk: int = 64
    beyond_bulk: int = 32
    lease: timedelta = timedelta(seconds=30)
    poll: timedelta = timedelta(seconds=1)


@dataclass(slots=True)
class _OnItsWay:
    """A row that is being worked on. `lease_until` is as far as it is known to be held."""

    row: OutgoingMessage
    claim: UUID
    lease_until: datetime
    is_sending: bool = False


class OutgoingWorker:
    """Sends one bot's rows until it is stopped. Any number of workers share one database.

    One row of a chat at a time, each in a task of its own: a chat that is slow delays no other. Rows are sent at least
    once: a worker that dies leaves its leases to end, and what it was sending then may be repeated.
    """

    def __init__(
        self,
        unit_of_work: UnitOfWorkFactory,
        notifier: Notifier,
        pacer: Pacer,
        accounts: TelegramAccounts,
        metrics: TelegramMetrics,
        bus: Bus,
        clock: Clock,
        ids: Ids,
        bot_id: int,
        limits: SendingLimits | None = None,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._outcomes = OutcomeWriter(unit_of_work, clock, bot_id)
        self._deliverer = Deliverer(notifier, pacer, accounts, self._outcomes, clock, metrics)
        self._bus = bus
        self._clock = clock
        self._ids = ids
        self._bot_id = bot_id
        self._limits = limits or SendingLimits()
        self._tasks: dict[asyncio.Task[None], _OnItsWay] = {}
        self._doorbell = Doorbell(clock)
        self._stopping = False

    async def run(self) -> None:
        """Work until cancelled; what is on its way then is given back. `stop` ends it well."""
        unlisten = self._bus.listen(self._hear)
        try:
            async with asyncio.TaskGroup() as loops:
                loops.create_task(self._claim_all())
                loops.create_task(self._keep_leases())
        finally:
            unlisten()
            await self._cut(set(self._tasks))

    async def stop(self, deadline: timedelta) -> None:
        """Take no more, give back what waits for its slot, and let what is being sent end until the deadline."""
        self._stopping = True
        await self._cut({task for task, each in self._tasks.items() if not each.is_sending})
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=deadline.total_seconds())
        await self._cut(set(self._tasks))

    async def _cut(self, tasks: set[asyncio.Task[None]]) -> None:
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        await self._outcomes.finish()

    def _hear(self, announcement: Announcement) -> None:
        if isinstance(announcement, OutgoingOwed) and announcement.bot_id == self._bot_id:
            self._doorbell.ring()

    async def _claim_all(self) -> None:
        while True:
            self._doorbell.reset()
            wait = self._limits.poll
            try:
                claimed, wait = await self._claim()
                for each in claimed:
                    task = asyncio.create_task(self._send(each))
                    self._tasks[task] = each
                    task.add_done_callback(self._ended)
            except Unavailable as error:
                _log.warning("outgoing_worker_waits", extra={"reason": error.message})
            except Exception:  # noqa: BLE001 - the rows outlast whatever it is
                _log.exception("outgoing_worker_failed")
            # Whoever ends rings too: the chat may have more.
            await self._doorbell.wait(wait)

    async def _claim(self) -> tuple[Sequence[_OnItsWay], timedelta]:
        """The first rows of chats in which nothing is on its way, and how long to wait when nobody rings. Bulk takes a
        part of the places only.
        """
        bulk = self._bulk()
        # Replies come first in a claim: some places beyond those of bulk find out whether there are any.
        room = min(self._limits.chats - len(self._tasks), max(0, self._limits.bulk - bulk) + self._limits.beyond_bulk)
        if self._stopping or room <= 0:
            return [], self._limits.poll
        now, claim = self._clock.now(), self._ids.new()
        until = now + self._limits.lease
        async with self._unit_of_work() as work:
            rows = await work.outgoing_messages.claim(self._bot_id, claim, now, until, room)
            kept = []
            for row in rows:
                bulk += row.priority is Priority.BULK
                if row.priority is Priority.BULK and bulk > self._limits.bulk:
                    row.postponed(now + self._limits.poll)
                    await work.outgoing_messages.save(row, claim)
                else:
                    kept.append(_OnItsWay(row, claim, until))
            if rows:
                await work.commit()
                wait = self._limits.poll
            else:
                wait = self._until(await work.outgoing_messages.next_due(self._bot_id, now), now)
        if len(rows) == room and len(kept) == len(rows):
            self._doorbell.ring()
        return kept, wait

    def _bulk(self) -> int:
        return sum(each.row.priority is Priority.BULK for each in self._tasks.values())

    def _until(self, due: datetime | None, now: datetime) -> timedelta:
        if due is None or due <= now:  # what is due is held by another worker at this moment
            return self._limits.poll
        return min(due - now, self._limits.poll)

    async def _send(self, each: _OnItsWay) -> None:
        try:
            if not await self._deliverer.slot(each.row, each.claim):
                return
            if each.lease_until <= self._clock.now():
                _log.warning("row_lease_ended", extra={"row": str(each.row.id)})
                return
            each.is_sending = True
            await self._deliverer.send(each.row, each.claim)
        except asyncio.CancelledError:
            if each.row.claim == each.claim:  # nothing was decided about it yet
                giving = self._deliverer.give_back(each.row, each.claim, was_sending=each.is_sending)
                await asyncio.shield(giving)
            raise

    def _ended(self, task: asyncio.Task[None]) -> None:
        each = self._tasks.pop(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            # Its lease ends by itself; then it is sent again.
            _log.error("row_not_sent", extra={"row": str(each.row.id)}, exc_info=error)
        # Bulk is fetched some rows at a time, not one by one.
        if each.row.priority is not Priority.BULK or self._bulk() <= self._limits.bulk // 2:
            self._doorbell.ring()

    async def _keep_leases(self) -> None:
        while True:
            await self._clock.sleep((self._limits.lease / 3).total_seconds())
            held = list(self._tasks.values())
            if not held:
                continue
            until = self._clock.now() + self._limits.lease
            try:
                async with self._unit_of_work() as work:
                    for claim in {each.claim for each in held}:
                        await work.outgoing_messages.renew(claim, until)
                    await work.commit()
            except Unavailable as error:
                _log.warning("outgoing_leases_not_renewed", extra={"reason": error.message})
            except Exception:  # noqa: BLE001 - the next renewal may do; a lease that ends is looked at before sending
                _log.exception("outgoing_leases_not_renewed")
            else:
                for each in held:
                    each.lease_until = until
