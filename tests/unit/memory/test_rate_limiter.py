"""Attempts counted in sliding windows, in bounded memory."""

import asyncio
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.memory.rate_limiter import InMemoryRateLimiter
from adapters.memory.system import ManualClock
from application.ports.limits import Attempt, Limit
from domain.errors import TooManyRequests

THREE = Limit(3, timedelta(minutes=15))
HOURLY = Limit(5, timedelta(hours=1))


def attempt(key: str = "a", limit: Limit = THREE) -> Attempt:
    return Attempt(key, limit)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def limiter(clock: ManualClock) -> InMemoryRateLimiter:
    return InMemoryRateLimiter(clock)


async def test_limit_reached_is_refused_until_the_oldest_attempt_slides_out(
    clock: ManualClock, limiter: InMemoryRateLimiter
) -> None:
    for _ in range(3):
        await limiter.acquire([attempt()])
        clock.advance(timedelta(minutes=1))

    with pytest.raises(TooManyRequests) as refusal:
        await limiter.acquire([attempt()])
    clock.advance(refusal.value.retry_after)
    await limiter.acquire([attempt()])

    assert refusal.value.retry_after == timedelta(minutes=12)
    with pytest.raises(TooManyRequests):
        await limiter.acquire([attempt()])


async def test_limits_of_several_keys_are_counted_all_or_none(clock: ManualClock, limiter: InMemoryRateLimiter) -> None:
    for _ in range(3):
        await limiter.acquire([attempt("full")])
    clock.advance(timedelta(minutes=1))

    with pytest.raises(TooManyRequests) as refusal:
        await limiter.acquire([attempt("free"), attempt("full")])

    assert await limiter.count(attempt("free")) == 0
    assert refusal.value.retry_after == timedelta(minutes=14)


async def test_limit_released_takes_the_latest_attempt_back(limiter: InMemoryRateLimiter) -> None:
    for _ in range(3):
        await limiter.acquire([attempt(), attempt("b", HOURLY)])

    await limiter.release([attempt(), attempt("b", HOURLY), attempt("never counted")])

    assert (await limiter.count(attempt()), await limiter.count(attempt("b", HOURLY))) == (2, 2)
    await limiter.acquire([attempt()])
    assert await limiter.count(attempt("never counted")) == 0


async def test_limit_under_racers_lets_exactly_as_many_through(limiter: InMemoryRateLimiter) -> None:
    outcomes = await asyncio.gather(*(limiter.acquire([attempt()]) for _ in range(20)), return_exceptions=True)

    assert sum(outcome is None for outcome in outcomes) == 3


async def test_limit_after_its_window_keeps_no_key(clock: ManualClock, limiter: InMemoryRateLimiter) -> None:
    for number in range(1_000):
        await limiter.acquire([attempt(str(number)), attempt(str(number), HOURLY)])
    clock.advance(timedelta(hours=1))

    await limiter.acquire([attempt("another")])

    assert len(limiter) == 1


async def test_limit_with_clock_set_back_still_counts(clock: ManualClock, limiter: InMemoryRateLimiter) -> None:
    for _ in range(3):
        await limiter.acquire([attempt()])
    clock.advance(timedelta(days=-1))

    with pytest.raises(TooManyRequests) as refusal:
        await limiter.acquire([attempt()])

    assert refusal.value.retry_after == timedelta(minutes=15)


async def test_limit_flooded_with_new_keys_stays_bounded_and_keeps_full_counters(clock: ManualClock) -> None:
    limiter = InMemoryRateLimiter(clock, max_keys=100)
    for _ in range(3):
        await limiter.acquire([attempt("attacker")])
    for number in range(2_000):
        clock.advance(timedelta(milliseconds=1))
        await limiter.acquire([attempt(f"{number}" * 1_000), attempt(f"{number}", HOURLY)])

    assert len(limiter) == 100
    with pytest.raises(TooManyRequests):
        await limiter.acquire([attempt("attacker")])


async def test_limit_beyond_the_bound_forgets_what_ends_first(clock: ManualClock) -> None:
    limiter = InMemoryRateLimiter(clock, max_keys=3)
    await limiter.acquire([attempt("hourly", HOURLY)])
    for key in ("first", "second", "third"):
        clock.advance(timedelta(seconds=1))
        await limiter.acquire([attempt(key)])

    counts = [await limiter.count(attempt(key)) for key in ("first", "second", "third")]

    assert counts == [0, 1, 1]
    assert await limiter.count(attempt("hourly", HOURLY)) == 1


async def test_limit_with_full_counters_only_stays_bounded(clock: ManualClock) -> None:
    limiter = InMemoryRateLimiter(clock, max_keys=10)
    once = Limit(1, timedelta(minutes=15))
    for number in range(50):
        await limiter.acquire([attempt(str(number), once)])

    assert len(limiter) == 10


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 400), st.booleans()), max_size=60))
async def test_limit_over_any_attempts_never_lets_more_through_in_any_window(
    steps: list[tuple[str, int, bool]],
) -> None:
    clock = ManualClock()
    limiter = InMemoryRateLimiter(clock)
    passed: dict[str, list[object]] = {"a": [], "b": []}
    for key, seconds, released in steps:
        clock.advance(timedelta(seconds=seconds))
        now = clock.now()
        recent = [time for time in passed[key] if time > now - THREE.window]  # type: ignore[operator]
        assert await limiter.count(attempt(key)) == len(recent)
        if len(recent) == 3:
            with pytest.raises(TooManyRequests) as refusal:
                await limiter.acquire([attempt(key)])
            assert timedelta() < refusal.value.retry_after <= THREE.window
            continue
        await limiter.acquire([attempt(key)])
        if released:
            await limiter.release([attempt(key)])
        else:
            passed[key].append(now)
