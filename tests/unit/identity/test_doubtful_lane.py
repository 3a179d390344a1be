"""The lane of doubtful attempts is shared between accounts, and by lot between those who wait for one."""

import asyncio
from collections import Counter
from datetime import timedelta
from random import Random

import pytest

from adapters.memory.system import ManualClock
from application.identity._doubtful_lane import ROOM, ROOM_OF_ACCOUNT, DoubtfulLane
from domain.errors import TooManyRequests

HASH = 0.1


class Lane:
    """A lane on a manual clock, in which each turn takes a tenth of a second."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.lane = DoubtfulLane(self.clock, Random(7).randrange)
        self.served: Counter[str] = Counter()

    def come(self, account: str) -> asyncio.Task[None]:
        return asyncio.create_task(self._take(account))

    async def _take(self, account: str) -> None:
        async with self.lane.turn(account):
            await self.clock.sleep(HASH)
            self.served[account] += 1

    async def later(self, seconds: float) -> None:
        for _ in range(round(seconds / HASH)):
            self.clock.advance(timedelta(seconds=HASH))
            for _ in range(8):
                await asyncio.sleep(0)


async def settled() -> None:
    for _ in range(8):
        await asyncio.sleep(0)


async def tries_until_served(lane: Lane, flood: list[str], victim: str) -> int:
    """How often the victim comes, obeying `Retry-After`, while five guesses a second come at the names in turn."""
    guesses: list[asyncio.Task[None]] = []

    async def go_on(seconds: float) -> None:
        for _ in range(max(round(seconds * 5), 1)):
            guesses.append(lane.come(flood[len(guesses) % len(flood)]))
            await lane.later(0.2)

    await go_on(20)
    tries, found = 0, None
    while found is None:
        tries += 1
        assert tries < 100
        task = lane.come(victim)
        while not task.done():
            await go_on(0.2)
        error = task.exception()
        if error is None:
            found = tries
        else:
            assert isinstance(error, TooManyRequests)
            await go_on(error.retry_after.total_seconds())
    await lane.later(60)
    await asyncio.gather(*guesses, return_exceptions=True)
    return found


async def test_doubtful_lane_full_of_made_up_names_serves_another_account_at_its_first_try() -> None:
    assert await tries_until_served(Lane(), [f"nobody{number}" for number in range(8)], "victim") == 1


async def test_doubtful_lane_flooded_at_more_names_than_places_lets_the_victim_through_in_time() -> None:
    assert await tries_until_served(Lane(), [f"nobody{number}" for number in range(100)], "victim") < 20


async def test_doubtful_lane_is_bounded_for_all_and_for_an_account_and_tells_when_to_come_back() -> None:
    lane = Lane()
    lane.come("running")
    await settled()
    await lane.later(0.1)
    lane.come("next")
    await settled()
    same = [lane.come("same") for _ in range(50)]
    others = [lane.come(f"nobody{number}") for number in range(50)]
    await settled()
    refused = [task.exception() for task in same + others if task.done()]

    assert len(refused) == 100 - ROOM
    assert sum(not task.done() for task in same) <= ROOM_OF_ACCOUNT
    waits = [error.retry_after for error in refused if isinstance(error, TooManyRequests)]
    assert len(waits) == len(refused)
    # With all places taken, every account has had a turn after that: half a second each, rest included.
    assert timedelta(seconds=ROOM * 0.5) <= max(waits) <= timedelta(seconds=(ROOM + 2) * 0.5)
    await lane.later(60)
    assert lane.served.total() == 2 + ROOM


async def test_doubtful_lane_waiter_who_gives_up_leaves_the_turn_to_the_next() -> None:
    lane = Lane()
    running, waiting, last = lane.come("one"), lane.come("two"), lane.come("three")
    await settled()
    for task in (waiting, running):
        task.cancel()
        await settled()
    await lane.later(1)

    assert last.done()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert lane.served == Counter(three=1)
