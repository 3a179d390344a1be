"""Readers beyond the connections wait in line: in order, not for ever, and none of them takes a turn away."""

import asyncio
import gc

import pytest
from sqlalchemy import text

from adapters.sql.database import READERS, Database
from adapters.sql.errors import translated
from adapters.sql.turns import Turns
from domain.errors import Unavailable


async def test_turns_more_readers_than_connections_are_served_in_the_order_they_came(sqlite: str) -> None:
    database = Database(sqlite)
    served, connections, most = [], 0, 0

    async def read(number: int) -> None:
        nonlocal connections, most
        async with database.read() as connection:
            connections += 1
            most = max(most, connections)
            await connection.execute(text("SELECT 1"))
            served.append(number)
            connections -= 1

    try:
        await asyncio.gather(*(read(number) for number in range(10 * READERS)))
    finally:
        await database.dispose()
    assert 1 < most <= READERS
    assert sorted(served) == list(range(10 * READERS))
    assert all(number < place + 2 * READERS for place, number in enumerate(served))


async def test_turns_reader_that_waits_has_not_begun_a_statement(sqlite: str) -> None:
    database, enough, ended = Database(sqlite), asyncio.Event(), asyncio.Event()
    reading = 0

    async def hold() -> None:
        nonlocal reading
        async with database.read():
            reading += 1
            if reading == READERS:
                enough.set()
            await ended.wait()

    holding = [asyncio.create_task(hold()) for _ in range(2 * READERS)]
    try:
        async with asyncio.timeout(10):
            await enough.wait()
        begun = [each for each in gc.get_objects() if type(each).__name__ == "_AsyncIoGreenlet"]
    finally:
        ended.set()
        await asyncio.gather(*holding)
        await database.dispose()
    assert begun == []


async def test_turns_none_in_time_is_told_as_unavailable() -> None:
    turns = Turns(1, seconds=0)
    async with turns:
        with pytest.raises(Unavailable, match="too busy"), translated():
            async with turns:
                pytest.fail("There was one turn.")
    async with turns:
        assert True


async def test_turns_cancelled_in_line_leaves_the_turn_to_the_next() -> None:
    turns, taken = Turns(1, seconds=60), []

    async def take(name: str) -> None:
        async with turns:
            taken.append(name)

    async with turns:
        first, second = asyncio.create_task(take("first")), asyncio.create_task(take("second"))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await second
    assert taken == ["second"]
