"""One storage backend with everything the ports promise, over a clock and ids that the test decides."""

from dataclasses import dataclass, field

from adapters.memory import (
    InMemoryAuditQueries,
    InMemoryBus,
    InMemoryChatQueries,
    InMemoryEventLog,
    InMemoryGuideQueries,
    InMemoryIdentitySweep,
    InMemoryMemberExport,
    InMemoryMemberQueries,
    InMemoryPassageQueries,
    InMemoryUnitOfWork,
    InMemoryUpdateInbox,
    InMemoryUpdateQueries,
    ManualClock,
    MemoryStore,
    SequentialIds,
)
from adapters.memory.bot import InMemoryAnswerQueries
from adapters.memory.credentials import InMemoryCredentialQueries
from application.ports.answering import AnswerQueries
from application.ports.audit import AuditMetrics, AuditQueries
from application.ports.chat import ChatQueries
from application.ports.credentials import CredentialQueries
from application.ports.guides import GuideQueries, PassageQueries
from application.ports.identity import IdentitySweep, MemberExport, MemberQueries
from application.ports.inbox import UpdateInbox, UpdateQueries
from application.ports.realtime import EventLog
from application.ports.unit_of_work import UnitOfWorkFactory


class LostLines(AuditMetrics):
    """The actions of the lines that the audit trail lost."""

    def __init__(self) -> None:
        self.actions: list[str] = []

    def audit_failed(self, action: str) -> None:
        self.actions.append(action)


@dataclass(frozen=True, kw_only=True)
class Backend:
    """What a contract test runs against. `clock`, `bus` and `lost_lines` are the ones its units of work use.

    `export` reads three rows a page.
    """

    unit_of_work: UnitOfWorkFactory
    members: MemberQueries
    credentials: CredentialQueries
    guides: GuideQueries
    passages: PassageQueries
    chat: ChatQueries
    event_log: EventLog
    audit: AuditQueries
    export: MemberExport
    sweep: IdentitySweep
    inbox: UpdateInbox
    updates: UpdateQueries
    answers: AnswerQueries
    bus: InMemoryBus
    clock: ManualClock
    lost_lines: LostLines
    ids: SequentialIds = field(default_factory=SequentialIds)


def memory_backend() -> Backend:
    """A new, empty backend in memory."""
    store, bus, clock, lost_lines = MemoryStore(), InMemoryBus(), ManualClock(), LostLines()
    return Backend(
        unit_of_work=lambda: InMemoryUnitOfWork(store, bus, clock, lost_lines),
        members=InMemoryMemberQueries(store),
        credentials=InMemoryCredentialQueries(store),
        guides=InMemoryGuideQueries(store),
        passages=InMemoryPassageQueries(store),
        chat=InMemoryChatQueries(store),
        event_log=InMemoryEventLog(store),
        audit=InMemoryAuditQueries(store),
        export=InMemoryMemberExport(store),
        sweep=InMemoryIdentitySweep(store),
        inbox=InMemoryUpdateInbox(store, bus),
        updates=InMemoryUpdateQueries(store),
        answers=InMemoryAnswerQueries(store),
        bus=bus,
        clock=clock,
        lost_lines=lost_lines,
    )
