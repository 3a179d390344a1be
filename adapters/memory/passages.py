"""Finding candidates for a question in the search index."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from operator import mul

from adapters.memory.store import MemoryStore
from application.ports.embedding import Embedding
from application.ports.guides import (
    Candidate,
    Candidates,
    IndexedPassage,
    Nearest,
    PassageKey,
    PassageQueries,
    PassageText,
)
from domain.guides import Guide
from domain.identity import Role


class InMemoryPassageQueries(PassageQueries):
    """The index as it was committed last, read from end to end."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def candidates(
        self, terms: Sequence[str], role: Role, limit: int, *, category: str | None = None
    ) -> Candidates:
        indexed = [row for row in self._active() if row[0].may_be_read_by(role)]
        frequencies = {term: sum(_holds(passage, term) for _, passage in indexed) for term in terms}
        found = [
            (guide, passage)
            for guide, passage in indexed
            if category in {None, guide.content.category} and any(_holds(passage, term) for term in frequencies)
        ]
        weights = _weights(frequencies, len(indexed))
        found.sort(
            key=lambda row: (-sum(w for term, w in weights.items() if _holds(row[1], term)), row[0].id, row[1].position)
        )
        return Candidates(
            found=tuple(_candidate(guide, passage) for guide, passage in found[:limit]),
            passage_count=len(indexed),
            average_length=sum(len(passage.terms) for _, passage in indexed) / len(indexed) if indexed else 0.0,
            frequencies=frequencies,
        )

    async def vocabulary(self, prefix: str, role: Role, limit: int) -> Sequence[str]:
        counts = Counter(
            term
            for guide, passage in self._active()
            if guide.may_be_read_by(role)
            for term in {*passage.terms, *passage.title_terms}
            if term.startswith(prefix)
        )
        return sorted(counts, key=lambda term: (-counts[term], term))[:limit]

    async def nearest(
        self,
        question: Embedding,
        model: str,
        role: Role,
        limit: int,
        *,
        category: str | None = None,
        known: Sequence[PassageKey] = (),
    ) -> Nearest:
        vectors = self._store.tables.vectors
        near: dict[PassageKey, float] = {}
        found: list[Candidate] = []
        for guide, passage in self._active():
            key = (guide.id, passage.position)
            of_model, vector = vectors.get(key, (None, question))
            if of_model == model and guide.may_be_read_by(role):
                near[key] = round(float(sum(map(mul, question, vector))), 6)
                if category in {None, guide.content.category}:
                    found.append(_candidate(guide, passage))
        found.sort(key=lambda candidate: (-near[candidate.key], candidate.key))
        nearest = tuple(found[:limit])
        guides = {guide_id for guide_id, _ in known} | {candidate.guide_id for candidate in nearest}
        return Nearest(nearest, {key: similarity for key, similarity in near.items() if key[0] in guides})

    async def lacking_vectors(self, model: str, limit: int) -> Sequence[PassageText]:
        return list(self._lacking(model))[:limit]

    async def count_lacking_vectors(self, model: str) -> int:
        return sum(1 for _ in self._lacking(model))

    def _lacking(self, model: str) -> Iterator[PassageText]:
        vectors = self._store.tables.vectors
        for guide, passage in self._active():
            key = (guide.id, passage.position)
            if key not in vectors or vectors[key][0] != model:
                yield PassageText(key, guide.content.title, passage.heading, passage.text)

    def _active(self) -> Iterator[tuple[Guide, IndexedPassage]]:
        tables = self._store.tables
        for guide_id, passages in tables.passages.items():
            guide = tables.guides[guide_id]
            if guide.is_active:
                for passage in passages:
                    yield guide, passage


def _holds(passage: IndexedPassage, term: str) -> bool:
    return term in passage.terms or term in passage.title_terms


def _weights(frequencies: Mapping[str, int], total: int) -> Mapping[str, float]:
    return {term: math.log(1 + (total - count + 0.5) / (count + 0.5)) for term, count in frequencies.items()}


def _candidate(guide: Guide, passage: IndexedPassage) -> Candidate:
    content = guide.content
    return Candidate(guide.id, content.title, content.category, content.difficulty_level, passage)
