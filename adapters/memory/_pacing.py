"""Limits in time. Times are whole microseconds of a clock that never goes back."""

from collections import deque

from domain.telegram import Priority

SECOND = 1_000_000
MINUTE = 60 * SECOND


class Bucket:
    """One every `interval`, after a pause up to `burst` at once: in any stretch of time at most
    `burst + stretch / interval`. The last of a burst is kept for replies.
    """

    def __init__(self, interval: int, burst: int) -> None:
        self._interval = interval
        self._burst = burst
        self._full_at = 0

    def ready_at(self, priority: Priority) -> int:
        """When there is room for the next one."""
        held_back = 1 if priority is Priority.REPLY or self._burst == 1 else 2
        return self._full_at - (self._burst - held_back) * self._interval

    def take(self, now: int) -> None:
        """One was sent."""
        self._full_at = max(self._full_at, now) + self._interval

    def is_idle(self, now: int) -> bool:
        """Whether it is as if nothing had ever been sent."""
        return self._full_at <= now


class Window:
    """At most `count` in any stretch of `length`, the last `reserved` of them for replies."""

    def __init__(self, count: int, length: int, reserved: int = 0) -> None:
        self._count = count
        self._length = length
        self._reserved = reserved
        self._sent: deque[int] = deque(maxlen=count)

    def ready_at(self, priority: Priority) -> int:
        """When there is room for the next one."""
        room = self._count if priority is Priority.REPLY else max(1, self._count - self._reserved)
        return 0 if len(self._sent) < room else self._sent[-room] + self._length

    def take(self, now: int) -> None:
        """One was sent."""
        self._sent.append(now)

    def is_idle(self, now: int) -> bool:
        """Whether it is as if nothing had ever been sent."""
        return not self._sent or self._sent[-1] + self._length <= now


Limits = tuple[Bucket | Window, ...]
