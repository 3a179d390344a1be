"""Rows that wait in lanes: in each the first goes first, and nobody passes it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby, takewhile
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Executable, bindparam, select, text, update

from adapters.sql.lane_statements import WINDOW, Shape, every_lane, first_rows, near_lanes, next_times
from adapters.sql.transaction import Transaction
from adapters.sql.types import AnyRow


class Lanes:
    """The lanes of one table.

    Rows that are held are locked in one order, so that two who write several of them never wait for each other.
    On PostgreSQL whoever claims a lane holds its advisory lock until the commit, and looks at its rows only then: row
    locks alone would let a second one in by a row that came before the locked one meanwhile. SQLite has one writer.
    """

    def __init__(self, shape: Shape) -> None:
        columns = shape.table.c
        self._looks = {
            (is_sqlite, locking): (
                near_lanes(shape, locking=locking),
                every_lane(shape, is_sqlite=is_sqlite, locking=locking),
            )
            for is_sqlite, locking in ((True, False), (False, False), (False, True))
        }
        self._rows = {is_sqlite: first_rows(shape, is_sqlite=is_sqlite) for is_sqlite in (True, False)}
        self._next_times = next_times(shape)
        self._follow = update(shape.table).where(columns.id.in_(bindparam("keys", expanding=True)))
        self._begin = self._follow.values(attempts=columns.attempts + 1)
        held = select(columns.id).where(columns.claim == bindparam("b_claim"), text(shape.is_held))
        in_order = held.order_by(columns[shape.tie]).with_for_update()
        self._renew = update(shape.table).where(columns.id.in_(in_order)).returning(columns.id)
        self._lock = (
            select(columns.id, columns.claim)
            .where(columns.id.in_(bindparam("keys", expanding=True)))
            .order_by(columns[shape.tie])
            .with_for_update()
        )
        self._save = update(shape.table).where(columns.id == bindparam("b_id"))

    async def claim(
        self, work: Transaction, bot_id: int, values: Mapping[str, object], now: datetime, *, lanes: int, per_lane: int
    ) -> list[list[AnyRow]]:
        """The rows as they were, lane by lane; stored are the `values` and of the first of each one more attempt."""
        looks = self._looks[work.is_sqlite, not work.is_sqlite]
        free = await self._free(work, looks, bot_id, now, lanes)
        if not free:
            return []
        names: object = msgspec.json.encode(free).decode() if work.is_sqlite else free
        about = {"bot": bot_id, "now": now, "lanes": names, "count": per_lane}
        rows = await work.all(self._rows[work.is_sqlite], about)
        due = (list(takewhile(lambda row: row.due_at <= now, lane)) for _, lane in groupby(rows, lambda row: row.lane))
        claimed = [lane for lane in due if lane]
        if claimed:
            await work.execute(self._begin, {**values, "keys": [lane[0].id for lane in claimed]})
        if following := [row.id for lane in claimed for row in lane[1:]]:
            await work.execute(self._follow, {**values, "keys": following})
        return claimed

    async def save_each(
        self, work: Transaction, rows: Sequence[tuple[UUID, UUID | None, Mapping[str, object]]]
    ) -> frozenset[UUID]:
        """Of these ids, claims and values store those that are still held under their claim; the ids of which."""
        if not rows:
            return frozenset()
        claims = {row.id: row.claim for row in await work.all(self._lock, {"keys": [key for key, _, _ in rows]})}
        held = [(key, values) for key, claim, values in rows if key in claims and claims[key] == claim]
        if held:
            await work.execute(self._save, [{**values, "b_id": key} for key, values in held])
        return frozenset(key for key, _ in held)

    async def renew(self, work: Transaction, claim: UUID, lease_until: datetime) -> frozenset[UUID]:
        """Extend what is held under the claim; the ids of these rows."""
        rows = await work.all(self._renew, {"b_claim": claim, "lease_until": lease_until})
        return frozenset(row.id for row in rows)

    async def next_due(self, work: Transaction, bot_id: int, now: datetime) -> datetime | None:
        """Now where a lane is free, else when the next row is due or the next lease ends."""
        if await self._free(work, self._looks[work.is_sqlite, False], bot_id, now, 1):
            return now
        row = await work.first(self._next_times, {"bot": bot_id, "now": now})
        return None if row is None else min((time for time in row if time is not None), default=None)

    async def _free(
        self, work: Transaction, looks: Sequence[Executable], bot_id: int, now: datetime, count: int
    ) -> list[str]:
        found: list[Any] = []
        for look in looks:
            rows = await work.all(look, {"bot": bot_id, "now": now, "count": count})
            found += [row.lane for row in rows if row.lane is not None and row.lane not in found]
            if len(found) >= count or (rows and rows[0].seen < WINDOW):
                break
        return found[:count]
