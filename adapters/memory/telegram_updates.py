"""The bot's inbox."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from adapters.memory.cascades import delete_update
from adapters.memory.lanes import Waiting, free_lanes, next_due
from adapters.memory.pages import page_of
from adapters.memory.store import MemoryStore, Tables
from adapters.memory.transaction import Transaction
from application.paging import decode_single, encode_cursor
from application.ports.inbox import LISTED, UpdateFilter, UpdateInbox, UpdatePage, UpdateQueries, UpdateRepository
from application.ports.realtime import Bus, UpdatesArrived
from domain.errors import NotFound
from domain.telegram import InboxUpdate, UpdateKey, UpdateState, private_lanes

_WAITS = (UpdateState.NEW, UpdateState.PROCESSING)


class InMemoryUpdateInbox(UpdateInbox):
    """Each call is a transaction of its own; it waits for the units of work before it."""

    def __init__(self, store: MemoryStore, bus: Bus) -> None:
        self._store = store
        self._bus = bus

    async def commit(self, updates: Sequence[InboxUpdate]) -> int:
        async with self._store.lock:
            new = [update for update in updates if _put(self._store.tables, update)]
        for bot_id in dict.fromkeys(update.bot_id for update in new):
            self._bus.publish(UpdatesArrived(bot_id))
        return len(new)


class InMemoryUpdateQueries(UpdateQueries):
    """Reads what was committed last."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def page(self, where: UpdateFilter, *, limit: int, cursor: str | None = None) -> UpdatePage:
        before = None if cursor is None else decode_single(cursor, UUID)
        found = [
            update
            for update in self._store.tables.updates.values()
            if where.state in (None, update.state)
            and where.bot_id in (None, update.bot_id)
            and (before is None or update.key < before)
        ]
        found.sort(key=lambda update: update.key, reverse=True)
        page = page_of(found[: limit + 1], limit, _listed, lambda update: encode_cursor(update.key))
        return UpdatePage(page.items, page.next_cursor)

    async def counts(self, bot_id: int | None = None) -> Mapping[UpdateState, int]:
        rows = self._store.tables.updates.values()
        found = Counter(update.state for update in rows if bot_id in (None, update.bot_id))
        return {state: found[state] for state in UpdateState}


class InMemoryUpdateRepository(UpdateRepository):
    """The inbox, staged."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def claim(
        self, bot_id: int, claim: UUID, now: datetime, lease_until: datetime, *, lanes: int, per_lane: int
    ) -> Sequence[InboxUpdate]:
        claimed: list[InboxUpdate] = []
        for lane in free_lanes(self._waiting(bot_id), now)[:lanes]:
            first, *others = (replace(row.row) for row in lane[:per_lane])
            first.begin(claim, lease_until)
            for update in others:
                update.follow(claim, lease_until)
            for update in (first, *others):
                self._write(update)
            claimed += [first, *others]
        return claimed

    async def get(self, key: UpdateKey) -> InboxUpdate:
        update = self._transaction.tables.updates.get(key)
        if update is None:
            raise NotFound("There is no such update.", key=str(key))
        return replace(update)

    async def save(self, update: InboxUpdate, claim: UUID | None) -> bool:
        stored = self._transaction.tables.updates.get(update.key)
        if stored is None or stored.claim != claim:
            return False
        # Who says what is only ever forgotten, and not by its handler.
        self._write(replace(update, raw=stored.raw, lane=stored.lane))
        return True

    async def save_each(self, updates: Sequence[tuple[InboxUpdate, UUID | None]]) -> set[UpdateKey]:
        return {update.key for update, claim in updates if await self.save(update, claim)}

    async def remove(self, keys: Sequence[UpdateKey]) -> None:
        for key in keys:
            update = self._transaction.tables.updates.get(key)
            if update is not None and update.state is UpdateState.ERROR:
                delete_update(self._transaction.tables, update)

    async def renew(self, claim: UUID, lease_until: datetime) -> set[UpdateKey]:
        held = [update for update in self._transaction.tables.updates.values() if update.claim == claim]
        for update in held:
            self._transaction.tables.updates[update.key] = replace(update, lease_until=lease_until)
        return {update.key for update in held}

    async def next_due(self, bot_id: int, now: datetime) -> datetime | None:
        return next_due(self._waiting(bot_id), now)

    async def dead_letters(self, bot_id: int, after: UpdateKey | None, limit: int) -> Sequence[InboxUpdate]:
        rows = sorted(self._transaction.tables.updates.values(), key=lambda row: row.key)
        dead = (row for row in rows if row.bot_id == bot_id and row.state is UpdateState.ERROR)
        return [_listed(row) for row in dead if after is None or row.key > after][:limit]

    async def forget_bodies(self, before: datetime, limit: int) -> int:
        rows = self._transaction.tables.updates.values()
        over = [row for row in rows if row.raw and row.handled_at is not None and row.handled_at < before]
        return self._forget(over[:limit], before)

    async def forget_person(self, telegram_id: int, now: datetime) -> int:
        lanes = private_lanes(telegram_id)
        return self._forget(
            [row for row in self._transaction.tables.updates.values() if row.lane in lanes and row.raw], now
        )

    def _forget(self, rows: Sequence[InboxUpdate], now: datetime) -> int:
        for row in rows:
            forgotten = replace(row)
            forgotten.forget(now)
            self._write(forgotten)
        return len(rows)

    def _waiting(self, bot_id: int) -> list[Waiting[InboxUpdate]]:
        rows = self._transaction.tables.updates.values()
        return [_as_waiting(row) for row in rows if row.bot_id == bot_id and row.state in _WAITS]

    def _write(self, update: InboxUpdate) -> None:
        self._transaction.tables.updates[update.key] = replace(update)


def _listed(row: InboxUpdate) -> InboxUpdate:
    return replace(row, raw=LISTED if row.raw else b"")


def _as_waiting(row: InboxUpdate) -> Waiting[InboxUpdate]:
    return Waiting(row, row.lane, row.update_id or 0, int(not row.is_urgent), row.due_at, row.key, row.lease_until)


def _put(tables: Tables, update: InboxUpdate) -> bool:
    place = (update.bot_id, update.update_id)
    if update.key in tables.updates or place in tables.update_places:
        return False
    tables.updates[update.key] = replace(update)
    if update.update_id is not None:
        tables.update_places[place] = update.key
    return True
