"""Readiness: what counts as ready, and how often it is looked at."""

from datetime import timedelta

from adapters.memory import ManualClock
from entrypoints.http.readiness import Readiness


async def test_readiness_with_failing_check_names_it() -> None:
    async def holds() -> None:
        return

    async def fails() -> None:
        raise OSError("no route")

    readiness = Readiness(ManualClock(), {"one": holds, "two": fails})
    assert await readiness.check() == {"one": True, "two": False}


async def test_readiness_asked_often_is_looked_at_once_a_second() -> None:
    looks = []

    async def look() -> None:
        looks.append(1)

    clock = ManualClock()
    readiness = Readiness(clock, {"database": look})
    for _ in range(3):
        await readiness.check()
    assert len(looks) == 1
    clock.advance(timedelta(seconds=1))
    await readiness.check()
    assert len(looks) == 2
