"""Connecting to PostgreSQL, which a cancellation does not tear apart."""

import asyncio
from typing import Any

GRACE = 1.0


async def connect_whole(*arguments: Any, **options: Any) -> Any:
    """A connection, made as `asyncpg.connect` makes it.

    A cancellation is raised once the attempt has ended, after `GRACE` seconds at the latest, and what was made
    meanwhile is closed. The driver forgets a future when it is cut off while the socket opens: the loop then reports
    an error that nobody can act on.
    """
    # SQLite needs none of it.
    import asyncpg

    attempt: asyncio.Task[Any] = asyncio.ensure_future(asyncpg.connect(*arguments, **options))
    try:
        return await asyncio.shield(attempt)
    except asyncio.CancelledError:
        attempt.add_done_callback(_close)
        try:
            await asyncio.wait({attempt}, timeout=GRACE)
        finally:
            attempt.cancel()
        raise


def _close(attempt: asyncio.Task[Any]) -> None:
    if not attempt.cancelled() and attempt.exception() is None:
        attempt.result().terminate()
