"""Keeping the library: creating, revising, retiring and deleting guides, each with its place in the search index."""

from collections.abc import Sequence
from dataclasses import dataclass

from application.guides.passages import index_guide
from application.ports.guides import TextAnalyzer
from application.ports.system import Clock, Ids
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.errors import NotFound
from domain.guides import Difficulty, Guide, GuideContent, GuideId
from domain.identity import Actor, Role


@dataclass(frozen=True, slots=True, kw_only=True)
class GuideDraft:
    """What an author hands in, before it is checked."""

    title: str
    category: str
    description: str = ""
    body: str | None = None
    content_url: str | None = None
    difficulty_level: Difficulty = Difficulty.BEGINNER
    tags: Sequence[str] = ()
    minimum_role: Role = Role.PUBLIC


class GuideLibrary:
    """Changes to guides, by ADMIN and above, and by those who may read them.

    Retired guides are kept; deleted ones are gone for everybody.
    """

    def __init__(
        self,
        unit_of_work: UnitOfWorkFactory,
        analyzer: TextAnalyzer,
        clock: Clock,
        ids: Ids,
        categories: Sequence[str],
    ) -> None:
        self._unit_of_work = unit_of_work
        self._analyzer = analyzer
        self._clock = clock
        self._ids = ids
        self._categories = tuple(categories)

    @property
    def categories(self) -> tuple[str, ...]:
        """The categories a guide may have."""
        return self._categories

    def check(self, draft: GuideDraft) -> GuideContent:
        """The draft as checked content; raises `Invalid` that names each field."""
        return GuideContent.checked(
            title=draft.title,
            description=draft.description,
            body=draft.body,
            content_url=draft.content_url,
            category=draft.category,
            difficulty_level=draft.difficulty_level,
            tags=draft.tags,
            minimum_role=draft.minimum_role,
            categories=self._categories,
        )

    async def create(self, actor: Actor, draft: GuideDraft) -> GuideId:
        """Add a guide."""
        actor.require(Role.ADMIN)
        content = self.check(draft)
        actor.require(content.minimum_role)
        async with self._unit_of_work() as work:
            guide = await self.add(work, content, None)
            await work.commit()
        return guide.id

    async def revise(self, actor: Actor, guide_id: GuideId, draft: GuideDraft, expected_version: int | None) -> None:
        """Replace a guide's content; raises `StaleVersion` when it changed since it was read."""
        actor.require(Role.ADMIN)
        content = self.check(draft)
        actor.require(content.minimum_role)
        async with self._unit_of_work() as work:
            guide = _for(actor, await work.guides.get(guide_id))
            if guide.revise(content, self._clock.now(), expected_version):
                await self.save(work, guide)
                await work.commit()

    async def retire(self, actor: Actor, guide_id: GuideId, expected_version: int | None = None) -> None:
        """Take a guide off the shelves without losing it."""
        actor.require(Role.ADMIN)
        async with self._unit_of_work() as work:
            guide = _for(actor, await work.guides.get(guide_id))
            if guide.retire(self._clock.now(), expected_version):
                await work.guides.save(guide)
                await work.commit()

    async def restore(self, actor: Actor, guide_id: GuideId, expected_version: int | None = None) -> None:
        """Put a retired guide back."""
        actor.require(Role.ADMIN)
        async with self._unit_of_work() as work:
            guide = _for(actor, await work.guides.get(guide_id))
            if guide.restore(self._clock.now(), expected_version):
                await work.guides.save(guide)
                await work.commit()

    async def delete(self, actor: Actor, guide_id: GuideId, expected_version: int | None = None) -> None:
        """Remove a guide for good, from every member's collection too."""
        actor.require(Role.ADMIN)
        async with self._unit_of_work() as work:
            guide = _for(actor, await work.guides.get(guide_id))
            guide.delete(expected_version)
            await work.guides.delete(guide)
            await work.commit()

    async def is_empty(self) -> bool:
        """Whether the library holds no guide at all, retired ones included."""
        async with self._unit_of_work() as work:
            return await work.guides.count() == 0

    async def add(self, work: UnitOfWork, content: GuideContent, source_path: str | None) -> Guide:
        """A new guide and its passages, inside a unit of work of the caller."""
        guide = Guide.create(GuideId(self._ids.new()), content, self._clock.now(), source_path)
        await work.guides.add(guide)
        await self.index(work, guide)
        return guide

    async def save(self, work: UnitOfWork, guide: Guide) -> None:
        """A revised guide and its passages, inside a unit of work of the caller."""
        await work.guides.save(guide)
        await self.index(work, guide)

    async def index(self, work: UnitOfWork, guide: Guide) -> None:
        """A guide's passages made anew, inside a unit of work of the caller."""
        await work.passages.replace(guide.id, index_guide(guide.content, self._analyzer))


def _for(actor: Actor, guide: Guide) -> Guide:
    if not guide.may_be_read_by(actor.role):
        raise NotFound("There is no such guide.")
    return guide
