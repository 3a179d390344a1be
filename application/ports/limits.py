"""Counting attempts, so that guessing stays slow and nobody else waits."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `count` attempts under one key in any stretch of `window`."""

    count: int
    window: timedelta


@dataclass(frozen=True, slots=True)
class Attempt:
    """One thing that is counted: `key` says of whom, such as `sign_in:<account>:<address>`."""

    key: str
    limit: Limit


class RateLimiter(Protocol):
    """Counts attempts in sliding windows. Bounded in memory whatever keys come; safe for racers."""

    async def acquire(self, attempts: Sequence[Attempt]) -> None:
        """Count one attempt under each key, all or none.

        Raises `TooManyRequests` with the time until all of them have room again; a refused attempt is not counted.
        """
        ...

    async def release(self, attempts: Sequence[Attempt]) -> None:
        """Take the latest attempt under each key back: it succeeded, and only failures count."""
        ...

    async def count(self, attempt: Attempt) -> int:
        """How many are counted under the key now."""
        ...
