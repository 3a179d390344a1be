"""The search index on SQLite: FTS5, ranked by its own bm25 with title terms counting double."""

from collections.abc import Collection, Mapping, Sequence

import msgspec
from sqlalchemy import Uuid, text
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.sql.passage_totals import PassageTotals
from adapters.sql.types import AnyRow
from domain.guides import GuideId

_NUMBERS = text(
    "SELECT NULL AS term, passages AS doc, terms AS length FROM guide_passage_totals "
    "UNION ALL SELECT v.term, v.doc, 0 FROM json_each(:terms) AS q "
    "CROSS JOIN guide_passages_terms AS v ON v.term = q.value"
)
# CROSS JOIN keeps FTS5 outermost: it yields passages by rank, and the walk ends at the limit.
_SEARCH = (
    "SELECT g.id, g.title, g.category, g.difficulty_level, "
    "p.position, p.heading, p.text, p.line, p.terms, p.title_terms "
    "FROM guide_passages_fts AS f CROSS JOIN guide_passages AS p ON p.pk = f.rowid "
    "CROSS JOIN telegram_guides AS g ON g.pk = p.guide_pk "
    "WHERE f.guide_passages_fts MATCH :query AND g.minimum_role <= :role {category}ORDER BY f.rank LIMIT :limit"
)
_ANY_CATEGORY = text(_SEARCH.format(category="")).columns(id=Uuid)
_ONE_CATEGORY = text(_SEARCH.format(category="AND g.category = :category ")).columns(id=Uuid)
_VOCABULARY = text(
    "SELECT term FROM guide_passages_terms WHERE term >= :first AND term < :beyond ORDER BY doc DESC, term LIMIT :limit"
)
# The guides are the outermost, and each of them leads to its rows by indexes alone.
_VECTORS = text(
    "SELECT g.id, p.position, v.vector FROM json_each(:guides) AS k "
    "CROSS JOIN telegram_guides AS g ON g.id = k.value "
    "CROSS JOIN guide_passages AS p ON p.guide_pk = g.pk "
    "CROSS JOIN guide_passage_vectors AS v ON v.passage_pk = p.pk AND v.model = :model "
    "WHERE p.is_active AND g.minimum_role <= :role"
).columns(id=Uuid)


async def numbers(connection: AsyncConnection, terms: Sequence[str]) -> tuple[PassageTotals, Mapping[str, int]]:
    """The totals, and in how many passages each of the terms occurs, those in none left out; one statement."""
    rows = (await connection.execute(_NUMBERS, {"terms": msgspec.json.encode(terms).decode()})).all()
    totals = next(PassageTotals(row.doc, row.length) for row in rows if row.term is None)
    return totals, {row.term: row.doc for row in rows if row.term is not None}


async def search(
    connection: AsyncConnection,
    weights: Mapping[str, float],
    role: int,
    category: str | None,
    limit: int,
) -> Sequence[AnyRow]:
    """The passages that hold any of the terms, the likeliest first."""
    parameters = {"query": " OR ".join(f'"{term}"' for term in weights), "role": role, "limit": limit}
    if category is None:
        return (await connection.execute(_ANY_CATEGORY, parameters)).all()
    return (await connection.execute(_ONE_CATEGORY, {**parameters, "category": category})).all()


async def vocabulary(connection: AsyncConnection, prefix: str, limit: int) -> Sequence[str]:
    """Indexed terms with the prefix, the most frequent first."""
    bounds = {"first": prefix, "beyond": f"{prefix}\U0010ffff", "limit": limit}
    return (await connection.execute(_VOCABULARY, bounds)).scalars().all()


async def vectors(connection: AsyncConnection, guides: Collection[GuideId], model: str, role: int) -> Sequence[AnyRow]:
    """The vectors of those of the guides that the role may read."""
    asked = msgspec.json.encode([guide_id.hex for guide_id in guides]).decode()
    return (await connection.execute(_VECTORS, {"guides": asked, "model": model, "role": role})).all()
