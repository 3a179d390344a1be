"""The worker that sends: claims the first row of each chat, and gives back what it cannot send."""

import asyncio
import logging
from collections.abc import Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from application.identity.telegram_accounts import TelegramAccounts
from application.ports.observability import TelegramMetrics
from application.ports.realtime import Announcement, Bus, OutgoingOwed
from application.ports.sending import Notifier, Pacer
from application.ports.system import Clock, Ids
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from application.telegram.delivering import Deliverer
from application.telegram.outcomes import OutcomeWriter
from application.telegram.working import Job, Leased, LeasedWorker
from domain.telegram import OutgoingMessage, Priority

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SendingLimits:
    """How much is on its way at once, bulk among it, and how long a lease lasts."""

    chats: int = 128
    bulk: int = 64
    beyond_bulk: int = 32
    lease: timedelta = timedelta(seconds=15)
    poll: timedelta = timedelta(seconds=1)


@dataclass(slots=True, eq=False, kw_only=True)
class _OnItsWay(Job):
    """A row that is being worked on."""

    row: OutgoingMessage
    is_sending: bool = False

    @property
    def rows(self) -> Set[UUID]:
        return {self.row.id}

    @property
    def name(self) -> str:
        return f"row {self.row.id}"

    @property
    def is_busy(self) -> bool:
        return self.is_sending


class OutgoingWorker(LeasedWorker[_OnItsWay]):
    """Sends one bot's rows until it is stopped. Any number of workers share one database.

    One row of a chat at a time, each in a task of its own: a chat that is slow delays no other. Rows are sent at least
    once: a worker that dies leaves its leases to end, and what it was sending then may be repeated. One that is stopped
    gives back what waits for its slot.
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
        self._limits = limits or SendingLimits()
        super().__init__(unit_of_work, bus, clock, ids, bot_id, lease=self._limits.lease, poll=self._limits.poll)
        self._outcomes = OutcomeWriter(unit_of_work, clock, bot_id)
        self._deliverer = Deliverer(notifier, pacer, accounts, self._outcomes, clock, metrics)

    def _tells_of_work(self, announcement: Announcement) -> bool:
        return isinstance(announcement, OutgoingOwed) and announcement.bot_id == self._bot_id

    def _rows(self, work: UnitOfWork) -> Leased:
        return work.outgoing_messages

    def _room(self) -> int:
        """Bulk takes a part of the places only."""
        # Replies come first in a claim: some places beyond those of bulk find out whether there are any.
        beside_bulk = max(0, self._limits.bulk - self._bulk()) + self._limits.beyond_bulk
        return min(self._limits.chats - len(self._tasks), beside_bulk)

    async def _claim(self, room: int) -> tuple[Sequence[_OnItsWay], timedelta]:
        """The first rows of chats in which nothing is on its way, and when the next one is due."""
        bulk = self._bulk()
        async with self._unit_of_work() as work:
            now, claim = self._clock.now(), self._ids.new()
            until = now + self._lease
            rows = await work.outgoing_messages.claim(self._bot_id, claim, now, until, room)
            kept = []
            for row in rows:
                bulk += row.priority is Priority.BULK
                if row.priority is Priority.BULK and bulk > self._limits.bulk:
                    row.postponed(now + self._poll)
                    await work.outgoing_messages.save(row, claim)
                else:
                    kept.append(_OnItsWay(claim=claim, lease_until=until, row=row))
            if rows:
                await work.commit()
                wait = self._poll
            else:
                wait = self._until(await work.outgoing_messages.next_due(self._bot_id, now), now)
        if len(rows) == room and len(kept) == len(rows):
            self._doorbell.ring()
        return kept, wait

    def _bulk(self) -> int:
        return sum(each.row.priority is Priority.BULK for each in self._tasks.values())

    def _until(self, due: datetime | None, now: datetime) -> timedelta:
        if due is None or due <= now:  # what is due is held by another worker at this moment
            return self._poll
        return min(due - now, self._poll)

    async def _work_on(self, job: _OnItsWay) -> None:
        try:
            if not await self._deliverer.slot(job.row, job.claim):
                return
            if job.lease_until <= self._clock.now():
                _log.warning("row_lease_ended", extra={"row": str(job.row.id)})
                return
            job.is_sending = True
            await self._deliverer.send(job.row, job.claim)
        except asyncio.CancelledError:
            if job.row.claim == job.claim:  # nothing was decided about it yet
                giving = self._deliverer.give_back(job.row, job.claim, was_sending=job.is_sending)
                await asyncio.shield(giving)
            raise

    def _may_have_more(self, ended: _OnItsWay) -> bool:
        """The chat may; but bulk is fetched some rows at a time, not one by one."""
        return ended.row.priority is not Priority.BULK or self._bulk() <= self._limits.bulk // 2

    async def _settle(self, claims: set[UUID]) -> None:
        await self._outcomes.finish()
