"""All that a reader of one role can see of a library by searching and asking."""

from collections.abc import Sequence

from adapters.memory.embedder import WordEmbedder
from application.guides.embedding import PassageEmbedding
from application.guides.library import GuideDraft, GuideLibrary
from application.guides.ranking import Ranked
from application.guides.search import GuideSearch, PassageFinder
from domain.guides import DEFAULT_CATEGORIES, GuideId
from domain.identity import OPERATOR, Actor, Role
from tests.support.analyzer import ANALYZER
from tests.support.backend import Backend
from tests.support.limits import unlimited

LIMITS = (1, 3, 100)


class Shelf:
    """A library on a backend; without an embedder, questions are answered by words alone."""

    def __init__(self, backend: Backend, embedder: WordEmbedder | None = None) -> None:
        self.backend = backend
        self.library = GuideLibrary(backend.unit_of_work, ANALYZER, backend.clock, backend.ids, DEFAULT_CATEGORIES)
        self.search = GuideSearch(backend.passages, backend.guides, ANALYZER, unlimited())
        self._embedder = embedder
        self._finder = PassageFinder(backend.passages, ANALYZER, embedder)

    async def add(self, *drafts: GuideDraft) -> list[GuideId]:
        """These guides, with their vectors."""
        made = [await self.library.create(OPERATOR, draft) for draft in drafts]
        await self.embed()
        return made

    async def embed(self) -> None:
        """The vectors that are lacking."""
        if self._embedder is not None:
            embedding = PassageEmbedding(self.backend.unit_of_work, self.backend.passages, self._embedder)
            assert [looked async for looked in embedding.embed_lacking(OPERATOR)]

    async def seen_by(self, role: Role, queries: Sequence[str]) -> list[object]:
        """What is found, in which order, with every number; what words are known, and what comes near."""
        seen: list[object] = []
        for query in queries:
            hits = await self.search.search(Actor(None, role), query, 10)
            seen += [query, hits, await self._answer(role, query)]
            seen += [await self._candidates(role, query, limit) for limit in LIMITS]
            seen += [list(await self.backend.passages.vocabulary(query[:2], role, limit)) for limit in LIMITS]
        return seen

    async def _answer(self, role: Role, question: str) -> object:
        found = await self._finder.find(question, role, 6)
        return _scored(found.passages), found.confident, found.confidence, _scored(found.near)

    async def _candidates(self, role: Role, query: str, limit: int) -> object:
        terms = [term.value for term in ANALYZER.terms(query)]
        found = await self.backend.passages.candidates(terms, role, limit)
        keys = [candidate.key for candidate in found.found]
        return keys, found.passage_count, found.average_length, dict(found.frequencies)


def _scored(ranked: Sequence[Ranked]) -> list[object]:
    return [(each.candidate.key, each.score, each.measures) for each in ranked]
