"""How much one socket may say, and how often it may be wrong."""

from collections.abc import Callable
from dataclasses import dataclass


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
