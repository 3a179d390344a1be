"""The inbox as those see it who run the community: what waits, what failed, and another try."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from application.ports.inbox import UpdateFilter, UpdatePage, UpdateQueries
from application.ports.realtime import UpdatesArrived
from application.ports.system import Clock, Ids
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from application.telegram.disclosing import disclosed
from domain.errors import Conflict, NotFound
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
    """How many will be handled once more, and how many stay dead letters: what is no update, was forgotten, or is
    urgent: nobody waits for the answer to a button that was pressed then.
    """

    replayed: int
    left: int


class DeadLetters:
    """Lists a bot's inbox, has dead letters handled once more, and dismisses them, for ADMIN and above.

    Whoever looks into an update reads what somebody wrote to the bot: that is a line of the trail, as the others are.
    What another bot was told is not found: nobody here could handle it.
    """

    def __init__(self, unit_of_work: UnitOfWorkFactory, queries: UpdateQueries, clock: Clock, ids: Ids) -> None:
        self._unit_of_work = unit_of_work
        self._queries = queries
        self._clock = clock
        self._ids = ids

    async def page(
        self,
        actor: Actor,
        bot_id: int,
        state: UpdateState | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> UpdatePage:
        """Latest first; raises `NotAllowed`, and `Malformed` on a broken cursor."""
        actor.require(Role.ADMIN)
        return await self._queries.page(UpdateFilter(state, bot_id), limit=limit, cursor=cursor)

    async def counts(self, actor: Actor, bot_id: int) -> Mapping[UpdateState, int]:
        """How many there are in each state; raises `NotAllowed`."""
        actor.require(Role.ADMIN)
        return await self._queries.counts(bot_id)

    async def show(self, actor: Actor, bot_id: int, key: UpdateKey) -> ShownUpdate:
        """One with what it says; raises `NotAllowed` and `NotFound`."""
        actor.require(Role.ADMIN)
        async with self._unit_of_work() as work:
            update = await self._get(work, bot_id, key)
            await self._record(work, AuditAction.UPDATE_READ, actor, update)
            await work.commit()
        return ShownUpdate(update, disclosed(update.raw))

    async def replay(self, actor: Actor, bot_id: int, key: UpdateKey) -> InboxUpdate:
        """Handle it once more, in its lane's turn; raises `NotAllowed`, `NotFound`, and `Conflict` for one that is no
        dead letter or cannot be handled.
        """
        actor.require(Role.ADMIN)
        now = self._clock.now()
        async with self._unit_of_work() as work:
            update = await self._get(work, bot_id, key)
            update.replay(now)
            if not await work.telegram_updates.save(update, None):
                raise Conflict("The update is being handled at this moment.", key=str(key))
            await self._record(work, AuditAction.UPDATE_REPLAYED, actor, update)
            work.announce(UpdatesArrived(bot_id))
            await work.commit()
        return update

    async def replay_all(self, actor: Actor, bot_id: int) -> Replayed:
        """Handle every dead letter once more that can be, the oldest first; raises `NotAllowed`. Those of one
        transaction are in their lanes' turns together, so that none passes an earlier one.
        """
        actor.require(Role.ADMIN)
        done, after = Replayed(0, 0), None
        while True:
            async with self._unit_of_work() as work:
                found = await work.telegram_updates.dead_letters(bot_id, after, CHUNK)
                replayed = await self._replay(work, actor, found)
                if replayed:
                    work.announce(UpdatesArrived(bot_id))
                await work.commit()
            done = Replayed(done.replayed + replayed, done.left + len(found) - replayed)
            if len(found) < CHUNK:
                return done
            after = found[-1].key

    async def dismiss(self, actor: Actor, bot_id: int, key: UpdateKey) -> None:
        """Remove a dead letter; raises `NotAllowed`, `NotFound`, and `Conflict` for what is none."""
        actor.require(Role.ADMIN)
        async with self._unit_of_work() as work:
            update = await self._get(work, bot_id, key)
            update.require_dead()
            await self._dismiss(work, actor, [update])
            await work.commit()

    async def dismiss_left(self, actor: Actor, bot_id: int) -> int:
        """Remove the dead letters that replaying all leaves; how many there were. Raises `NotAllowed`."""
        actor.require(Role.ADMIN)
        dismissed, after = 0, None
        while True:
            async with self._unit_of_work() as work:
                found = await work.telegram_updates.dead_letters(bot_id, after, CHUNK)
                left = [update for update in found if update.is_left]
                await self._dismiss(work, actor, left)
                await work.commit()
            dismissed += len(left)
            if len(found) < CHUNK:
                return dismissed
            after = found[-1].key

    async def _dismiss(self, work: UnitOfWork, actor: Actor, dead: Sequence[InboxUpdate]) -> None:
        await work.telegram_updates.remove([update.key for update in dead])
        for update in dead:
            await self._record(work, AuditAction.UPDATE_DISMISSED, actor, update)

    async def _replay(self, work: UnitOfWork, actor: Actor, dead: Sequence[InboxUpdate]) -> int:
        now, alive = self._clock.now(), list[InboxUpdate]()
        for update in dead:
            try:
                update.replay(now, is_late=True)
            except Conflict:  # counted: it stays a dead letter
                continue
            alive.append(update)
        await work.telegram_updates.save_each([(update, None) for update in alive])
        for update in alive:
            await self._record(work, AuditAction.UPDATE_REPLAYED, actor, update)
        return len(alive)

    async def _get(self, work: UnitOfWork, bot_id: int, key: UpdateKey) -> InboxUpdate:
        update = await work.telegram_updates.get(key)
        if update.bot_id != bot_id:
            raise NotFound("There is no such update.", key=str(key))
        return update

    async def _record(self, work: UnitOfWork, action: AuditAction, actor: Actor, update: InboxUpdate) -> None:
        entry = AuditEntry.of(self._ids.new(), self._clock.now(), action, actor, None, kind=update.kind)
        await work.audit.record(replace(entry, resource_type=UPDATE, resource_id=str(update.key)))
