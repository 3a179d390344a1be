"""Limits for tests that are about something else: there are none. And members for those that are about limits."""

from uuid import UUID

from adapters.memory.rate_limiter import InMemoryRateLimiter
from adapters.memory.system import ManualClock
from application.allowances import Allowance
from application.exports import Exports
from domain.identity import Actor, MemberId, Role


def unlimited() -> Allowance:
    """As many as one likes."""
    return Allowance(InMemoryRateLimiter(ManualClock()), "things", None)


def exports() -> Exports:
    """As many as one likes, one at a time to a member."""
    return Exports(unlimited(), ManualClock(), 2)


def member(number: int) -> Actor:
    """A member who is the same for the same number."""
    return Actor(MemberId(UUID(int=number)), Role.PUBLIC)
