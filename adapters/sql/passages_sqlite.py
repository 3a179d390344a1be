"""The search index on SQLite: FTS5, ranked by its own bm25 with title terms counting double."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import msgspec
from sqlalchemy import TextClause, TextualSelect, Uuid, text
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.sql.passage_totals import PassageTotals
from adapters.sql.tables.search import index_of, terms_of
from adapters.sql.types import AnyRow
from domain.guides import GuideId
from domain.identity import Role

_NUMBERS = (
    "SELECT NULL AS term, sum(passages) AS doc, sum(terms) AS length FROM guide_passage_totals "
    "WHERE minimum_role <= :role UNION ALL SELECT v.term, v.doc, 0 FROM json_each(:terms) AS q "
    "CROSS JOIN {terms} AS v ON v.term = q.value"
)
# CROSS JOIN keeps FTS5 outermost: it yields passages by rank, and the walk ends at the limit.
_SEARCH = (
    "SELECT g.id, g.title, g.category, g.difficulty_level, "
    "p.position, p.heading, p.text, p.line, p.terms, p.title_terms "
    "FROM {index} AS f CROSS JOIN guide_passages AS p ON p.pk = f.rowid "
    "CROSS JOIN telegram_guides AS g ON g.pk = p.guide_pk "
    "WHERE f.{index} MATCH :query AND g.minimum_role <= :role {category}ORDER BY f.rank LIMIT :limit"
)
_VOCABULARY = "SELECT term FROM {terms} WHERE term >= :first AND term < :beyond ORDER BY doc DESC, term LIMIT :limit"
# The guides are the outermost, and each of them leads to its rows by indexes alone.
_VECTORS = text(
    "SELECT g.id, p.position, v.vector FROM json_each(:guides) AS k "
    "CROSS JOIN telegram_guides AS g ON g.id = k.value "
    "CROSS JOIN guide_passages AS p ON p.guide_pk = g.pk "
    "CROSS JOIN guide_passage_vectors AS v ON v.passage_pk = p.pk AND v.model = :model "
    "WHERE p.is_active AND g.minimum_role <= :role"
).columns(id=Uuid)


@dataclass(frozen=True, slots=True)
class _Statements:
    """What asks the index of one role: FTS5 ranks by the numbers of a whole table."""

    numbers: TextClause
    any_category: TextualSelect
    one_category: TextualSelect
    vocabulary: TextClause


def _statements(index: str, terms: str) -> _Statements:
    return _Statements(
        numbers=text(_NUMBERS.format(terms=terms)),
        any_category=text(_SEARCH.format(index=index, category="")).columns(id=Uuid),
        one_category=text(_SEARCH.format(index=index, category="AND g.category = :category ")).columns(id=Uuid),
        vocabulary=text(_VOCABULARY.format(terms=terms)),
    )


_OF = {role: _statements(index_of(role), terms_of(role)) for role in Role}


async def numbers(
    connection: AsyncConnection, terms: Sequence[str], role: Role
) -> tuple[PassageTotals, Mapping[str, int]]:
    """The totals, and in how many passages each of the terms occurs, those in none left out; one statement."""
    asked = {"terms": msgspec.json.encode(terms).decode(), "role": int(role)}
    rows = (await connection.execute(_OF[role].numbers, asked)).all()
    totals = next(PassageTotals(row.doc, row.length) for row in rows if row.term is None)
    return totals, {row.term: row.doc for row in rows if row.term is not None}


async def search(
    connection: AsyncConnection,
    weights: Mapping[str, float],
    role: Role,
    category: str | None,
    limit: int,
) -> Sequence[AnyRow]:
    """The passages that hold any of the terms, the likeliest first."""
    parameters = {"query": " OR ".join(f'"{term}"' for term in weights), "role": int(role), "limit": limit}
    if category is None:
        return (await connection.execute(_OF[role].any_category, parameters)).all()
    return (await connection.execute(_OF[role].one_category, {**parameters, "category": category})).all()


async def vocabulary(connection: AsyncConnection, prefix: str, role: Role, limit: int) -> Sequence[str]:
    """Indexed terms with the prefix, the most frequent first."""
    bounds = {"first": prefix, "beyond": f"{prefix}\U0010ffff", "limit": limit}
    return (await connection.execute(_OF[role].vocabulary, bounds)).scalars().all()


async def vectors(connection: AsyncConnection, guides: Collection[GuideId], model: str, role: Role) -> Sequence[AnyRow]:
    """The vectors of those of the guides that the role may read."""
    asked = msgspec.json.encode([guide_id.hex for guide_id in guides]).decode()
    return (await connection.execute(_VECTORS, {"guides": asked, "model": model, "role": int(role)})).all()
