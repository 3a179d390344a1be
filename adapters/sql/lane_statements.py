"""The SQL of lanes, with the names of a table's columns left open."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, BindParameter, Integer, Table, Text, TextClause, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY

from adapters.sql.types import UtcDateTime

# So many due rows of a rank are looked at before all lanes are: enough wherever work is spread over lanes.
WINDOW = 200

_WINDOW = """
SELECT * FROM (
  SELECT lane, {place} AS place, {number} AS rank, due_at, {tie} AS tie FROM {table}
  WHERE bot_id = :bot AND {rank} = {value} AND {waits} AND due_at <= :now ORDER BY due_at, {tie} LIMIT {window}
) AS window_{number}
"""
# One look into the index a lane. An EXISTS becomes a join of all lanes with all that is held, where PostgreSQL's
# statistics are of a time when little was.
_IS_FREE = """
NOT COALESCE(
  (SELECT max(lease_until) FROM {table} WHERE bot_id = :bot AND {table}.lane = {lane} AND {is_held}) > :now, false
)
"""
_NEAR = """
WITH near AS MATERIALIZED ({windows}), free AS MATERIALIZED (
  SELECT near.lane FROM near
  WHERE near.place = (
    SELECT min({place}) FROM {table} WHERE bot_id = :bot AND {table}.lane = near.lane AND {waits}
  ) AND {is_free}
  ORDER BY near.rank, near.due_at, near.tie
)
SELECT taken.lane, looked.seen FROM (SELECT count(*) AS seen FROM near) AS looked
LEFT JOIN (SELECT lane FROM free {lock} LIMIT :count) AS taken ON true
"""
# From one lane to the next by the index, however many rows are in each.
_EVERY_ON_SQLITE = """
WITH RECURSIVE each_lane(name) AS (
  SELECT min(lane) FROM {table} WHERE bot_id = :bot AND {waits}
  UNION ALL
  SELECT (SELECT min(lane) FROM {table} WHERE bot_id = :bot AND {waits} AND lane > each_lane.name) FROM each_lane
  WHERE name IS NOT NULL
), free AS MATERIALIZED (
  SELECT lane, 0 AS seen FROM each_lane JOIN {table}
  ON bot_id = :bot AND lane = each_lane.name AND {waits} AND {place} = (
    SELECT min({place}) FROM {table} WHERE bot_id = :bot AND lane = each_lane.name AND {waits}
  )
  WHERE due_at <= :now AND {is_free}
  ORDER BY CASE {rank} {order} END, due_at, {tie}
)
SELECT lane, seen FROM free LIMIT :count
"""
_EVERY_ON_POSTGRESQL = """
WITH RECURSIVE head AS (
  (
    SELECT lane, {rank} AS rank, due_at, {tie} AS tie FROM {table}
    WHERE bot_id = :bot AND {waits} ORDER BY lane, {place} LIMIT 1
  )
  UNION ALL
  SELECT following.* FROM head CROSS JOIN LATERAL (
    SELECT lane, {rank} AS rank, due_at, {tie} AS tie FROM {table}
    WHERE bot_id = :bot AND {waits} AND lane > head.lane ORDER BY lane, {place} LIMIT 1
  ) AS following
), free AS MATERIALIZED (
  SELECT lane, 0 AS seen FROM head WHERE due_at <= :now AND {is_free}
  ORDER BY CASE head.rank {order} END, due_at, tie
)
SELECT lane, seen FROM free {lock} LIMIT :count
"""
_LOCK = "WHERE pg_try_advisory_xact_lock(hashtextextended('{table} ' || CAST(:bot AS TEXT) || ' ' || lane, 0))"
_ROWS_ON_SQLITE = """
SELECT {columns} FROM json_each(:lanes) AS names CROSS JOIN {table} AS each_row
WHERE each_row.bot_id = :bot AND each_row.lane = names.value AND {waits} AND each_row.{place} <= (
  SELECT max(place) FROM (
    SELECT {place} AS place FROM {table} WHERE bot_id = :bot AND lane = names.value AND {waits}
    ORDER BY {place} LIMIT :count
  )
) AND {is_free}
ORDER BY names.key, each_row.{place}
"""
_ROWS_ON_POSTGRESQL = """
SELECT {columns} FROM unnest(:lanes) WITH ORDINALITY AS names(value, key) CROSS JOIN LATERAL (
  SELECT * FROM {table} WHERE bot_id = :bot AND lane = names.value AND {waits} ORDER BY {place} LIMIT :count FOR UPDATE
) AS each_row
WHERE {is_free}
ORDER BY names.key, each_row.{place}
"""
_NEXT_LEASE = "(SELECT min(lease_until) FROM {table} WHERE bot_id = :bot AND {is_held} AND lease_until > :now)"
_NEXT_DUE = """
(SELECT min(due_at) FROM {table} WHERE bot_id = :bot AND {rank} = {value} AND {waits} AND due_at > :now)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How a table keeps its lanes.

    `waits` and `is_held` are conditions as the table's partial indexes say them. `place` orders rows in a lane; `rank`,
    the due time and `tie` order the lanes: `ranks` are all ranks, the first one first.
    """

    table: Table
    waits: str
    is_held: str
    place: str
    rank: str
    ranks: Sequence[str]
    tie: str


def near_lanes(shape: Shape, *, locking: bool) -> TextClause:
    """Free lanes among those of the rows that are due for longest, the first one first; without any, one row without a
    lane. `seen` rows were looked at.
    """
    windows = " UNION ALL ".join(
        _filled(_WINDOW, shape, number=str(number), value=value, window=str(WINDOW))
        for number, value in enumerate(shape.ranks)
    )
    return _bound(
        _filled(_NEAR, shape, windows=windows, is_free=_is_free(shape, "near.lane"), lock=_lock(shape, locking))
    )


def every_lane(shape: Shape, *, is_sqlite: bool, locking: bool) -> TextClause:
    """All free lanes, the first one first."""
    order = " ".join(f"WHEN {value} THEN {number}" for number, value in enumerate(shape.ranks))
    if is_sqlite:
        return _bound(_filled(_EVERY_ON_SQLITE, shape, order=order, is_free=_is_free(shape, "each_lane.name")))
    is_free, lock = _is_free(shape, "head.lane"), _lock(shape, locking)
    return _bound(_filled(_EVERY_ON_POSTGRESQL, shape, order=order, is_free=is_free, lock=lock))


def first_rows(shape: Shape, *, is_sqlite: bool) -> Any:
    """The first rows of those of the lanes that are free, lane by lane; locked where rows can be."""
    columns = ", ".join(f"each_row.{column.name}" for column in shape.table.c)
    statement = _ROWS_ON_SQLITE if is_sqlite else _ROWS_ON_POSTGRESQL
    filled = _filled(statement, shape, columns=columns, is_free=_is_free(shape, "names.value"))
    return _bound(filled).columns(*shape.table.c)


def next_times(shape: Shape) -> Any:
    """When the next lease ends, and when the next row of each rank is due."""
    times = [_filled(_NEXT_LEASE, shape), *(_filled(_NEXT_DUE, shape, value=value) for value in shape.ranks)]
    named = [f"{time} AS time_{number}" for number, time in enumerate(times)]
    columns = {f"time_{number}": UtcDateTime() for number in range(len(times))}
    return _bound("SELECT " + ", ".join(named)).columns(**columns)


def _is_free(shape: Shape, lane: str) -> str:
    return _filled(_IS_FREE, shape, lane=lane)


def _lock(shape: Shape, locking: bool) -> str:
    return _filled(_LOCK, shape) if locking else ""


def _filled(template: str, shape: Shape, **parts: str) -> str:
    names = {name: getattr(shape, name) for name in ("waits", "is_held", "place", "rank", "tie")}
    return template.format(table=shape.table.name, **names, **parts)


def _bound(statement: str) -> TextClause:
    known: Mapping[str, BindParameter[Any]] = {
        "bot": bindparam("bot", type_=BigInteger()),
        "now": bindparam("now", type_=UtcDateTime()),
        "count": bindparam("count", type_=Integer()),
        "lanes": bindparam("lanes", type_=Text().with_variant(ARRAY(Text()), "postgresql")),
    }
    return text(statement).bindparams(*(known[name] for name in known if f":{name}" in statement))
