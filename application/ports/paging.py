"""Keyset pages: a cursor names the last row seen, so that a page costs the same wherever it is."""

from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows and the cursor of the next page, None at the end."""

    items: tuple[T, ...]
    next_cursor: str | None
