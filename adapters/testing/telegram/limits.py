"""Telegram's limits on sending, where a test wants them: https://core.telegram.org/bots/faq#my-bot-is-hitting-limits."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from adapters.testing.telegram.errors import too_many_requests
from application.ports.system import Clock

_SENDING = ("send", "edit", "forward", "copy")
_FREE = {"sendchataction", "edituserstarsubscription"}


@dataclass(frozen=True, slots=True)
class Rates:
    """So many calls in so many seconds: overall, to one private chat, and to one group."""

    overall: tuple[int, float] = (30, 1)
    private: tuple[int, float] = (3, 3)
    group: tuple[int, float] = (20, 60)


class RateLimits:
    """Counts the calls that send or edit; one too many is refused with the seconds until there is room."""

    def __init__(self, clock: Clock, rates: Rates) -> None:
        self._clock = clock
        self._rates = rates
        self._seen: dict[str, deque[datetime]] = {}

    def check(self, method: str, chat_id: int | None) -> None:
        """Count a call; raises `ApiError` with `retry_after`, and does not count it then."""
        if not method.lower().startswith(_SENDING) or method.lower() in _FREE:
            return
        now = self._clock.now()
        keys = self._keys(chat_id)
        waits = [self._wait(name, rate, now) for name, rate in keys.items()]
        if (longest := max(waits)) > 0:
            raise too_many_requests(max(1, ceil(longest)))
        for name in keys:
            self._seen.setdefault(name, deque()).append(now)

    def _keys(self, chat_id: int | None) -> Mapping[str, tuple[int, float]]:
        keys = {"overall": self._rates.overall}
        if chat_id is not None:
            keys[f"chat:{chat_id}"] = self._rates.private if chat_id > 0 else self._rates.group
        return keys

    def _wait(self, name: str, rate: tuple[int, float], now: datetime) -> float:
        most, seconds = rate
        seen = self._seen.setdefault(name, deque())
        while seen and now - seen[0] >= timedelta(seconds=seconds):
            seen.popleft()
        return 0 if len(seen) < most else seconds - (now - seen[0]).total_seconds()
