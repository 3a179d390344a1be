"""Finding candidates for a question in the search index."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from adapters.memory.store import MemoryStore
from application.ports.guides import Candidate, Candidates, IndexedPassage, PassageQueries
from domain.guides import Guide
from domain.identity import Role


class InMemoryPassageQueries(PassageQueries):
    """The index as it was committed last, read from end to end."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def candidates(
        self, terms: Sequence[str], role: Role, limit: int, *, category: str | None = None
    ) -> Candidates:
        indexed = list(self._active())
        frequencies = {term: sum(_holds(passage, term) for _, passage in indexed) for term in terms}
        found = [
            (guide, passage)
            for guide, passage in indexed
            if guide.may_be_read_by(role)
            and category in {None, guide.content.category}
            and any(_holds(passage, term) for term in frequencies)
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

    async def vocabulary(self, prefix: str, limit: int) -> Sequence[str]:
        counts = Counter(
            term
            for _, passage in self._active()
            for term in {*passage.terms, *passage.title_terms}
            if term.startswith(prefix)
        )
        return sorted(counts, key=lambda term: (-counts[term], term))[:limit]

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
