"""The bot's inbox, in a unit of work and for admins."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Executable, bindparam, case, delete, func, select, update

from adapters.sql.database import Database
from adapters.sql.lane_statements import Shape
from adapters.sql.lanes import Lanes
from adapters.sql.tables import telegram_webhooks
from adapters.sql.tables.telegram import UPDATE_HAS_BODY, UPDATE_IS_HELD, UPDATE_WAITS
from adapters.sql.telegram_rows import update_from_row, update_to_row
from adapters.sql.transaction import Transaction
from application.paging import decode_single, encode_cursor
from application.ports.inbox import LISTED, UpdateFilter, UpdatePage, UpdateQueries, UpdateRepository
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
_BEFORE_ALL = UUID(int=0)
_GET = select(telegram_webhooks).where(_c.id == bindparam("b_id")).with_for_update()
_SAVE = update(telegram_webhooks).where(
    _c.id == bindparam("b_id"), _c.claim.is_not_distinct_from(bindparam("b_claim", type_=_c.claim.type))
)
_LISTED = select(
    *(column for column in _c if column.name != "raw"),
    case((UPDATE_HAS_BODY, bindparam("listed", LISTED)), else_=bindparam("nothing", b"")).label("raw"),
)
_DEAD = (
    _LISTED.where(_c.bot_id == bindparam("b_bot"), _c.state == int(UpdateState.ERROR), _c.id > bindparam("after"))
    .order_by(_c.id)
    .limit(bindparam("count"))
    .with_for_update()
)
_REMOVE = delete(telegram_webhooks).where(
    _c.id.in_(bindparam("keys", expanding=True)), _c.state == int(UpdateState.ERROR)
)
_OLD_BODIES = (
    _LISTED.where(_c.handled_at.is_not(None), _c.handled_at < bindparam("before"), UPDATE_HAS_BODY)
    .order_by(_c.handled_at)
    .limit(bindparam("count"))
    .with_for_update(skip_locked=True)
)
_IN_LANES = (
    _LISTED.where(_c.lane.in_(bindparam("lanes", expanding=True)), UPDATE_HAS_BODY).order_by(_c.id).with_for_update()
)
_FORGET = update(telegram_webhooks).where(_c.id == bindparam("b_id")).values(raw=b"", lane=bindparam("new_lane"))


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

    async def save_each(self, updates: Sequence[tuple[InboxUpdate, UUID | None]]) -> frozenset[UpdateKey]:
        rows = [(update.key, claim, update_to_row(update)) for update, claim in updates]
        return frozenset(map(UpdateKey, await _LANES.save_each(self._transaction, rows)))

    async def remove(self, keys: Sequence[UpdateKey]) -> None:
        await self._transaction.execute(_REMOVE, {"keys": list(keys)})

    async def renew(self, claim: UUID, lease_until: datetime) -> frozenset[UpdateKey]:
        return frozenset(map(UpdateKey, await _LANES.renew(self._transaction, claim, lease_until)))

    async def next_due(self, bot_id: int, now: datetime) -> datetime | None:
        return await _LANES.next_due(self._transaction, bot_id, now)

    async def dead_letters(self, bot_id: int, after: UpdateKey | None, limit: int) -> Sequence[InboxUpdate]:
        about = {"b_bot": bot_id, "after": after or _BEFORE_ALL, "count": limit}
        return [update_from_row(row) for row in await self._transaction.all(_DEAD, about)]

    async def forget_bodies(self, before: datetime, limit: int) -> int:
        return await self._forget(_OLD_BODIES, {"before": before, "count": limit}, before)

    async def forget_person(self, telegram_id: int, now: datetime) -> int:
        return await self._forget(_IN_LANES, {"lanes": private_lanes(telegram_id)}, now)

    async def _forget(self, which: Executable, about: Mapping[str, object], now: datetime) -> int:
        updates = [update_from_row(row) for row in await self._transaction.all(which, about)]
        for each in updates:
            each.forget(now)
        if updates:
            rows = [{**update_to_row(each), "new_lane": each.lane, "b_id": each.key} for each in updates]
            await self._transaction.execute(_FORGET, rows)
        return len(updates)


_COUNTS = select(_c.state, func.count().label("count")).group_by(_c.state)


class SqlUpdateQueries(UpdateQueries):
    """Lists and counts. A key begins with the time, so the latest have the greatest."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, where: UpdateFilter, *, limit: int, cursor: str | None = None) -> UpdatePage:
        statement = _LISTED.order_by(_c.id.desc()).limit(limit + 1)
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
