"""One storage backend with everything the ports promise, over a clock and ids that the test decides."""

from dataclasses import dataclass, field

from adapters.memory import (
    InMemoryBus,
    InMemoryChatQueries,
    InMemoryEventLog,
    InMemoryGuideQueries,
    InMemoryMemberQueries,
    InMemoryPassageQueries,
    InMemoryUnitOfWork,
    ManualClock,
    MemoryStore,
    SequentialIds,
)
from application.ports.chat import ChatQueries
from application.ports.guides import GuideQueries, PassageQueries
from application.ports.identity import MemberQueries
from application.ports.realtime import EventLog
from application.ports.unit_of_work import UnitOfWorkFactory


@dataclass(frozen=True, kw_only=True)
class Backend:
    """What a contract test runs against. `clock` and `bus` are the ones its units of work use."""

    unit_of_work: UnitOfWorkFactory
    members: MemberQueries
    guides: GuideQueries
    passages: PassageQueries
    chat: ChatQueries
    event_log: EventLog
    bus: InMemoryBus
    clock: ManualClock
    ids: SequentialIds = field(default_factory=SequentialIds)


def memory_backend() -> Backend:
    """A new, empty backend in memory."""
    store, bus, clock = MemoryStore(), InMemoryBus(), ManualClock()
    return Backend(
        unit_of_work=lambda: InMemoryUnitOfWork(store, bus, clock),
        members=InMemoryMemberQueries(store),
        guides=InMemoryGuideQueries(store),
        passages=InMemoryPassageQueries(store),
        chat=InMemoryChatQueries(store),
        event_log=InMemoryEventLog(store),
        bus=bus,
        clock=clock,
    )
