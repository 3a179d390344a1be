"""Group commit of the inbox: shared by those who wait, kept on disk, refused as a whole."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import event, text

from adapters.memory import InMemoryBus
from adapters.sql.database import Database
from adapters.sql.inbox import SqlUpdateInbox
from application.ports.realtime import Announcement, UpdatesArrived
from domain.errors import Unavailable
from domain.telegram import UpdateState
from tests.contract.sql_backends import sql_backend
from tests.support.backend import Backend
from tests.support.bot import BOT, claimed, new_update


@pytest.fixture
async def inbox(url: str) -> AsyncIterator[tuple[SqlUpdateInbox, Database, list[Announcement]]]:
    """An inbox over engines of its own, and what it announces."""
    database, bus, heard = Database(url), InMemoryBus(), []
    bus.listen(heard.append)
    yield SqlUpdateInbox(database, bus), database, heard
    await database.dispose()


Inbox = tuple[SqlUpdateInbox, Database, list[Announcement]]


def checkouts(database: Database) -> list[None]:
    """Grows with each connection that is taken: one a group."""
    taken: list[None] = []
    event.listen(database.writer.sync_engine, "checkout", lambda *_: taken.append(None))
    return taken


async def test_inbox_commits_are_shared_by_those_who_come_together(backend: Backend, inbox: Inbox) -> None:
    taken = checkouts(inbox[1])
    counts = await asyncio.gather(*(inbox[0].commit([new_update(backend, number)]) for number in range(200)))
    assert counts == [1] * 200
    assert len(taken) <= 3
    assert inbox[2] == [UpdatesArrived(BOT)] * len(taken)


async def test_inbox_commits_that_wait_are_begun_before_those_before_them_are_heard(
    backend: Backend, inbox: Inbox
) -> None:
    updates, database, _ = inbox
    await updates.commit([new_update(backend, 0)])
    told: list[str] = []
    event.listen(database.writer.sync_engine, "checkout", lambda *_: told.append("begun"))

    async def call(number: int) -> None:
        await updates.commit([new_update(backend, number)])
        told.append("heard")

    await asyncio.gather(call(1), call(2))
    assert told == ["begun", "begun", "heard", "heard"]


async def test_inbox_commits_that_fail_are_told_to_everybody_and_keep_nothing(backend: Backend, inbox: Inbox) -> None:
    updates, database, heard = inbox
    async with database.writer.begin() as connection:
        await connection.execute(text("ALTER TABLE telegram_webhooks RENAME TO elsewhere"))
    calls = [updates.commit([new_update(backend, number)]) for number in range(5)]
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [Unavailable] * 5
    async with database.writer.begin() as connection:
        await connection.execute(text("ALTER TABLE elsewhere RENAME TO telegram_webhooks"))
    assert heard == []
    assert (await backend.updates.counts())[UpdateState.NEW] == 0
    assert await updates.commit([new_update(backend, 1)]) == 1


async def test_inbox_commits_of_a_great_batch_that_fail_keep_nothing(backend: Backend, inbox: Inbox) -> None:
    many = [new_update(backend, number) for number in range(4_100)]
    many[-1].lane = ""
    with pytest.raises(Unavailable):
        await inbox[0].commit(many)
    assert (await backend.updates.counts())[UpdateState.NEW] == 0
    assert await inbox[0].commit(many[:-1]) == 4_099


async def test_inbox_commits_go_on_after_everybody_was_cancelled(backend: Backend, inbox: Inbox) -> None:
    calls = [asyncio.create_task(inbox[0].commit([new_update(backend, number)])) for number in range(4)]
    await asyncio.sleep(0)
    for call in calls:
        call.cancel()
        call.cancel()
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [asyncio.CancelledError] * 4
    before = (await backend.updates.counts())[UpdateState.NEW]
    assert await inbox[0].commit([new_update(backend, 9)]) == 1
    assert (await backend.updates.counts())[UpdateState.NEW] == before + 1


async def test_inbox_commits_wait_their_turn_behind_a_unit_of_work(sqlite: str) -> None:
    async with sql_backend(sqlite) as backend:
        async with backend.unit_of_work() as work:
            call = asyncio.create_task(backend.inbox.commit([new_update(backend, 1)]))
            await asyncio.sleep(0.05)
            assert not call.done()
            await work.commit()
        assert await call == 1
        assert [update.update_id for update in await claimed(backend)] == [1]


async def test_inbox_commits_are_on_the_disk(sqlite: str) -> None:
    database = Database(sqlite)
    async with database.writer.connect() as connection:
        assert (await connection.execute(text("PRAGMA synchronous"))).scalar_one() == 2
    await database.dispose()


async def test_inbox_commits_go_ahead_of_a_crowd_of_units_of_work(sqlite: str) -> None:
    ended: list[str] = []
    async with sql_backend(sqlite) as backend:

        async def unit() -> None:
            async with backend.unit_of_work() as work:
                await work.commit()
            ended.append("unit")

        async with backend.unit_of_work() as work:
            units = [asyncio.create_task(unit()) for _ in range(20)]
            await asyncio.sleep(0.05)
            call = asyncio.create_task(backend.inbox.commit([new_update(backend, 1)]))
            call.add_done_callback(lambda _: ended.append("inbox"))
            await asyncio.sleep(0.05)
            await work.commit()
        await asyncio.gather(call, *units)
    assert ended.index("inbox") <= 2
