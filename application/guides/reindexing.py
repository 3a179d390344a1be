"""The search index made anew: after a change of how guides are divided or words are analysed."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from application.guides.library import GuideLibrary
from application.ports.guides import GuideFilter, GuideQueries
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.errors import NotFound
from domain.guides import GuideId
from domain.identity import Actor, Role

PAGE = 200


@dataclass(frozen=True, slots=True)
class Reindexed:
    """How far it is."""

    done: int
    total: int


class GuideReindexing:
    """Divides and analyses every guide again, retired ones too, each in its own transaction.

    The guides themselves do not change. Vectors are made anew with the passages they belong to: see `PassageEmbedding`.
    """

    def __init__(self, unit_of_work: UnitOfWorkFactory, library: GuideLibrary, queries: GuideQueries) -> None:
        self._unit_of_work = unit_of_work
        self._library = library
        self._queries = queries

    async def rebuild(self, actor: Actor) -> AsyncIterator[Reindexed]:
        """Rebuild the index of all guides that the actor may read; yields after each."""
        actor.require(Role.ADMIN)
        guide_ids = await self._all(actor)
        for done, guide_id in enumerate(guide_ids, start=1):
            await self._rebuild(guide_id)
            yield Reindexed(done, len(guide_ids))

    async def _rebuild(self, guide_id: GuideId) -> None:
        async with self._unit_of_work() as work:
            try:
                guide = await work.guides.get(guide_id)
            except NotFound:
                # Deleted meanwhile, with its index.
                return
            await self._library.index(work, guide)
            await work.commit()

    async def _all(self, actor: Actor) -> Sequence[GuideId]:
        found: list[GuideId] = []
        cursor: str | None = None
        while True:
            where = GuideFilter(include_retired=True)
            page = await self._queries.page(actor.member_id, actor.role, where, cursor, PAGE)
            found += [guide.id for guide in page.items]
            cursor = page.next_cursor
            if cursor is None:
                return found
