"""The bot's inbox, in a unit of work and for admins."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, func, select, update

from adapters.sql.database import Database
from adapters.sql.lane_statements import Shape
from adapters.sql.lanes import Lanes
from adapters.sql.tables import telegram_webhooks
from adapters.sql.tables.telegram import UPDATE_HAS_BODY, UPDATE_IS_HELD, UPDATE_WAITS
from adapters.sql.telegram_rows import update_from_row, update_to_row
from adapters.sql.transaction import Transaction
from application.paging import decode_single, encode_cursor
from application.ports.inbox import UpdateFilter, UpdatePage, UpdateQueries, UpdateRepository
from domain.errors import NotFound
from domain.telegram import InboxUpdate, UpdateKey, UpdateState, private_lanes

_LANES = Lanes(
    Shape(
        table=telegram_webhooks,
        waits=UPDATE_WAITS.text,
        is_held=UPDATE_IS_HELD.text,
        place="update_id",
        rank="is_urgent",
        ranks=("true", "false"),
        tie="id",
    )
)
_c = telegram_webhooks.c
_GET = select(telegram_webhooks).where(_c.id == bindparam("b_id")).with_for_update()
_SAVE = update(telegram_webhooks).where(
    _c.id == bindparam("b_id"), _c.claim.is_not_distinct_from(bindparam("b_claim", type_=_c.claim.type))
)
_OLD_BODIES = (
    select(_c.id)
    .where(_c.handled_at.is_not(None), _c.handled_at < bindparam("before"), UPDATE_HAS_BODY)
    .order_by(_c.handled_at)
    .limit(bindparam("count"))
    .with_for_update(skip_locked=True)
)
_EMPTY = update(telegram_webhooks).where(_c.id == bindparam("b_id")).values(raw=b"")
_IN_LANES = (
    select(telegram_webhooks)
    .where(_c.lane.in_(bindparam("lanes", expanding=True)), UPDATE_HAS_BODY)
    .order_by(_c.id)
    .with_for_update()
)


class SqlUpdateRepository(UpdateRepository):
    """A row an update."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def claim(
        self, bot_id: int, claim: UUID, now: datetime, lease_until: datetime, *, lanes: int, per_lane: int
    ) -> Sequence[InboxUpdate]:
        values = {"state": int(UpdateState.PROCESSING), "claim": claim, "lease_until": lease_until}
        claimed: list[InboxUpdate] = []
        for lane in await _LANES.claim(self._transaction, bot_id, values, now, lanes=lanes, per_lane=per_lane):
            first, *others = (update_from_row(row) for row in lane)
            first.begin(claim, lease_until)
            for each in others:
                each.follow(claim, lease_until)
            claimed += [first, *others]
        return claimed

    async def get(self, key: UpdateKey) -> InboxUpdate:
        row = await self._transaction.first(_GET, {"b_id": key})
        if row is None:
            raise NotFound("There is no such update.", key=str(key))
        return update_from_row(row)

    async def save(self, update: InboxUpdate, claim: UUID | None) -> bool:
        values = {**update_to_row(update), "b_id": update.key, "b_claim": claim}
        return (await self._transaction.execute(_SAVE, values)).rowcount == 1

    async def save_each(self, updates: Sequence[tuple[InboxUpdate, UUID]]) -> frozenset[UpdateKey]:
        rows = [(update.key, claim, update_to_row(update)) for update, claim in updates]
        return frozenset(map(UpdateKey, await _LANES.save_each(self._transaction, rows)))

    async def renew(self, claim: UUID, lease_until: datetime) -> frozenset[UpdateKey]:
        return frozenset(map(UpdateKey, await _LANES.renew(self._transaction, claim, lease_until)))

    async def next_due(self, bot_id: int, now: datetime) -> datetime | None:
        return await _LANES.next_due(self._transaction, bot_id, now)

    async def forget_bodies(self, before: datetime, limit: int) -> int:
        rows = await self._transaction.all(_OLD_BODIES, {"before": before, "count": limit})
        if rows:
            await self._transaction.execute(_EMPTY, [{"b_id": row.id} for row in rows])
        return len(rows)

    async def forget_person(self, telegram_id: int, now: datetime) -> int:
        rows = await self._transaction.all(_IN_LANES, {"lanes": private_lanes(telegram_id)})
        for row in rows:
            forgotten = update_from_row(row)
            forgotten.forget(now)
            await self.save(forgotten, forgotten.claim)
        if rows:
            await self._transaction.execute(_EMPTY, [{"b_id": row.id} for row in rows])
        return len(rows)


_COUNTS = select(_c.state, func.count().label("count")).group_by(_c.state)


class SqlUpdateQueries(UpdateQueries):
    """Lists and counts. A key begins with the time, so the latest have the greatest."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, where: UpdateFilter, *, limit: int, cursor: str | None = None) -> UpdatePage:
        statement = select(telegram_webhooks).order_by(_c.id.desc()).limit(limit + 1)
        if where.state is not None:
            statement = statement.where(_c.state == int(where.state))
        if where.bot_id is not None:
            statement = statement.where(_c.bot_id == where.bot_id)
        if cursor is not None:
            statement = statement.where(_c.id < decode_single(cursor, UUID))
        async with self._database.read() as connection:
            rows = (await connection.execute(statement)).all()
        shown = tuple(update_from_row(row) for row in rows[:limit])
        return UpdatePage(shown, encode_cursor(shown[-1].key) if shown and len(rows) > limit else None)

    async def counts(self, bot_id: int | None = None) -> Mapping[UpdateState, int]:
        statement = _COUNTS if bot_id is None else _COUNTS.where(_c.bot_id == bot_id)
        async with self._database.read() as connection:
            rows = (await connection.execute(statement)).all()
        return dict.fromkeys(UpdateState, 0) | {UpdateState(state): count for state, count in rows}
