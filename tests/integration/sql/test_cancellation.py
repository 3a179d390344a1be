"""Whoever is cancelled half-way leaves nothing locked and nothing untold."""

import asyncio
import gc
import sqlite3
from collections.abc import Awaitable, Callable
from random import Random

import asyncpg
import pytest

from adapters.sql.database import Database
from adapters.sql.finishing import to_its_end
from application.ports.chat import SessionFilter
from application.ports.realtime import Announcement, LoggedEvent
from domain.events import user_channel
from tests.support.backend import Backend
from tests.support.given import stored_member, stored_session

ROUNDS = 60


async def _cut_off(make: Callable[[], Awaitable[object]], chance: Random) -> None:
    """Three at once, cancelled after up to 12 ms."""
    tasks = [asyncio.ensure_future(make()) for _ in range(3)]
    await asyncio.sleep(chance.random() * 0.012)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_cancelled_writers_leave_the_database_writable_and_every_commit_announced(backend: Backend) -> None:
    heard: list[Announcement] = []
    owner, chance = await stored_member(backend), Random(1)
    backend.bus.listen(heard.append)

    for _ in range(ROUNDS):
        await _cut_off(lambda: stored_session(backend, owner), chance)
        async with asyncio.timeout(5):
            await stored_session(backend, owner)

    channel = user_channel(owner.id)
    logged = (await backend.event_log.read(channel, 0, 4 * ROUNDS)).events
    told = sorted((event for event in heard if isinstance(event, LoggedEvent)), key=lambda event: event.offset)
    assert told == list(logged)
    assert len(logged) == (await backend.chat.sessions(owner.id, SessionFilter(), limit=1)).total_count


async def test_cancelled_readers_leave_the_write_ahead_log_free_to_be_reset(
    backend: Backend, database: Database
) -> None:
    owner, chance = await stored_member(backend), Random(2)
    for _ in range(100):
        await stored_session(backend, owner)
    for _ in range(ROUNDS):
        await _cut_off(lambda: backend.chat.sessions(owner.id, SessionFilter(), limit=200), chance)

    await stored_session(backend, owner)
    assert (await backend.chat.sessions(owner.id, SessionFilter(), limit=1)).total_count == 101
    if database.is_sqlite:
        with sqlite3.connect(str(database.url.database)) as connection:
            busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        connection.close()
        assert busy == 0


async def test_step_cancelled_twice_ends_before_the_cancellation_is_raised() -> None:
    begun, gate, steps = asyncio.Event(), asyncio.Event(), []

    async def step() -> None:
        begun.set()
        await gate.wait()
        steps.append("ended")

    task = asyncio.create_task(to_its_end(step()))
    await begun.wait()
    for _ in range(2):
        task.cancel()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    assert not task.done()
    gate.set()
    (outcome,) = await asyncio.gather(task, return_exceptions=True)
    assert isinstance(outcome, asyncio.CancelledError)
    assert steps == ["ended"]


@pytest.mark.postgres
async def test_connecting_cancelled_at_any_step_leaves_no_connection_and_no_lost_error(postgres_database: str) -> None:
    lost: list[str] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: lost.append(str(context)))
    database = Database(postgres_database)

    async def read() -> object:
        async with database.read() as connection:
            return (await connection.exec_driver_sql("SELECT 1")).scalar_one()

    for steps in range(20):
        task = asyncio.create_task(read())
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await database.dispose()
    gc.collect()

    assert lost == []
    await _alone(postgres_database)


async def _alone(url: str) -> None:
    """Until nobody else looks into this database: the server takes a moment to see who left."""
    connection = await asyncpg.connect(url)
    try:
        async with asyncio.timeout(5):
            others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> $1"
            while True:
                if await connection.fetchval(others, connection.get_server_pid()) == 0:
                    return
                await asyncio.sleep(0.02)
    finally:
        await connection.close()
