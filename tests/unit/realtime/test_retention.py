"""Old events are forgotten, and whoever needs them is told so."""

import asyncio
from datetime import timedelta

from adapters.memory.bus import InMemoryBus
from adapters.memory.event_log import InMemoryEventLog
from adapters.memory.store import MemoryStore
from adapters.memory.system import ManualClock, SequentialIds
from adapters.memory.unit_of_work import InMemoryUnitOfWork
from application.realtime.retention import PAUSE_SECONDS, EventRetention
from domain.events import GUIDES
from domain.guides import Guide, GuideContent, GuideId
from domain.identity import Role

KEEP = timedelta(hours=1)


class RetentionWorld:
    """A log with events of different ages."""

    def __init__(self) -> None:
        self.store, self.clock, self.ids = MemoryStore(), ManualClock(), SequentialIds()
        self.log = InMemoryEventLog(self.store)
        self.retention = EventRetention(self.log, self.clock, KEEP)

    async def happen(self) -> None:
        """One more event on the channel of the guides."""
        content = GuideContent.checked(title="A", category="risk", minimum_role=Role.PUBLIC)
        async with InMemoryUnitOfWork(self.store, InMemoryBus(), self.clock) as work:
            await work.guides.add(Guide.create(GuideId(self.ids.new()), content, self.clock.now()))
            await work.commit()


async def test_retention_sweep_forgets_only_what_is_too_old() -> None:
    world = RetentionWorld()
    await world.happen()
    world.clock.advance(KEEP + timedelta(seconds=1))
    await world.happen()

    forgotten = await world.retention.sweep()

    assert forgotten == 1
    assert not (await world.log.read(GUIDES, 0, 10)).complete
    assert [event.offset for event in (await world.log.read(GUIDES, 1, 10)).events] == [2]


async def test_retention_run_sweeps_again_after_a_pause() -> None:
    world = RetentionWorld()
    task = asyncio.create_task(world.retention.run())
    await asyncio.sleep(0)
    await world.happen()

    world.clock.advance(KEEP + timedelta(seconds=PAUSE_SECONDS))
    for _ in range(10):
        await asyncio.sleep(0)
    task.cancel()

    assert (await world.log.read(GUIDES, 1, 10)).events == ()
    assert not (await world.log.read(GUIDES, 0, 10)).complete
