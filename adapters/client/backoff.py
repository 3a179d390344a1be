"""How long to wait before the next try, so that everybody comes back at another moment."""

from collections.abc import Callable
from dataclasses import dataclass
from random import random

NOT_SIGNED_IN, FLOOD, GOING_AWAY = 4001, 4029, 1012


@dataclass(slots=True)
class Backoff:
    """A random part of a bound that doubles with each failed try. Times are in seconds.

    The server's own hint counts when it goes away; after a flood the longest wait does; a first 4001 waits for nothing
    but a new token.
    """

    first: float = 0.5
    longest: float = 30.0
    chance: Callable[[], float] = random
    tries: int = 0

    def succeeded(self) -> None:
        """The connection has held: the next break begins from the shortest wait."""
        self.tries = 0

    def next(self, code: int, hint: float | None = None) -> float:
        """The wait after a connection that ended with `code`, with the server's hint."""
        self.tries += 1
        if code == GOING_AWAY and hint is not None:
            return hint * (0.75 + self.chance() / 2)
        if code == NOT_SIGNED_IN and self.tries == 1:
            return 0.0
        bound = self.longest if code == FLOOD else min(self.longest, self.first * 2 ** min(self.tries - 1, 32))
        return bound * (0.5 + self.chance() / 2)
