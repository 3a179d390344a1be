"""Finding the passages that answer a question, and the guides that match a search."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from application.allowances import Allowance
from application.guides._confidence import confidence, is_sure, near_misses
from application.guides._query import Leaning, Query, QueryReader
from application.guides._snippets import snippet
from application.guides._spelling import corrections
from application.guides.meaning import Meaning, with_nearest
from application.guides.ranking import Ranked, heading_reader, rank
from application.ports.embedding import Embedder, Embedding
from application.ports.guides import (
    Candidate,
    Candidates,
    GuideQueries,
    GuideSummary,
    PassageKey,
    PassageQueries,
    TextAnalyzer,
)
from domain.identity import Actor, Role

CANDIDATES = 120


@dataclass(frozen=True, slots=True)
class FoundPassages:
    """Ranked passages: the best of each section, best first, then what else these sections hold.

    `confident` says whether the first of them can be taken for an answer; `confidence` (0 to 1) is what it rests on.
    `near` is the best passage of each guide that comes close to a question without an answer, best first.
    """

    passages: tuple[Ranked, ...]
    confident: bool
    confidence: float
    near: tuple[Ranked, ...] = ()


@dataclass(frozen=True, slots=True)
class GuideSearchHit:
    """A guide that matches a search, with its best passage: where it stands, and how it reads.

    `snippet` is plain text that marks the found words with U+E000 and U+E001; `line` counts from 0.
    """

    guide: GuideSummary
    heading: str
    line: int
    snippet: str
    score: float


class PassageFinder:
    """Finds passages for a question in plain words.

    The question's own words are looked up first, related ones second.
    A word that no guide of the reader's has is taken for the nearest known one.
    With an embedder, passages that mean the same in other words are looked up beside them.
    """

    def __init__(self, queries: PassageQueries, analyzer: TextAnalyzer, embedder: Embedder | None = None) -> None:
        self._queries = queries
        self._meaning = Meaning(queries, embedder)
        self._reader = QueryReader(analyzer)
        self._heading_terms = heading_reader(analyzer)

    async def find(self, question: str, role: Role, limit: int, *, context: Sequence[str] = ()) -> FoundPassages:
        """Up to `limit` passages that `role` may read.

        `context` are the member's questions before this one, oldest first: what a follow-up like "and on weekends?"
        leaves unsaid is taken from the last of them. What comes near is judged by the question's own words.
        """
        leaning = self._reader.leans(question) if context else Leaning.NOT
        if leaning is Leaning.NOT:
            return await self._find(question, role, limit)
        together = f"{context[-1]}\n{question}"
        first, second = (together, question) if leaning is Leaning.FULLY else (question, together)
        found = await self._find(first, role, limit)
        if found.confident:
            return found
        other = await self._find(second, role, limit)
        return other if other.confident or second == question else replace(other, near=found.near)

    async def _find(self, question: str, role: Role, limit: int) -> FoundPassages:
        query = self._reader.read(question)
        if not query.words:
            return FoundPassages((), confident=False, confidence=0.0)
        meaning = asyncio.create_task(self._meaning.vector(question))
        try:
            query, found = await self._by_words(query, role)
            found = await self._by_meaning(await meaning, role, found)
        finally:
            meaning.cancel()
        ranked = rank(query, found, self._heading_terms)
        sure = confidence(query, ranked, found, self._heading_terms)
        confident = is_sure(sure, found)
        near = () if confident else near_misses(sure, ranked)
        return FoundPassages(_sections_first(ranked[:limit]), confident=confident, confidence=sure, near=near)

    async def _by_words(self, query: Query, role: Role) -> tuple[Query, Candidates]:
        direct = await self._queries.candidates(query.terms, role, CANDIDATES)
        query = await corrections(query, direct.frequencies, self._queries, role)
        wide = await self._queries.candidates(query.all_terms, role, CANDIDATES)
        return query, _together(direct, wide)

    async def _by_meaning(self, question: Embedding | None, role: Role, found: Candidates) -> Candidates:
        return with_nearest(found, await self._meaning.near(question, role, found)) or found


class GuideSearch:
    """Search of the library by words, a hit a guide, by its best passage."""

    def __init__(
        self,
        passage_queries: PassageQueries,
        guide_queries: GuideQueries,
        analyzer: TextAnalyzer,
        searches: Allowance,
    ) -> None:
        self._passages = passage_queries
        self._guides = guide_queries
        self._analyzer = analyzer
        self._searches = searches
        self._reader = QueryReader(analyzer)
        self._heading_terms = heading_reader(analyzer)

    async def search(self, actor: Actor, query: str, limit: int, category: str | None = None) -> list[GuideSearchHit]:
        """The best matching guides that the actor may read. Related words count only when the words alone find none.

        Raises `TooManyRequests` where a member searches too often.
        """
        words = self._reader.read(query, widen=False)
        if not words.words:
            return []
        await self._searches.take(actor)
        best = await self._best(words, actor.role, limit, category)
        if not best:
            best = await self._best(self._reader.read(query), actor.role, limit, category)
        guides = await self._guides.summaries(actor.member_id, actor.role, [each.candidate.guide_id for each in best])
        return [
            self._hit(guides[each.candidate.guide_id], each, words)
            for each in best
            if each.candidate.guide_id in guides
        ]

    async def _best(self, query: Query, role: Role, limit: int, category: str | None) -> list[Ranked]:
        """The best passage of each guide, best guide first."""
        found = await self._passages.candidates(query.all_terms, role, CANDIDATES, category=category)
        meant = await corrections(query, found.frequencies, self._passages, role)
        if meant != query:
            more = await self._passages.candidates(meant.all_terms, role, CANDIDATES, category=category)
            found, query = _together(found, more), meant
        firsts: dict[UUID, Ranked] = {}
        for ranked in rank(query, found, self._heading_terms):
            firsts.setdefault(ranked.candidate.guide_id, ranked)
        return list(firsts.values())[:limit]

    def _hit(self, guide: GuideSummary, best: Ranked, query: Query) -> GuideSearchHit:
        passage = best.candidate.passage
        return GuideSearchHit(
            guide=guide,
            heading=passage.heading,
            line=passage.line,
            snippet=snippet(passage.text, set(query.all_terms), self._analyzer),
            score=best.score,
        )


def _sections_first(ranked: Sequence[Ranked]) -> tuple[Ranked, ...]:
    """A second passage of a section adds least, so that who quotes a few sections takes the first ones."""
    firsts: dict[tuple[UUID, str], Ranked] = {}
    for each in ranked:
        firsts.setdefault((each.candidate.guide_id, each.candidate.passage.heading), each)
    best = list(firsts.values())
    return (*best, *(each for each in ranked if all(each is not first for first in best)))


def _together(first: Candidates, second: Candidates) -> Candidates:
    """Two looks at the index as one."""
    found: dict[PassageKey, Candidate] = {}
    for candidate in (*first.found, *second.found):
        found.setdefault(candidate.key, candidate)
    return replace(second, found=tuple(found.values()), frequencies={**first.frequencies, **second.frequencies})
