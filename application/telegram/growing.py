"""An answer while it is written: how much of it is there, and how it ended."""

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from domain.chat import Citation


class End(StrEnum):
    """How an answer ended: the first four as replies do; a newer generation took its place; its session is gone."""

    COMPLETE = "complete"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"
    REPLACED = "replaced"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Ended:
    """The end of an answer. `text` is all of it, in Markdown."""

    how: End
    text: str = ""
    citations: Sequence[Citation] = ()


class Growing:
    """One answer as far as it is known here. Somebody makes it grow and ends it once, somebody else watches."""

    def __init__(self) -> None:
        self.text = ""
        self.ended: Ended | None = None
        self._changed = asyncio.Event()
        self._over = asyncio.Event()

    def grow(self, text: str) -> None:
        """All that is there now. What is shorter was read earlier, and changes nothing."""
        if self.ended is None and len(text) > len(self.text):
            self.text = text
            self._changed.set()

    def end(self, ended: Ended) -> None:
        """It grows no more; only the first end counts."""
        if self.ended is None:
            self.ended = ended
            self._changed.set()
            self._over.set()

    async def change(self) -> None:
        """Return when it has grown or ended since the last time."""
        await self._changed.wait()
        self._changed.clear()

    async def over(self) -> None:
        """Return when it has ended."""
        await self._over.wait()

    async def unless_ended(self, work: Coroutine[Any, Any, object]) -> bool:
        """Do the work, and leave it as soon as the answer ends; False when it has ended."""
        working, ending = asyncio.create_task(work), asyncio.create_task(self.over())
        try:
            await asyncio.wait({working, ending}, return_when=asyncio.FIRST_COMPLETED)
            if working.done():
                working.result()
            return self.ended is None
        finally:
            ending.cancel()
            if working.cancel():
                await asyncio.wait({working})
