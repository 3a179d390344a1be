"""How often a member may do something."""

from datetime import timedelta

import pytest

from adapters.memory.rate_limiter import InMemoryRateLimiter
from adapters.memory.system import ManualClock
from application.allowances import Allowance
from application.ports.limits import Limit
from domain.errors import TooManyRequests
from domain.identity import GUEST, OPERATOR, Actor
from tests.support.limits import member

ANN, BEN = member(1), member(2)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


def three_a_minute(clock: ManualClock, what: str = "messages") -> Allowance:
    return Allowance(InMemoryRateLimiter(clock), what, Limit(3, MINUTE))


async def used_up(allowance: Allowance, actor: Actor = ANN) -> TooManyRequests:
    """The refusal once the actor has had three."""
    for _ in range(3):
        await allowance.take(actor)
    with pytest.raises(TooManyRequests) as refusal:
        await allowance.take(actor)
    return refusal.value


async def test_allowance_used_up_tells_the_limit_and_when_to_come_back(clock: ManualClock) -> None:
    refusal = await used_up(three_a_minute(clock))
    assert refusal.message == "Too many messages: at most 3 a minute for each member."
    assert refusal.retry_after == MINUTE


async def test_allowance_after_its_window_is_there_again(clock: ManualClock) -> None:
    allowance = three_a_minute(clock)
    await used_up(allowance)
    clock.advance(MINUTE)
    assert (await used_up(allowance)).retry_after == MINUTE


async def test_allowance_is_each_members_own(clock: ManualClock) -> None:
    allowance = three_a_minute(clock)
    await used_up(allowance)
    assert (await used_up(allowance, BEN)).retry_after == MINUTE


async def test_allowance_of_another_kind_is_counted_apart(clock: ManualClock) -> None:
    limiter = InMemoryRateLimiter(clock)
    messages, searches = (Allowance(limiter, what, Limit(3, MINUTE)) for what in ("messages", "searches"))
    await used_up(messages)
    assert "searches" in (await used_up(searches)).message


@pytest.mark.parametrize("actor", [GUEST, OPERATOR], ids=["guest", "operator"])
async def test_allowance_of_nobody_is_not_counted(clock: ManualClock, actor: Actor) -> None:
    limiter = InMemoryRateLimiter(clock)
    for _ in range(10):
        await Allowance(limiter, "messages", Limit(3, MINUTE)).take(actor)
    assert len(limiter) == 0


async def test_allowance_without_a_limit_counts_nothing(clock: ManualClock) -> None:
    limiter = InMemoryRateLimiter(clock)
    for _ in range(10):
        await Allowance(limiter, "messages", None).take(ANN)
    assert len(limiter) == 0
