"""Time and ids from outside."""

import asyncio
from collections.abc import Callable
from datetime import UTC, timedelta
from uuid import RFC_4122

import pytest

from adapters.memory import ManualClock, SequentialIds
from adapters.system.clock import SystemClock
from adapters.system.ids import UuidIds
from application.ports.system import Clock, Ids

A_MOMENT = timedelta(milliseconds=20)
CLOCKS: dict[str, Callable[[], Clock]] = {"memory": ManualClock, "system": SystemClock}
IDS: dict[str, Callable[[], Ids]] = {"memory": SequentialIds, "system": UuidIds}


@pytest.fixture(params=CLOCKS)
def clock(request: pytest.FixtureRequest) -> Clock:
    return CLOCKS[request.param]()


@pytest.fixture(params=IDS)
def ids(request: pytest.FixtureRequest) -> Ids:
    return IDS[request.param]()


async def sleeping(clock: Clock, time: timedelta) -> asyncio.Task[None]:
    """A task that sleeps, begun; a manual clock is advanced to the moment when it ends."""
    task = asyncio.create_task(clock.sleep(time.total_seconds()))
    await asyncio.sleep(0)
    if isinstance(clock, ManualClock):
        clock.advance(time)
    return task


async def test_clock_now_is_aware_utc(clock: Clock) -> None:
    assert clock.now().tzinfo is UTC


async def test_clock_now_never_goes_back(clock: Clock) -> None:
    first, second = clock.now(), clock.now()
    assert first <= second


async def test_clock_sleep_returns_after_its_time(clock: Clock) -> None:
    before = clock.now()
    await (await sleeping(clock, A_MOMENT))
    assert clock.now() - before >= A_MOMENT - timedelta(milliseconds=2)


@pytest.mark.parametrize("seconds", [0, -1])
async def test_clock_sleep_of_no_time_gives_way_once(clock: Clock, seconds: float) -> None:
    others: list[str] = []

    async def other() -> None:
        others.append("ran")

    task = asyncio.create_task(other())
    await clock.sleep(seconds)
    assert others == ["ran"]
    await task


async def test_clock_sleep_cancelled_ends_at_once(clock: Clock) -> None:
    task = asyncio.create_task(clock.sleep(3600))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_ids_are_of_version_seven(ids: Ids) -> None:
    made = [ids.new() for _ in range(100)]
    assert {(one.version, one.variant) for one in made} == {(7, RFC_4122)}


async def test_ids_rise_and_never_repeat(ids: Ids) -> None:
    made = [ids.new() for _ in range(1000)]
    assert made == sorted(made)
    assert len(set(made)) == 1000
