"""The guide library on the in-memory adapters."""

from collections.abc import Mapping

import pytest

from adapters.memory.bus import InMemoryBus
from adapters.memory.guides import InMemoryGuideQueries
from adapters.memory.store import MemoryStore
from adapters.memory.system import ManualClock, SequentialIds
from adapters.memory.unit_of_work import InMemoryUnitOfWork
from adapters.text.front_matter import FrontMatterFormat
from application.guides.importing import GuideTransfer, ImportAction, ImportedFile
from application.guides.library import GuideLibrary
from application.guides.reading import GuideReading
from application.ports.guides import GuideFile, GuideFilter, GuideSummary
from application.ports.realtime import Announcement, LoggedEvent
from domain.guides import DEFAULT_CATEGORIES
from domain.identity import OPERATOR, Actor, Member, MemberId, Role, User, UserId
from tests.support.analyzer import ANALYZER


class LibraryWorld:
    """A library, its readers, and its way in and out of files."""

    def __init__(self) -> None:
        self.store, self.bus, self.clock, self.ids = MemoryStore(), InMemoryBus(), ManualClock(), SequentialIds()
        self.heard: list[Announcement] = []
        self.bus.listen(self.heard.append)
        self.queries = queries = InMemoryGuideQueries(self.store)
        self.library = GuideLibrary(self.unit_of_work, ANALYZER, self.clock, self.ids, DEFAULT_CATEGORIES)
        self.reading = GuideReading(self.unit_of_work, queries, self.clock, self.ids)
        self.transfer = GuideTransfer(self.unit_of_work, self.library, queries, FrontMatterFormat(), self.clock)

    def unit_of_work(self) -> InMemoryUnitOfWork:
        """A new unit of work."""
        return InMemoryUnitOfWork(self.store, self.bus, self.clock)

    async def member(self, name: str, role: Role = Role.PUBLIC) -> Actor:
        """A reader."""
        now = self.clock.now()
        user = User(UserId(self.ids.new()), None, name, None, created_at=now, updated_at=now)
        member = Member(MemberId(self.ids.new()), created_at=now, updated_at=now, user=user)
        async with self.unit_of_work() as work:
            await work.members.add(member, now)
            await work.commit()
        return Actor(member.id, role)

    async def import_texts(
        self, files: Mapping[str, str], *, by: Actor = OPERATOR, prune: bool = False, dry_run: bool = False
    ) -> dict[str, ImportAction]:
        """Import texts by path; what became of each."""
        outcomes = await self.import_all(files, by=by, prune=prune, dry_run=dry_run)
        return {outcome.path: outcome.action for outcome in outcomes}

    async def import_all(
        self, files: Mapping[str, str], *, by: Actor = OPERATOR, prune: bool = False, dry_run: bool = False
    ) -> list[ImportedFile]:
        """Import texts by path; every outcome."""
        given = [GuideFile(path, text) for path, text in files.items()]
        outcomes = self.transfer.import_files(by, "docs", given, prune=prune, dry_run=dry_run)
        return [outcome async for outcome in outcomes]

    async def titles(self, actor: Actor = OPERATOR) -> list[str]:
        """The titles a reader sees."""
        return [guide.title for guide in await self.guides(actor)]

    async def guides(self, actor: Actor = OPERATOR) -> list[GuideSummary]:
        """The guides a reader sees."""
        return list((await self.reading.page(actor, GuideFilter(), None, 200)).items)

    def changes(self) -> list[bytes]:
        """What was announced of guides, in order."""
        return [heard.payload for heard in self.heard if isinstance(heard, LoggedEvent)]


@pytest.fixture
def world() -> LibraryWorld:
    """An empty library."""
    return LibraryWorld()
