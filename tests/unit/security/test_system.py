"""The machine's clock and ids."""

from datetime import timedelta

from adapters.system.clock import SystemClock
from adapters.system.ids import UuidIds


def test_system_clock_now_is_aware_utc_and_rises() -> None:
    clock = SystemClock()
    first, second = clock.now(), clock.now()
    assert first.utcoffset() == timedelta(0)
    assert first <= second


async def test_system_clock_sleep_of_nothing_returns() -> None:
    clock = SystemClock()
    before = clock.now()
    await clock.sleep(0)
    await clock.sleep(-1)
    assert clock.now() >= before


def test_uuid_ids_made_in_a_row_are_version_seven_and_sorted() -> None:
    ids = UuidIds()
    made = [ids.new() for _ in range(1000)]
    assert {made_id.version for made_id in made} == {7}
    assert made == sorted(made)
    assert len(set(made)) == 1000
