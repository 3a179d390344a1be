"""How much one socket may say, and how often it may be wrong."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from application.addresses import neighbourhood
from domain.errors import TooManyRequests

FLOOD = 4029


@dataclass(frozen=True, slots=True, kw_only=True)
class SocketLimits:
    """Bounds of what a client sends. Rates are per second; a burst is what may come at once.

    `max_frame_bytes` holds the longest message in its widest JSON spelling.
    """

    max_frame_bytes: int = 128 * 1024
    frames_per_second: float = 30.0
    frames_burst: int = 60
    errors_per_second: float = 0.2
    errors_burst: int = 10
    authenticate_seconds: float = 10.0


class Strangers:
    """The sockets of this process that have not said yet who they are, at most so many from one address.

    Addresses of IPv6 count by their /64. `most` is None where there is no limit.
    """

    def __init__(self, most: int | None) -> None:
        self._most = most
        self._from: Counter[str] = Counter()

    @contextmanager
    def one_from(self, ip: str | None) -> Iterator[None]:
        """One more while the block lasts; raises `TooManyRequests`. Without an address nothing is counted."""
        address = neighbourhood(ip)
        if address is None or self._most is None:
            yield
            return
        if self._from[address] >= self._most:
            raise TooManyRequests(
                f"{self._most} sockets from your address have not said yet who they are; authenticate them first.",
                timedelta(seconds=10),
            )
        self._from[address] += 1
        try:
            yield
        finally:
            self._from[address] -= 1
            if not self._from[address]:
                del self._from[address]


class TokenBucket:
    """Lets `burst` through at once and `rate` a second after that. `time` is in seconds and only goes forward."""

    __slots__ = ("_burst", "_level", "_rate", "_seen", "_time")

    def __init__(self, rate: float, burst: int, time: Callable[[], float]) -> None:
        self._rate, self._burst, self._time = rate, burst, time
        self._level, self._seen = float(burst), time()

    def take(self) -> bool:
        """Whether one more is within the limit."""
        now = self._time()
        self._level = min(self._burst, self._level + (now - self._seen) * self._rate)
        self._seen = now
        if self._level < 1:
            return False
        self._level -= 1
        return True
