"""Time and identity come from outside, so that tests decide both."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol
from uuid import UUID

Draw = Callable[[int], int]
"""A lot: a number from 0 that is below the given one, each as likely as the others."""


class Clock(Protocol):
    """The current time. `sleep` is the only way a use case waits."""

    def now(self) -> datetime:
        """Aware UTC."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds` of this clock's time."""
        ...


class Ids(Protocol):
    """New identifiers."""

    def new(self) -> UUID:
        """A UUIDv7: later ones sort after earlier ones, to the millisecond."""
        ...


class Disk(Protocol):
    """Where the instance keeps its data."""

    async def free_bytes(self) -> int:
        """What may still be written there; raises `Unavailable` when that cannot be told."""
        ...


class CannotStart(Exception):
    """This installation cannot run as it is: the message says what was found, what was expected and what to do.

    Raised while starting, before anything was changed; a command shows the message and ends with code 2.
    """
