"""Racers: coroutines that start together."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def race(racers: int, run: Callable[[int], Awaitable[T]]) -> list[T | BaseException]:
    """What each of the racers returned or raised; none runs before all are ready."""
    barrier = asyncio.Barrier(racers)

    async def racer(number: int) -> T:
        await barrier.wait()
        return await run(number)

    return await asyncio.gather(*(racer(number) for number in range(racers)), return_exceptions=True)
