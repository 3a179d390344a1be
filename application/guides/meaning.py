"""The second list of candidates: passages that mean what the question means, whatever their words."""

import logging
from dataclasses import replace

from application.guides.embedding import vectors_name
from application.ports.embedding import Embedder, EmbedderUnavailable, Embedding
from application.ports.guides import Candidates, Nearest, PassageQueries
from domain.identity import Role

NEAREST = 50

_log = logging.getLogger(__name__)


class Meaning:
    """Looks for passages by the question's vector. Where there is none, words have to do."""

    def __init__(self, queries: PassageQueries, embedder: Embedder | None) -> None:
        self._queries = queries
        self._embedder = embedder

    async def vector(self, question: str) -> Embedding | None:
        """The question's vector. None without an embedder: what is missing is logged, once."""
        if self._embedder is None:
            return None
        try:
            (found,) = await self._embedder.embed([question])
        except EmbedderUnavailable as error:
            self._give_up(error)
            return None
        except Exception:  # noqa: BLE001 - words alone find most answers, and the fault is in the log
            _log.exception("question_not_embedded")
            return None
        return found

    async def near(self, question: Embedding | None, role: Role, by_words: Candidates) -> Nearest | None:
        """What is nearest to the question, with the similarities of the passages that its words found."""
        if question is None or self._embedder is None:
            return None
        known = [candidate.key for candidate in by_words.found]
        try:
            return await self._queries.nearest(question, vectors_name(self._embedder), role, NEAREST, known=known)
        except EmbedderUnavailable as error:
            self._give_up(error)
            return None

    def _give_up(self, error: EmbedderUnavailable) -> None:
        _log.info("questions_answered_by_words_only", extra={"reason": str(error)})
        self._embedder = None


def with_nearest(by_words: Candidates, nearest: Nearest | None) -> Candidates | None:
    """Both lists as one; None unless every passage that the words found can be compared by meaning.

    Passages without a vector would stand behind all others, however well they answer. Until a change of the library is
    embedded, words alone decide.
    """
    if nearest is None or any(candidate.key not in nearest.similarities for candidate in by_words.found):
        return None
    there = {candidate.key for candidate in by_words.found}
    found = (*by_words.found, *(candidate for candidate in nearest.found if candidate.key not in there))
    return replace(by_words, found=found, similarities=nearest.similarities)
