"""Long lists as pages under one message."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from application.ports.paging import Page
from domain.telegram import Button
from entrypoints.telegram_bot.rooms.room import PAGE
from entrypoints.telegram_bot.texts.rooms import GuideTexts

T = TypeVar("T")

CHUNK = 100


@dataclass(frozen=True, slots=True)
class Shown(Generic[T]):
    """A page of a list, counted from 0."""

    items: Sequence[T]
    page: int
    has_more: bool

    def note(self, texts: GuideTexts) -> str:
        """Where one is; nothing on the only page."""
        return f"\n{texts.pages.format(page=self.page + 1)}" if self.page or self.has_more else ""

    def buttons(self, texts: GuideTexts, data: Callable[[int], str]) -> tuple[tuple[Button, ...], ...]:
        """A row with the way to the pages before and after; no row on the only page."""
        row = []
        if self.page:
            row.append(Button(f"« {texts.previous_page}", data=data(self.page - 1)))
        if self.has_more:
            row.append(Button(f"{texts.next_page} »", data=data(self.page + 1)))
        return (tuple(row),) if row else ()


async def nth_page(fetch: Callable[[str | None, int], Awaitable[Page[T]]], page: int) -> Shown[T]:
    """That page of what `fetch(cursor, limit)` gives; the last one where there are fewer.

    Buttons have no room for a cursor, so lists are walked from their beginning, many rows at a time.
    """
    found: list[T] = []
    cursor: str | None = None
    while len(found) <= (page + 1) * PAGE:
        chunk = await fetch(cursor, CHUNK)
        found += chunk.items
        cursor = chunk.next_cursor
        if cursor is None:
            break
    page = min(page, max(0, len(found) - 1) // PAGE)
    end = (page + 1) * PAGE
    return Shown(found[page * PAGE : end], page, len(found) > end)
