"""The inbox as those see it who run the community: what waits, what failed, and another try."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from application.ports.inbox import UpdateFilter, UpdatePage, UpdateQueries
from application.ports.realtime import UpdatesArrived
from application.ports.system import Clock, Ids
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from application.telegram.disclosing import disclosed
from domain.errors import Conflict
from domain.identity import Actor, AuditAction, AuditEntry, Role
from domain.telegram import InboxUpdate, UpdateKey, UpdateState

UPDATE = "telegram_update"
CHUNK = 100


@dataclass(frozen=True, slots=True)
class ShownUpdate:
    """One update with what it says, without what must stay secret; None where that is forgotten or no JSON."""

    update: InboxUpdate
    content: object | None


@dataclass(frozen=True, slots=True)
class Replayed:
    """How many will be handled once more, and how many cannot be: what is no update, or was forgotten."""

    replayed: int
    left: int


class DeadLetters:
    """Lists the inbox, and has dead letters handled once more, for ADMIN and above.

    Whoever looks into an update reads what somebody wrote to the bot: that is a line of the trail, as a replay is.
    """

    def __init__(self, unit_of_work: UnitOfWorkFactory, queries: UpdateQueries, clock: Clock, ids: Ids) -> None:
        self._unit_of_work = unit_of_work
        self._queries = queries
        self._clock = clock
        self._ids = ids

    async def page(self, actor: Actor, where: UpdateFilter, cursor: str | None = None, limit: int = 50) -> UpdatePage:
        """Latest first; raises `NotAllowed`, and `Malformed` on a broken cursor."""
        actor.require(Role.ADMIN)
        return await self._queries.page(where, limit=limit, cursor=cursor)

    async def counts(self, actor: Actor, bot_id: int | None = None) -> Mapping[UpdateState, int]:
        """How many there are in each state; raises `NotAllowed`."""
        actor.require(Role.ADMIN)
        return await self._queries.counts(bot_id)

    async def show(self, actor: Actor, key: UpdateKey) -> ShownUpdate:
        """One with what it says; raises `NotAllowed` and `NotFound`."""
        actor.require(Role.ADMIN)
        async with self._unit_of_work() as work:
            update = await work.telegram_updates.get(key)
            await self._record(work, AuditAction.UPDATE_READ, actor, update)
            await work.commit()
        return ShownUpdate(update, disclosed(update.raw))

    async def replay(self, actor: Actor, key: UpdateKey) -> InboxUpdate:
        """Handle it once more, in its lane's turn; raises `NotAllowed`, `NotFound`, and `Conflict` for one that is no
        dead letter or cannot be handled.
        """
        actor.require(Role.ADMIN)
        now = self._clock.now()
        async with self._unit_of_work() as work:
            update = await work.telegram_updates.get(key)
            update.replay(now)
            if not await work.telegram_updates.save(update, None):
                raise Conflict("The update is being handled at this moment.", key=str(key))
            await self._record(work, AuditAction.UPDATE_REPLAYED, actor, update)
            work.announce(UpdatesArrived(update.bot_id))
            await work.commit()
        return update

    async def replay_all(self, actor: Actor, bot_id: int | None = None) -> Replayed:
        """Handle every dead letter once more that can be; raises `NotAllowed`."""
        actor.require(Role.ADMIN)
        where = UpdateFilter(state=UpdateState.ERROR, bot_id=bot_id)
        replayed = left = 0
        cursor: str | None = None
        while True:
            page = await self._queries.page(where, limit=CHUNK, cursor=cursor)
            for update in page.items:
                try:
                    await self.replay(actor, update.key)
                except Conflict:  # counted: it stays a dead letter
                    left += 1
                else:
                    replayed += 1
            cursor = page.next_cursor
            if cursor is None:
                return Replayed(replayed, left)

    async def _record(self, work: UnitOfWork, action: AuditAction, actor: Actor, update: InboxUpdate) -> None:
        entry = AuditEntry.of(self._ids.new(), self._clock.now(), action, actor, None, kind=update.kind)
        await work.audit.record(replace(entry, resource_type=UPDATE, resource_id=str(update.key)))
