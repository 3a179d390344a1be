"""Loops beside the requests."""

import asyncio
from datetime import timedelta

import pytest

from adapters.memory import ManualClock
from domain.errors import Unavailable
from entrypoints.beside import Beside


class Looping:
    """Ends at each start as it is told, and holds after that."""

    def __init__(self, *ends: Exception | None) -> None:
        self.starts = 0
        self._ends = ends

    async def run(self) -> None:
        self.starts += 1
        if self.starts <= len(self._ends):
            end = self._ends[self.starts - 1]
            if end is not None:
                raise end
            return
        await asyncio.Event().wait()


async def turns(count: int = 8) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def after(clock: ManualClock, seconds: float) -> None:
    clock.advance(timedelta(seconds=seconds))
    await turns()


async def test_loop_that_fails_is_logged_and_started_again_after_growing_pauses(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock, failing, steady = ManualClock(), Looping(OSError("gone"), Unavailable("away"), None), Looping()
    beside = Beside(clock, {"failing": failing.run, "steady": steady.run})
    beside.start()
    await turns()
    starts = [failing.starts]
    for seconds in (0.5, 0.5, 1.5, 0.5, 3.5, 0.5):
        await after(clock, seconds)
        starts.append(failing.starts)
    await beside.stop(1.0)

    assert (starts, steady.starts) == ([1, 1, 2, 2, 3, 3, 4], 1)
    assert [(record.message, vars(record)["loop"]) for record in caplog.records] == [
        ("loop_failed", "failing"),
        ("loop_waits", "failing"),
        ("loop_returned", "failing"),
    ]


async def test_loop_that_fails_for_hours_is_still_started_every_half_minute() -> None:
    clock, failing = ManualClock(), Looping(*[OSError("gone")] * 1_000)
    beside = Beside(clock, {"failing": failing.run})
    beside.start()
    await turns()
    for _ in range(100):
        await after(clock, 30)
    await beside.stop(1.0)

    assert failing.starts == 101


async def test_loop_that_lasted_is_started_again_at_once() -> None:
    clock, ending = ManualClock(), asyncio.Event()
    starts: list[int] = []

    async def run() -> None:
        starts.append(1)
        if len(starts) <= 4:
            raise OSError("gone")
        await ending.wait()
        ending.clear()

    beside = Beside(clock, {"lasting": run})
    beside.start()
    await turns()
    for seconds in (1, 2, 4, 8, 60):
        await after(clock, seconds)
    ending.set()
    await turns()
    await after(clock, 1)
    await beside.stop(1.0)

    assert len(starts) == 6


async def test_loop_that_will_not_stop_holds_up_the_end_no_longer_than_its_time(
    caplog: pytest.LogCaptureFixture,
) -> None:
    release, cancelled = asyncio.Event(), []

    async def deaf() -> None:
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                cancelled.append(1)
        raise asyncio.CancelledError

    beside = Beside(ManualClock(), {"deaf": deaf})
    beside.start()
    await turns()
    async with asyncio.timeout(5):
        await beside.stop(0.01)
    release.set()
    await turns()

    assert cancelled == [1]
    assert [(record.message, vars(record)["loop"]) for record in caplog.records] == [("loop_left_behind", "deaf")]


async def test_loops_never_started_stop_at_once() -> None:
    held = Looping()

    await Beside(ManualClock(), {"held": held.run}).stop(1.0)

    assert held.starts == 0
