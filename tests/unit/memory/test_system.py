"""The clock and the ids that a test decides."""

import asyncio
from datetime import UTC, datetime, timedelta

from adapters.memory import ManualClock, SequentialIds

A_MINUTE = timedelta(minutes=1)


async def started(clock: ManualClock, log: list[str], **sleepers: float) -> list[asyncio.Task[None]]:
    async def sleep(name: str, seconds: float) -> None:
        await clock.sleep(seconds)
        log.append(name)

    tasks = [asyncio.create_task(sleep(name, seconds)) for name, seconds in sleepers.items()]
    await asyncio.sleep(0)
    return tasks


def test_manual_clock_starts_where_told_and_moves_when_told() -> None:
    clock = ManualClock(datetime(2030, 1, 1, tzinfo=UTC))
    clock.advance(A_MINUTE)
    assert clock.now() == datetime(2030, 1, 1, 0, 1, tzinfo=UTC)


async def test_manual_clock_sleeper_waits_until_far_enough() -> None:
    clock, log = ManualClock(), []
    (task,) = await started(clock, log, sleeper=60)
    clock.advance(A_MINUTE - timedelta(microseconds=1))
    await asyncio.sleep(0)
    assert (log, clock.sleepers) == ([], 1)
    clock.advance(timedelta(microseconds=1))
    await task
    assert (log, clock.sleepers) == (["sleeper"], 0)


async def test_manual_clock_sleepers_wake_in_the_order_of_their_times() -> None:
    clock, log = ManualClock(), []
    tasks = await started(clock, log, late=50, early=10, between=30)
    clock.advance(A_MINUTE)
    await asyncio.gather(*tasks)
    assert log == ["early", "between", "late"]


async def test_manual_clock_cancelled_sleeper_is_forgotten() -> None:
    clock, log = ManualClock(), []
    cancelled, kept = await started(clock, log, cancelled=10, kept=10)
    cancelled.cancel()
    await asyncio.sleep(0)
    assert clock.sleepers == 1
    clock.advance(A_MINUTE)
    await kept
    assert log == ["kept"]


def test_sequential_ids_are_the_same_in_every_run() -> None:
    first, second = SequentialIds(), SequentialIds()
    assert [first.new() for _ in range(3)] == [second.new() for _ in range(3)]
    assert SequentialIds(2).new() > SequentialIds(1).new()
