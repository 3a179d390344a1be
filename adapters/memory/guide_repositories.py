"""Guides, members' collections and the search index, staged."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from adapters.memory.copies import copy_of_guide
from adapters.memory.store import Tables
from adapters.memory.transaction import Transaction, require_free, require_row
from application.ports.embedding import Embedding
from application.ports.guides import (
    GuideRepository,
    IndexedPassage,
    PassageRepository,
    PassageText,
    SavedGuideRepository,
)
from domain.errors import NotFound
from domain.guides import Guide, GuideId, SavedGuide
from domain.identity import MemberId


class InMemoryGuideRepository(GuideRepository):
    """Guides, retired ones included."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def add(self, guide: Guide) -> None:
        require_free(guide.id in self._transaction.tables.guides, "guide", "id")
        self._write(guide, guide.views_count)

    async def get(self, guide_id: GuideId) -> Guide:
        guide = self._transaction.tables.guides.get(guide_id)
        if guide is None:
            raise NotFound("There is no such guide.", guide_id=str(guide_id))
        return self._read(guide)

    async def by_source_path(self, source_path: str) -> Guide | None:
        guides = self._transaction.tables.guides.values()
        return next((self._read(guide) for guide in guides if guide.source_path == source_path), None)

    async def source_paths(self, collection: str) -> Mapping[str, GuideId]:
        return {
            guide.source_path: guide.id
            for guide in self._transaction.tables.guides.values()
            if guide.is_active and guide.source_path and guide.source_path.startswith(f"{collection}/")
        }

    async def save(self, guide: Guide) -> None:
        stored = self._transaction.tables.guides.get(guide.id)
        self._transaction.check_version("guide", guide.id, stored.version if stored else None, guide.version)
        self._write(guide, stored.views_count if stored else 0)

    async def delete(self, guide: Guide) -> None:
        tables = self._transaction.tables
        self._transaction.collect(guide)
        tables.guides.pop(guide.id, None)
        tables.passages.pop(guide.id, None)
        _forget_vectors(tables, guide.id)
        for key in [key for key in tables.saved_guides if key[1] == guide.id]:
            del tables.saved_guides[key]

    async def count_view(self, guide_id: GuideId) -> None:
        guide = self._transaction.tables.guides.get(guide_id)
        if guide is not None:
            self._transaction.tables.guides[guide_id] = replace(guide, views_count=guide.views_count + 1)

    async def count(self) -> int:
        return len(self._transaction.tables.guides)

    def _read(self, guide: Guide) -> Guide:
        self._transaction.loaded(guide.id, guide.version)
        return copy_of_guide(guide)

    def _write(self, guide: Guide, views_count: int) -> None:
        guides = self._transaction.tables.guides
        path = guide.source_path
        taken = path is not None and any(g.source_path == path and g.id != guide.id for g in guides.values())
        require_free(taken, "guide", "source_path")
        self._transaction.collect(guide)
        guides[guide.id] = replace(copy_of_guide(guide), views_count=views_count)
        self._transaction.loaded(guide.id, guide.version)


class InMemorySavedGuideRepository(SavedGuideRepository):
    """Members' collections."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def find(self, member_id: MemberId, guide_id: GuideId) -> SavedGuide | None:
        saved = self._transaction.tables.saved_guides.get((member_id, guide_id))
        return replace(saved) if saved else None

    async def add(self, saved: SavedGuide) -> None:
        tables = self._transaction.tables
        require_row(tables.members, saved.member_id, "member")
        require_row(tables.guides, saved.guide_id, "guide")
        tables.saved_guides.setdefault((saved.member_id, saved.guide_id), replace(saved))

    async def save(self, saved: SavedGuide) -> None:
        key = (saved.member_id, saved.guide_id)
        if key in self._transaction.tables.saved_guides:
            self._transaction.tables.saved_guides[key] = replace(saved)

    async def remove(self, member_id: MemberId, guide_id: GuideId) -> None:
        self._transaction.tables.saved_guides.pop((member_id, guide_id), None)


class InMemoryPassageRepository(PassageRepository):
    """The search index."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def replace(self, guide_id: GuideId, passages: Sequence[IndexedPassage]) -> None:
        require_row(self._transaction.tables.guides, guide_id, "guide")
        self._transaction.tables.passages[guide_id] = tuple(passages)
        _forget_vectors(self._transaction.tables, guide_id)

    async def keep_vectors(self, model: str, vectors: Sequence[tuple[PassageText, Embedding]]) -> int:
        tables = self._transaction.tables
        kept = {was.key: (model, vector[:]) for was, vector in vectors if _wants_one(tables, model, was)}
        tables.vectors.update(kept)
        return len(kept)


def _forget_vectors(tables: Tables, guide_id: GuideId) -> None:
    for key in [key for key in tables.vectors if key[0] == guide_id]:
        del tables.vectors[key]


def _wants_one(tables: Tables, model: str, was: PassageText) -> bool:
    if was.key in tables.vectors and tables.vectors[was.key][0] == model:
        return False
    guide_id, position = was.key
    guide = tables.guides.get(guide_id)
    return guide is not None and any(
        PassageText((guide_id, position), guide.content.title, passage.heading, passage.text) == was
        for passage in tables.passages.get(guide_id, ())
        if passage.position == position
    )
