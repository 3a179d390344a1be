"""Rows that wait in lanes: in each the first goes first, and nobody passes it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from typing import Generic, TypeVar

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Waiting(Generic[Row]):
    """A row that is not over. `place` orders it in its lane, (`rank`, `due_at`, `tie`) the lanes among each other."""

    row: Row
    lane: str
    place: int
    rank: int
    due_at: datetime
    tie: object
    lease_until: datetime | None

    @property
    def age(self) -> tuple[int, datetime, object]:
        """Where its lane stands among the others."""
        return self.rank, self.due_at, self.tie

    def is_held(self, now: datetime) -> bool:
        """Whether somebody works on it."""
        return self.lease_until is not None and self.lease_until > now


def free_lanes(rows: Iterable[Waiting[Row]], now: datetime) -> list[list[Waiting[Row]]]:
    """The lanes that may be gone on with, the first one first; of each the rows from its head that are due."""
    lanes: dict[str, list[Waiting[Row]]] = {}
    for row in rows:
        lanes.setdefault(row.lane, []).append(row)
    free = []
    for lane in lanes.values():
        if not any(row.is_held(now) for row in lane):
            lane.sort(key=lambda row: row.place)
            free.append(list(takewhile(lambda row: row.due_at <= now, lane)))
    return sorted((lane for lane in free if lane), key=lambda lane: lane[0].age)


def next_due(rows: Sequence[Waiting[Row]], now: datetime) -> datetime | None:
    """Now where a lane is free, else when the next row is due or the next lease ends."""
    if not rows:
        return None
    if free_lanes(rows, now):
        return now
    ends = (row.lease_until for row in rows if row.lease_until is not None and row.lease_until > now)
    return min((*ends, *(row.due_at for row in rows if row.due_at > now)), default=None)
