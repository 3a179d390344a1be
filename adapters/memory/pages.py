"""Cutting a page from sorted rows."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from application.ports.paging import Page

Row = TypeVar("Row")
Item = TypeVar("Item")


def page_of(rows: Sequence[Row], limit: int, view: Callable[[Row], Item], cursor: Callable[[Row], str]) -> Page[Item]:
    """The first `limit` rows as items; the cursor names the last of them when more follow."""
    shown = rows[:limit]
    more = bool(shown) and len(rows) > limit
    return Page(tuple(view(row) for row in shown), cursor(shown[-1]) if more else None)
