"""Finding the passages that answer a question, and the guides that match a search."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from application.guides._query import Query, QueryWord, merged, read_query
from application.guides._spelling import corrections
from application.guides.ranking import Ranked, rank
from application.ports.guides import Candidate, Candidates, PassageQueries, TextAnalyzer
from domain.identity import Role

CANDIDATES = 120
SURE = 0.5


@dataclass(frozen=True, slots=True)
class FoundPassages:
    """Ranked passages, best first. `confident` says whether the first ones can be taken for an answer."""

    passages: tuple[Ranked, ...]
    confident: bool
    confidence: float


NOTHING_FOUND = FoundPassages((), confident=False, confidence=0.0)


class PassageFinder:
    """Finds passages for a question in plain words.

    The question's own words are looked up first, related ones second; misspelt words are taken for the nearest known.
    """

    def __init__(self, queries: PassageQueries, analyzer: TextAnalyzer) -> None:
        self._queries = queries
        self._analyzer = analyzer
        self._heading_terms = heading_terms(analyzer)

    async def find(self, question: str, role: Role, limit: int, *, context: Sequence[str] = ()) -> FoundPassages:
        """Up to `limit` passages that `role` may read. `context` are the member's questions before, oldest first:

        what a follow-up like "and on weekends?" leaves unsaid is taken from the last of them.
        """
        found = await self._find(question, role, limit)
        return found

    async def _find(self, question: str, role: Role, limit: int) -> FoundPassages:
        query = read_query(question, self._analyzer)
        if not query.words:
            return NOTHING_FOUND
        direct = await self._queries.candidates(query.terms, role, CANDIDATES)
        query = await corrections(query, direct.frequencies, self._queries)
        wide = await self._queries.candidates(query.all_terms, role, CANDIDATES)
        both = _together(direct, wide)
        ranked = rank(query, both, self._heading_terms)
        sure = confidence(query, ranked, both)
        return FoundPassages(tuple(ranked[:limit]), sure >= SURE, sure)


def confidence(query: Query, ranked: Sequence[Ranked], candidates: Candidates) -> float:
    return ranked[0].coverage if ranked else 0.0


def heading_terms(analyzer: TextAnalyzer):
    @lru_cache(maxsize=2_000)
    def of(heading: str) -> tuple[str, ...]:
        return tuple(term.value for term in analyzer.terms(heading) if not analyzer.is_stop_word(term.value))

    return of


def _together(*looks: Candidates) -> Candidates:
    """Several looks at the index as one."""
    found: dict[tuple[object, int], Candidate] = {}
    for look in looks:
        for candidate in look.found:
            found.setdefault((candidate.guide_id, candidate.passage.position), candidate)
    return replace(looks[-1], found=tuple(found.values()), frequencies=merged(look.frequencies for look in looks))
