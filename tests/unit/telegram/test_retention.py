"""What the bot was told and what it said is forgotten after its time; what waits is not."""

import asyncio
from datetime import timedelta

import pytest

from application.ports.inbox import LISTED, UpdateFilter
from application.telegram.retention import BATCH, PAUSE_SECONDS, BotRetention, BotSweeper
from tests.support.backend import Backend, memory_backend
from tests.support.bot import BOT, LEASE, arrived, claimed, handled, new_message, new_update

KEEP = BotRetention(inbox_bodies=timedelta(days=2), outgoing=timedelta(days=3))


@pytest.fixture
def backend() -> Backend:
    return memory_backend()


@pytest.fixture
def sweeper(backend: Backend) -> BotSweeper:
    return BotSweeper(backend.unit_of_work, backend.clock, KEEP)


async def bodies(backend: Backend) -> list[bytes]:
    return [update.raw for update in (await backend.updates.page(UpdateFilter(), limit=9)).items]


async def sent(backend: Backend, count: int) -> None:
    now = backend.clock.now()
    async with backend.unit_of_work() as work:
        await work.outgoing_messages.add([new_message(backend, chat) for chat in range(1, count + 1)])
        for message in await work.outgoing_messages.claim(BOT, backend.ids.new(), now, now + LEASE, count):
            claim = message.claim
            message.sent(1, now)
            await work.outgoing_messages.save(message, claim)
        await work.commit()


async def test_retention_forgets_each_kind_after_its_own_time(backend: Backend, sweeper: BotSweeper) -> None:
    await arrived(backend, new_update(backend, 1), new_update(backend, 2))
    await handled(backend, *await claimed(backend, per_lane=1))
    await sent(backend, 2)
    backend.clock.advance(timedelta(days=2))
    assert await sweeper.forget() == {}
    backend.clock.advance(timedelta(seconds=1))
    assert await sweeper.forget() == {"inbox_bodies": 1}
    assert await bodies(backend) == [LISTED, b""]
    backend.clock.advance(timedelta(days=1))
    assert await sweeper.forget() == {"outgoing": 2}
    assert await sweeper.forget() == {}


async def test_retention_forgets_more_than_one_batch(backend: Backend, sweeper: BotSweeper) -> None:
    await sent(backend, BATCH + 1)
    backend.clock.advance(timedelta(days=4))
    assert await sweeper.forget() == {"outgoing": BATCH + 1}


async def test_retention_run_sweeps_again_after_a_pause(backend: Backend, sweeper: BotSweeper) -> None:
    task = asyncio.create_task(sweeper.run())
    await asyncio.sleep(0)
    await arrived(backend, new_update(backend, 1))
    await handled(backend, *await claimed(backend))
    backend.clock.advance(timedelta(days=2, seconds=PAUSE_SECONDS))
    for _ in range(20):
        await asyncio.sleep(0)
    task.cancel()
    assert await bodies(backend) == [b""]
