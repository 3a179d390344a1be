"""Reads of the library."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID

from adapters.memory.pages import page_of
from adapters.memory.store import MemoryStore
from application.paging import decode_cursor, encode_cursor
from application.ports.guides import GuideFilter, GuideQueries, GuideSummary, GuideView, SavedGuideView
from application.ports.paging import Page
from domain.guides import Guide, GuideId, SavedGuide
from domain.identity import MemberId, Role

_NEVER = datetime.min.replace(tzinfo=UTC)


class InMemoryGuideQueries(GuideQueries):
    """Guides as they were committed last."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def page(
        self, member_id: MemberId | None, role: Role, where: GuideFilter, cursor: str | None, limit: int
    ) -> Page[GuideSummary]:
        after = decode_cursor(cursor, str, UUID) if cursor is not None else None
        rows = [
            guide
            for guide in sorted(self._listed(role, where), key=_by_title)
            if after is None or _by_title(guide) > after
        ]
        return page_of(
            rows, limit, lambda guide: self._summary(guide, member_id), lambda guide: encode_cursor(*_by_title(guide))
        )

    async def view(self, member_id: MemberId | None, role: Role, guide_id: GuideId) -> GuideView | None:
        guide = self._readable(role, guide_id)
        return self._view(guide, member_id) if guide else None

    async def summaries(
        self, member_id: MemberId | None, role: Role, guide_ids: Sequence[GuideId]
    ) -> Mapping[GuideId, GuideSummary]:
        guides = (self._readable(role, guide_id) for guide_id in guide_ids)
        return {guide.id: self._summary(guide, member_id) for guide in guides if guide}

    async def next_in_category(self, member_id: MemberId | None, role: Role, guide_id: GuideId) -> GuideSummary | None:
        current = self._readable(role, guide_id)
        if current is None:
            return None
        listed = self._listed(role, GuideFilter(category=current.content.category))
        later = [guide for guide in listed if _by_title(guide) > _by_title(current)]
        return self._summary(min(later, key=_by_title), member_id) if later else None

    async def saved(
        self, member_id: MemberId, role: Role, *, unread_only: bool, cursor: str | None, limit: int
    ) -> Page[SavedGuideView]:
        before = decode_cursor(cursor, datetime, UUID) if cursor is not None else None
        rows = sorted(
            (
                saved
                for saved in self._collection(member_id, role)
                if not (unread_only and saved.is_read) and (before is None or (saved.saved_at, saved.id) < before)
            ),
            key=lambda saved: (saved.saved_at, saved.id),
            reverse=True,
        )
        return page_of(rows, limit, self._saved_view, lambda saved: encode_cursor(saved.saved_at, saved.id))

    async def continue_reading(self, member_id: MemberId, role: Role, limit: int) -> Sequence[SavedGuideView]:
        begun = [
            saved
            for saved in self._collection(member_id, role)
            if saved.last_viewed_at is not None
            and not saved.is_read
            and self._store.tables.guides[saved.guide_id].is_active
        ]
        begun.sort(key=lambda saved: (saved.last_viewed_at or _NEVER, saved.id), reverse=True)
        return [self._saved_view(saved) for saved in begun[:limit]]

    async def categories(self, role: Role) -> Mapping[str, int]:
        counts = Counter(guide.content.category for guide in self._listed(role, GuideFilter()))
        return dict(sorted(counts.items()))

    async def all_active(self, role: Role) -> Sequence[GuideView]:
        guides = self._listed(role, GuideFilter())
        return [self._view(guide, None) for guide in sorted(guides, key=_by_title)]

    def _listed(self, role: Role, where: GuideFilter) -> Iterable[Guide]:
        retired_too = where.include_retired and role >= Role.ADMIN
        for guide in self._store.tables.guides.values():
            if (guide.is_active or retired_too) and guide.may_be_read_by(role) and _matches(guide, where):
                yield guide

    def _collection(self, member_id: MemberId, role: Role) -> Iterable[SavedGuide]:
        for saved in self._store.tables.saved_guides.values():
            if saved.member_id == member_id and self._readable(role, saved.guide_id):
                yield saved

    def _readable(self, role: Role, guide_id: GuideId) -> Guide | None:
        guide = self._store.tables.guides.get(guide_id)
        return guide if guide and guide.may_be_read_by(role) else None

    def _saved_view(self, saved: SavedGuide) -> SavedGuideView:
        return SavedGuideView(
            guide=self._summary(self._store.tables.guides[saved.guide_id], saved.member_id),
            is_read=saved.is_read,
            times_viewed=saved.times_viewed,
            last_viewed_at=saved.last_viewed_at,
            saved_at=saved.saved_at,
        )

    def _view(self, guide: Guide, member_id: MemberId | None) -> GuideView:
        summary = self._summary(guide, member_id)
        return GuideView(summary=summary, body=guide.content.body, source_path=guide.source_path)

    def _summary(self, guide: Guide, member_id: MemberId | None) -> GuideSummary:
        saved = self._store.tables.saved_guides.get((member_id, guide.id)) if member_id else None
        return GuideSummary(
            id=guide.id,
            title=guide.content.title,
            description=guide.content.description,
            content_url=guide.content.content_url,
            category=guide.content.category,
            difficulty_level=guide.content.difficulty_level,
            tags=guide.content.tags,
            minimum_role=guide.content.minimum_role,
            views_count=guide.views_count,
            is_active=guide.is_active,
            version=guide.version,
            created_at=guide.created_at,
            updated_at=guide.updated_at,
            is_saved=saved is not None,
            is_read=saved is not None and saved.is_read,
        )


def _by_title(guide: Guide) -> tuple[str, UUID]:
    return guide.content.title.casefold(), guide.id


def _matches(guide: Guide, where: GuideFilter) -> bool:
    content = guide.content
    return (
        (where.category is None or content.category == where.category)
        and (where.difficulty_level is None or content.difficulty_level is where.difficulty_level)
        and (where.tag is None or where.tag in content.tags)
    )
