"""Limits for tests that are about something else: there are none."""

from adapters.memory.rate_limiter import InMemoryRateLimiter
from adapters.memory.system import ManualClock
from application.allowances import Allowance
from application.exports import Exports


def unlimited() -> Allowance:
    """As many as one likes."""
    return Allowance(InMemoryRateLimiter(ManualClock()), "things", None)


def exports() -> Exports:
    """As many as one likes, one at a time to a member."""
    return Exports(unlimited(), ManualClock(), 2)
