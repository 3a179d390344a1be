"""Exports take turns: one at a time to a member, few at work, and nobody waits for a slow reader."""

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import timedelta

import pytest

from adapters.memory.rate_limiter import InMemoryRateLimiter
from adapters.memory.system import ManualClock
from application.allowances import Allowance
from application.exports import LONGEST, MOST_OPEN, Exports
from application.ports.limits import Limit
from domain.errors import TooManyRequests, Unavailable
from domain.identity import OPERATOR, Actor
from tests.support.limits import member

ANN, BEN = member(1), member(2)


class Desk:
    """Exports of sources that count how many of them are at work."""

    def __init__(self, at_once: int = 2, an_hour: int = 1_000) -> None:
        self.clock = ManualClock()
        allowance = Allowance(InMemoryRateLimiter(self.clock), "exports", Limit(an_hour, timedelta(hours=1)))
        self.exports = Exports(allowance, self.clock, at_once)
        self.at_work = self.most_at_work = 0

    async def numbers(self, count: int, waits: bool = True) -> AsyncIterator[int]:
        """Numbers, each of which takes a moment."""
        for number in range(count):
            self.at_work += 1
            self.most_at_work = max(self.most_at_work, self.at_work)
            if waits:
                await asyncio.sleep(0)
            self.at_work -= 1
            yield number

    async def pieces(self, actor: Actor = ANN, count: int = 100, waits: bool = True) -> AsyncIterator[int]:
        """The actor's export."""
        return (await self.exports.begin(actor)).pieces(self.numbers(count, waits))


async def whole(pieces: AsyncIterator[int]) -> list[int]:
    return [piece async for piece in pieces]


@pytest.mark.parametrize("count", [0, 1, 25, 26, 120])
async def test_export_hands_out_everything_in_order(count: int) -> None:
    desk = Desk()
    assert await whole(await desk.pieces(count=count)) == list(range(count))


async def test_export_beside_an_open_one_of_the_same_member_is_refused() -> None:
    desk = Desk()
    first = await desk.pieces()
    with pytest.raises(TooManyRequests, match="of yours") as refusal:
        await desk.pieces()
    assert refusal.value.retry_after > timedelta()
    assert len(await whole(first)) == 100
    assert len(await whole(await desk.pieces())) == 100


async def test_export_given_up_by_its_reader_is_over() -> None:
    desk = Desk()
    async with aclosing(await desk.pieces()) as pieces:  # type: ignore[type-var]
        assert await anext(pieces) == 0
    assert len(await whole(await desk.pieces())) == 100


async def test_export_that_nobody_ever_read_is_over() -> None:
    desk = Desk()
    pieces = await desk.pieces()
    del pieces
    gc.collect()
    assert len(await whole(await desk.pieces())) == 100


async def test_export_whose_source_fails_is_over() -> None:
    async def broken() -> AsyncIterator[int]:
        yield 1
        raise OSError("the disk is gone")

    desk = Desk()
    with pytest.raises(OSError, match="disk"):
        await whole((await desk.exports.begin(ANN)).pieces(broken()))
    assert len(await whole(await desk.pieces())) == 100


async def test_export_over_the_hourly_limit_is_refused_and_leaves_nothing_open() -> None:
    desk = Desk(an_hour=2)
    for _ in range(2):
        await whole(await desk.pieces())
    for _ in range(2):
        with pytest.raises(TooManyRequests, match="at most 2 an hour"):
            await desk.pieces()
    desk.clock.advance(timedelta(hours=1))
    assert len(await whole(await desk.pieces())) == 100


async def test_export_refused_beside_another_is_not_counted() -> None:
    desk = Desk(an_hour=2)
    first = await desk.pieces()
    for _ in range(5):
        with pytest.raises(TooManyRequests, match="of yours"):
            await desk.pieces()
    await whole(first)
    assert len(await whole(await desk.pieces())) == 100


async def test_export_of_the_operator_is_not_counted() -> None:
    desk = Desk(an_hour=1)
    opened = [await desk.pieces(OPERATOR) for _ in range(3)]
    assert [len(await whole(pieces)) for pieces in opened] == [100, 100, 100]


async def test_exports_open_are_bounded_whoever_asks() -> None:
    desk = Desk()
    opened = [await desk.pieces(member(number)) for number in range(MOST_OPEN)]
    with pytest.raises(TooManyRequests, match="Too many exports"):
        await desk.pieces(member(MOST_OPEN))
    await whole(opened[0])
    assert len(await whole(await desk.pieces(member(MOST_OPEN)))) == 100


@pytest.mark.parametrize("at_once", [1, 3])
async def test_exports_at_work_are_few(at_once: int) -> None:
    desk = Desk(at_once)
    opened = [await desk.pieces(member(number)) for number in range(10)]
    await asyncio.gather(*map(whole, opened))
    assert desk.most_at_work == at_once


async def test_export_of_a_slow_reader_holds_nobody_up() -> None:
    desk = Desk(at_once=1)
    slow = await desk.pieces(ANN)
    assert await anext(slow) == 0
    assert len(await whole(await desk.pieces(BEN))) == 100
    assert len(await whole(slow)) == 99


async def test_export_without_a_pause_of_its_own_lets_others_run() -> None:
    desk, ran = Desk(), 0

    async def others() -> None:
        nonlocal ran
        while True:
            ran += 1
            await asyncio.sleep(0)

    beside = asyncio.create_task(others())
    assert len(await whole(await desk.pieces(count=1_000, waits=False))) == 1_000
    beside.cancel()
    assert ran >= 40


async def test_export_that_takes_too_long_to_read_breaks_off() -> None:
    desk = Desk()
    pieces = await desk.pieces()
    assert await anext(pieces) == 0
    desk.clock.advance(LONGEST + timedelta(seconds=1))
    with pytest.raises(Unavailable, match="too long"):
        await whole(pieces)
    assert len(await whole(await desk.pieces())) == 100


async def test_exports_that_nobody_reads_on_keep_nobody_out_for_longer_than_half_an_hour() -> None:
    desk = Desk()
    stalled = [await desk.pieces(member(number)) for number in range(MOST_OPEN)]
    for pieces in stalled:
        assert await anext(pieces) == 0
    with pytest.raises(TooManyRequests, match="Too many exports"):
        await desk.pieces(member(MOST_OPEN))

    desk.clock.advance(LONGEST + timedelta(seconds=1))

    assert len(await whole(await desk.pieces(member(MOST_OPEN)))) == 100
    newer = await desk.pieces(member(0))
    with pytest.raises(Unavailable, match="too long"):
        await whole(stalled[0])
    with pytest.raises(TooManyRequests, match="of yours"):
        await desk.pieces(member(0))
    assert len(await whole(newer)) == 100
