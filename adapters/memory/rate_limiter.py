"""Attempts counted in this process."""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from hashlib import blake2b

from application.ports.limits import Attempt, RateLimiter
from application.ports.system import Clock
from domain.errors import TooManyRequests

MAX_KEYS = 200_000


class InMemoryRateLimiter(RateLimiter):
    """Sliding windows over at most `max_keys` keys, whatever is typed: a key is kept as 16 bytes of its hash.

    Where more keys come than that, the ones whose window ends first go, and those that have reached their limit only
    after all others: whoever fills the memory with new keys does not free the counter that stops them. Attempts of
    this process only are counted.
    """

    def __init__(self, clock: Clock, max_keys: int = MAX_KEYS) -> None:
        self._clock = clock
        self._max_keys = max_keys
        self._latest: datetime | None = None
        self._pools: dict[timedelta, _Pool] = {}

    async def acquire(self, attempts: Sequence[Attempt]) -> None:
        now = self._now()
        waits = [self._pool(attempt).wait(attempt, now) for attempt in attempts]
        if wait := max(waits, default=timedelta()):
            raise TooManyRequests("Too many attempts; try again later.", wait)
        for attempt in attempts:
            self._pool(attempt).add(attempt, now)
        self._make_room(now)

    async def release(self, attempts: Sequence[Attempt]) -> None:
        for attempt in attempts:
            self._pool(attempt).take_back(attempt)

    async def count(self, attempt: Attempt) -> int:
        return self._pool(attempt).count(attempt, self._now())

    def __len__(self) -> int:
        """How many keys are kept."""
        return sum(len(pool) for pool in self._pools.values())

    def _now(self) -> datetime:
        """The time, which never goes back here: attempts stand in its order."""
        now = self._clock.now()
        self._latest = now if self._latest is None else max(now, self._latest)
        return self._latest

    def _pool(self, attempt: Attempt) -> "_Pool":
        window = attempt.limit.window
        if window not in self._pools:
            self._pools[window] = _Pool(window)
        return self._pools[window]

    def _make_room(self, now: datetime) -> None:
        for pool in self._pools.values():
            pool.forget_ended(now)
        while len(self) > self._max_keys:
            ends = [end for pool in self._pools.values() for end in pool.first_ends()]
            _, _, keys = min(ends, key=lambda end: end[:2])
            keys.popitem(last=False)


_Keys = OrderedDict[bytes, list[datetime]]


class _Pool:
    """The keys of one window: those below their limit and those that reached it, each in the order of their ends."""

    def __init__(self, window: timedelta) -> None:
        self._window = window
        self._open: _Keys = OrderedDict()
        self._full: _Keys = OrderedDict()

    def __len__(self) -> int:
        return len(self._open) + len(self._full)

    def wait(self, attempt: Attempt, now: datetime) -> timedelta:
        """How long until the key has room; nothing when it has."""
        times = self._times(_hashed(attempt.key), now)
        if len(times) < attempt.limit.count:
            return timedelta()
        return times[-attempt.limit.count] + self._window - now

    def add(self, attempt: Attempt, now: datetime) -> None:
        key = _hashed(attempt.key)
        self._put(key, [*self._times(key, now), now], attempt.limit.count)

    def take_back(self, attempt: Attempt) -> None:
        key = _hashed(attempt.key)
        times = self._open.get(key) or self._full.get(key) or []
        self._put(key, times[:-1], attempt.limit.count)

    def count(self, attempt: Attempt, now: datetime) -> int:
        return len(self._times(_hashed(attempt.key), now))

    def forget_ended(self, now: datetime) -> None:
        for keys in (self._open, self._full):
            while keys and next(iter(keys.values()))[-1] + self._window <= now:
                keys.popitem(last=False)

    def first_ends(self) -> Iterator[tuple[bool, datetime, _Keys]]:
        """Of either kind the first to go: whether it is full, when its window ends, and where it stands."""
        for is_full, keys in ((False, self._open), (True, self._full)):
            if keys:
                yield is_full, next(iter(keys.values()))[-1] + self._window, keys

    def _times(self, key: bytes, now: datetime) -> list[datetime]:
        times = self._open.get(key) or self._full.get(key) or []
        return [time for time in times if time + self._window > now]

    def _put(self, key: bytes, times: list[datetime], limit: int) -> None:
        self._open.pop(key, None)
        self._full.pop(key, None)
        if times:
            (self._full if len(times) >= limit else self._open)[key] = times


def _hashed(key: str) -> bytes:
    return blake2b(key.encode("utf-8", "surrogatepass"), digest_size=16).digest()
