"""The search index: passages written with their guide, and candidates found by the engine's full text."""

import math
import re
from collections.abc import Mapping, Sequence

from sqlalchemy import bindparam, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.sql import passage_vectors, passages_postgresql, passages_sqlite
from adapters.sql.database import Database
from adapters.sql.tables import guide_passages, telegram_guides
from adapters.sql.transaction import Transaction
from adapters.sql.types import AnyRow
from adapters.sql.vector_search import VectorSearch
from application.ports.embedding import Embedding
from application.ports.guides import (
    Candidate,
    Candidates,
    IndexedPassage,
    Nearest,
    PassageKey,
    PassageQueries,
    PassageRepository,
    PassageText,
)
from domain.errors import Conflict
from domain.guides import Difficulty, GuideId
from domain.identity import Role

# Held until the end, against who keeps vectors of the passages that go.
_GUIDE = (
    select(telegram_guides.c.pk, telegram_guides.c.is_active, telegram_guides.c.minimum_role)
    .where(telegram_guides.c.id == bindparam("key"))
    .with_for_update(key_share=True)
)
_DELETE = delete(guide_passages).where(guide_passages.c.guide_pk == bindparam("key"))


# What is not made of word characters is in no index, and has no place in the engines' query languages.
_TERM, _BEGINNING = re.compile(r"\w+"), re.compile(r"\w*")


class SqlPassageRepository(PassageRepository):
    """Passages of retired guides are kept, outside of the index."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def replace(self, guide_id: GuideId, passages: Sequence[IndexedPassage]) -> None:
        guide = await self._transaction.first(_GUIDE, {"key": guide_id})
        if guide is None:
            raise Conflict("The guide does not exist any more.", guide_id=str(guide_id))
        await self._transaction.execute(_DELETE, {"key": guide.pk})
        rows = [_to_row(passage, guide, is_sqlite=self._transaction.is_sqlite) for passage in passages]
        if rows:
            await self._transaction.execute(insert(guide_passages).values(rows))

    async def keep_vectors(self, model: str, vectors: Sequence[tuple[PassageText, Embedding]]) -> int:
        return await passage_vectors.keep(self._transaction, model, vectors)


class SqlPassageQueries(PassageQueries):
    """Both engines index the same terms as they are, so they find the same passages."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._engine = passages_sqlite if database.is_sqlite else passages_postgresql
        self._vectors = VectorSearch(database)

    async def candidates(
        self, terms: Sequence[str], role: Role, limit: int, *, category: str | None = None
    ) -> Candidates:
        async with self._database.read() as connection:
            passage_count, term_count, frequencies = await self._numbers(connection, terms, role)
            rows: Sequence[AnyRow] = ()
            weights = {term: math.log1p(passage_count / count) for term, count in frequencies.items() if count}
            if weights:
                rows = await self._engine.search(connection, weights, role, category, limit)
        return Candidates(
            found=tuple(_candidate(row) for row in rows),
            passage_count=passage_count,
            average_length=term_count / passage_count if passage_count else 0.0,
            frequencies=frequencies,
        )

    async def vocabulary(self, prefix: str, role: Role, limit: int) -> Sequence[str]:
        if not _BEGINNING.fullmatch(prefix):
            return ()
        async with self._database.read() as connection:
            return tuple(await self._engine.vocabulary(connection, prefix, role, limit))

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
        nearest = await self._vectors.nearest(question, model, int(role), category, limit)
        found = tuple(_candidate(row) for _, row in nearest)
        rows: Sequence[AnyRow] = ()
        if guides := {guide_id for guide_id, _ in known} | {candidate.guide_id for candidate in found}:
            async with self._database.read() as connection:
                rows = await self._engine.vectors(connection, guides, model, role)
        similarities = await self._vectors.similarities(question, rows)
        near = {(GuideId(row.id), row.position): each for row, each in zip(rows, similarities, strict=True)}
        near |= {candidate.key: similarity for candidate, (similarity, _) in zip(found, nearest, strict=True)}
        return Nearest(found, near)

    async def lacking_vectors(self, model: str, limit: int) -> Sequence[PassageText]:
        async with self._database.read() as connection:
            rows = (await connection.execute(passage_vectors.LACKING, {"model": model, "limit": limit})).all()
        return [passage_vectors.as_text(row) for row in rows]

    async def count_lacking_vectors(self, model: str) -> int:
        async with self._database.read() as connection:
            return int((await connection.execute(passage_vectors.COUNT_LACKING, {"model": model})).scalar_one())

    async def _numbers(
        self, connection: AsyncConnection, terms: Sequence[str], role: Role
    ) -> tuple[int, int, Mapping[str, int]]:
        frequencies = dict.fromkeys(terms, 0)
        words = [term for term in frequencies if _TERM.fullmatch(term)]
        totals, found = await self._engine.numbers(connection, words, role)
        return totals.passages, totals.terms, frequencies | found


def _to_row(passage: IndexedPassage, guide: AnyRow, *, is_sqlite: bool) -> dict[str, object]:
    return {
        "guide_pk": guide.pk,
        "position": passage.position,
        "heading": passage.heading,
        "text": passage.text,
        "line": passage.line,
        "terms": " ".join(passage.terms),
        "title_terms": " ".join(passage.title_terms),
        "length": len(passage.terms),
        "is_active": guide.is_active,
        "minimum_role": guide.minimum_role,
        "search_vector": None if is_sqlite else passages_postgresql.vector(passage.title_terms, passage.terms),
    }


def _candidate(row: AnyRow) -> Candidate:
    passage = IndexedPassage(
        position=row.position,
        heading=row.heading,
        text=row.text,
        line=row.line,
        terms=tuple(row.terms.split(" ")) if row.terms else (),
        title_terms=tuple(row.title_terms.split(" ")) if row.title_terms else (),
    )
    return Candidate(GuideId(row.id), row.title, row.category, Difficulty(row.difficulty_level), passage)
