"""Reading the library: lists, single guides, and a member's own collection."""

from collections.abc import Mapping, Sequence

from application.guides.suggesting import suggested
from application.ports.guides import GuideFilter, GuideQueries, GuideSummary, GuideView, SavedGuideView
from application.ports.paging import Page
from application.ports.system import Clock, Ids
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.errors import NotFound
from domain.guides import GuideId, SavedGuide, SavedGuideId
from domain.identity import Actor, Role

CATEGORIES_ASKED, TITLES_ASKED = 6, 30


class GuideReading:
    """What readers do. Each sees only the guides their role reaches; the others do not exist for them."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, queries: GuideQueries, clock: Clock, ids: Ids) -> None:
        self._unit_of_work = unit_of_work
        self._queries = queries
        self._clock = clock
        self._ids = ids

    async def page(self, actor: Actor, where: GuideFilter, cursor: str | None, limit: int) -> Page[GuideSummary]:
        """The library by title; retired guides too for an ADMIN who asks for them."""
        if where.include_retired:
            actor.require(Role.ADMIN)
        return await self._queries.page(actor.member_id, actor.role, where, cursor, limit)

    async def categories(self, actor: Actor) -> Mapping[str, int]:
        """How many guides each category has for this reader."""
        return await self._queries.categories(actor.role)

    async def suggestions(self, actor: Actor, count: int) -> Sequence[str]:
        """At most `count` subjects this reader may ask about, from the titles of the largest categories."""
        counts = await self._queries.categories(actor.role)
        largest = sorted(counts, key=lambda name: (-counts[name], name))[:CATEGORIES_ASKED]
        pages = [
            await self._queries.page(actor.member_id, actor.role, GuideFilter(category=name), None, TITLES_ASKED)
            for name in largest
        ]
        return suggested(([guide.title for guide in page.items] for page in pages), count)

    async def view(self, actor: Actor, guide_id: GuideId) -> GuideView:
        """One guide, without counting a view; raises `NotFound`."""
        view = await self._queries.view(actor.member_id, actor.role, guide_id)
        if view is None:
            raise NotFound("There is no such guide.")
        return view

    async def open(self, actor: Actor, guide_id: GuideId) -> GuideView:
        """One guide to read: counts a view, and one in the reader's collection when it is saved there."""
        view = await self.view(actor, guide_id)
        async with self._unit_of_work() as work:
            await work.guides.count_view(guide_id)
            saved = await work.saved_guides.find(actor.member_id, guide_id) if actor.member_id else None
            if saved is not None:
                saved.viewed(self._clock.now())
                await work.saved_guides.save(saved)
            await work.commit()
        return view

    async def save(self, actor: Actor, guide_id: GuideId) -> None:
        """Put a guide into one's collection; saving twice changes nothing."""
        member_id = actor.require_member()
        await self.view(actor, guide_id)
        saved = SavedGuide(SavedGuideId(self._ids.new()), member_id, guide_id, self._clock.now())
        async with self._unit_of_work() as work:
            await work.saved_guides.add(saved)
            await work.commit()

    async def unsave(self, actor: Actor, guide_id: GuideId) -> None:
        """Take a guide out of one's collection; one that is not there changes nothing."""
        member_id = actor.require_member()
        async with self._unit_of_work() as work:
            await work.saved_guides.remove(member_id, guide_id)
            await work.commit()

    async def mark(self, actor: Actor, guide_id: GuideId, *, is_read: bool) -> None:
        """Mark a saved guide read or unread; raises `NotFound` when it is not in the collection."""
        member_id = actor.require_member()
        async with self._unit_of_work() as work:
            saved = await work.saved_guides.find(member_id, guide_id)
            if saved is None:
                raise NotFound("The guide is not in your collection; save it first.")
            saved.is_read = is_read
            await work.saved_guides.save(saved)
            await work.commit()

    async def saved(
        self, actor: Actor, *, unread_only: bool = False, cursor: str | None = None, limit: int = 50
    ) -> Page[SavedGuideView]:
        """One's collection, last saved first."""
        member_id = actor.require_member()
        return await self._queries.saved(member_id, actor.role, unread_only=unread_only, cursor=cursor, limit=limit)

    async def continue_reading(self, actor: Actor, limit: int = 5) -> Sequence[SavedGuideView]:
        """Saved guides that were opened and not finished, last viewed first."""
        return await self._queries.continue_reading(actor.require_member(), actor.role, limit)

    async def next_in_category(self, actor: Actor, guide_id: GuideId) -> GuideSummary | None:
        """The guide to read after this one; raises `NotFound` for a guide the reader cannot see."""
        await self.view(actor, guide_id)
        return await self._queries.next_in_category(actor.member_id, actor.role, guide_id)
