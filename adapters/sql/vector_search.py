"""Finds the passages nearest to a question among all vectors of a model, which the process keeps in memory.

What is kept is only ever a guess at what to look up. Each passage that is handed out is read from the database in the
same call, with the role and the category in the statement: a vector whose passage was replaced, retired or raised out
of the reader's reach meanwhile leads nowhere. Nothing new is missed either: a vector's row is never changed, ids are
given out under a lock in the order of the commits and never twice, so the rows beyond the last id read are all that
is new.
"""

import asyncio
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.sql.database import Database
from adapters.sql.tables import guide_passage_vector_ids, guide_passage_vectors, guide_passages, telegram_guides
from adapters.sql.types import AnyRow
from application.ports.embedding import EmbedderUnavailable, Embedding

if TYPE_CHECKING:
    from adapters.sql.vector_matrix import VectorMatrix

PAGE = 500
# Looked up first, for each passage wanted; four times as many when the reader may not see enough of them, and so on.
AHEAD = 2
# Vectors of passages that are gone are dropped once they outnumber the others by this many.
SLACK = 1_000

_passages, _guides, _vectors = guide_passages.c, telegram_guides.c, guide_passage_vectors.c
_LAST = select(guide_passage_vector_ids.c.last)
_COUNT = select(func.count()).select_from(guide_passage_vectors).where(_vectors.model == bindparam("model"))
_NEW = (
    select(_vectors.id, _vectors.vector)
    .where(_vectors.id > bindparam("known"), _vectors.id <= bindparam("last"), _vectors.model == bindparam("model"))
    .order_by(_vectors.id)
    .limit(PAGE)
)
_READABLE = (
    select(
        _vectors.id.label("vector_id"),
        _guides.id,
        _guides.title,
        _guides.category,
        _guides.difficulty_level,
        _passages.position,
        _passages.heading,
        _passages.text,
        _passages.line,
        _passages.terms,
        _passages.title_terms,
    )
    .join_from(guide_passage_vectors, guide_passages, _passages.pk == _vectors.passage_pk)
    .join(telegram_guides, _guides.pk == _passages.guide_pk)
    .where(
        _vectors.id.in_(bindparam("ids", expanding=True)),
        _passages.is_active,
        _guides.minimum_role <= bindparam("role"),
    )
)
_READABLE_OF_CATEGORY = _READABLE.where(_guides.category == bindparam("category"))


class VectorSearch:
    """The vectors of one model at a time, read when first asked for and kept up to date."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._model: str | None = None
        self._matrix: VectorMatrix | None = None
        self._known = 0
        self._lock = asyncio.Lock()

    async def nearest(
        self, question: Embedding, model: str, role: int, category: str | None, limit: int
    ) -> list[tuple[float, AnyRow]]:
        """Up to `limit` readable passages with their similarity, the nearest first, equal ones by guide and place."""
        matrix = await self._fresh(model)
        ranking = await asyncio.to_thread(matrix.ranking, question)
        parameters: dict[str, object] = {"role": role}
        statement = _READABLE
        if category is not None:
            statement, parameters["category"] = _READABLE_OF_CATEGORY, category
        found: list[tuple[float, AnyRow]] = []
        async with self._database.read() as connection:
            for near in ranking.steps(AHEAD * limit):
                for ids in _pages(list(near)):
                    rows = await connection.execute(statement, {**parameters, "ids": ids})
                    found += [(near[row.vector_id], row) for row in rows]
                if len(found) >= limit:
                    break
        found.sort(key=lambda each: (-each[0], each[1].id, each[1].position))
        return found[:limit]

    async def similarities(self, question: Embedding, rows: Sequence[AnyRow]) -> list[float]:
        """How near the vectors of these rows are."""
        matrix_type = _matrix_type()
        return await asyncio.to_thread(matrix_type.similarities, question, [row.vector for row in rows])

    async def _fresh(self, model: str) -> "VectorMatrix":
        async with self._lock, self._database.read() as connection:
            last = (await connection.execute(_LAST)).scalar_one_or_none() or 0
            matrix = self._matrix
            if matrix is None or model != self._model or last < self._known:
                matrix = self._begin(model)
            if last > self._known:
                await self._read(connection, matrix, last)
                count = (await connection.execute(_COUNT, {"model": model})).scalar_one()
                if len(matrix) > 2 * count + SLACK:
                    matrix = self._begin(model)
                    await self._read(connection, matrix, last)
            return matrix

    def _begin(self, model: str) -> "VectorMatrix":
        self._model, self._known = model, 0
        self._matrix = matrix = _matrix_type()()
        return matrix

    async def _read(self, connection: AsyncConnection, matrix: "VectorMatrix", last: int) -> None:
        while True:
            bounds = {"known": self._known, "last": last, "model": self._model}
            rows = (await connection.execute(_NEW, bounds)).all()
            if not rows:
                self._known = last
                return
            # Both in one step of the loop: a cancellation finds either none of the rows or all of them.
            matrix.append([row.id for row in rows], [row.vector for row in rows])
            self._known = rows[-1].id


def _pages(ids: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(ids), PAGE):
        yield ids[start : start + PAGE]


def _matrix_type() -> "type[VectorMatrix]":
    try:
        from adapters.sql.vector_matrix import VectorMatrix
    except ImportError as error:
        raise EmbedderUnavailable("numpy is not installed; run `pip install 'numpy>=2.2'`") from error
    return VectorMatrix
