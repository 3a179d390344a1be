"""Steps on a connection that a cancellation cannot tear apart."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def to_its_end(step: Coroutine[Any, Any, T]) -> T:
    """What the step returns or raises; a cancellation is raised only when the step has ended.

    SQLAlchemy gives up a connection whose statement is cut off. On SQLite such a connection is closed with a statement
    still open and keeps its locks, so that nobody writes again until the process ends.
    """
    task = asyncio.ensure_future(step)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await _ended(task)
        raise


async def _ended(task: asyncio.Task[Any]) -> None:
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            # The first cancellation is raised anyway; a second one adds nothing.
            continue
    if not task.cancelled():
        task.exception()
