"""How often a member may do something that costs everybody."""

from datetime import timedelta

from application.ports.limits import Attempt, Limit, RateLimiter
from domain.errors import TooManyRequests
from domain.identity import Actor

_WINDOWS = {timedelta(minutes=1): "a minute", timedelta(hours=1): "an hour"}


class Allowance:
    """So many things of one kind a member: `what` names them, such as `messages`. Without a limit there is none.

    Whoever acts without a member, such as the operator at the terminal, is not counted.
    """

    def __init__(self, limiter: RateLimiter, what: str, limit: Limit | None) -> None:
        self._limiter = limiter
        self._what = what
        self._limit = limit

    async def take(self, actor: Actor) -> None:
        """Count one more for the actor's member; raises `TooManyRequests`, and does not count what it refuses."""
        if self._limit is None or actor.member_id is None:
            return
        try:
            await self._limiter.acquire([Attempt(f"{self._what}:{actor.member_id}", self._limit)])
        except TooManyRequests as error:
            raise TooManyRequests(f"Too many {self._what}: {_told(self._limit)}.", error.retry_after) from error


def _told(limit: Limit) -> str:
    window = _WINDOWS.get(limit.window, f"in {limit.window.total_seconds():g} s")
    return f"at most {limit.count} {window} for each member"
