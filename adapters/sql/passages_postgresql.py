"""The search index on PostgreSQL: a tsvector made without its parser, so that every term stays whole."""

import heapq
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter

from sqlalchemy import ARRAY, Double, Text, TextClause, Uuid, bindparam, text
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.sql.passage_totals import PassageTotals
from adapters.sql.types import AnyRow
from domain.guides import GuideId
from domain.identity import Role

# A lexeme has at most 2046 bytes and a position at most 16383.
_MAX_TERM, _MAX_POSITION = 500, 16_383
# Each weighed term costs a look into every passage found; the rest count through ts_rank alone.
_WEIGHED = 12

_NUMBERS = text(
    "SELECT NULL AS term, CAST(sum(passages) AS BIGINT) AS doc, CAST(sum(terms) AS BIGINT) AS length "
    "FROM guide_passage_totals WHERE minimum_role <= :role "
    "UNION ALL SELECT term, CAST(sum(doc) AS BIGINT), 0 FROM guide_passages_terms "
    "WHERE term = ANY(:terms) AND minimum_role <= :role GROUP BY term"
).bindparams(bindparam("terms", type_=ARRAY(Text)))
_SEARCH = """
SELECT g.id, g.title, g.category, g.difficulty_level,
  p.position, p.heading, p.text, p.line, p.terms, p.title_terms
FROM guide_passages AS p JOIN telegram_guides AS g ON g.pk = p.guide_pk
WHERE p.is_active AND p.search_vector @@ :query AND g.minimum_role <= :role {category}
ORDER BY {held} + ts_rank(p.search_vector, :query, 1) DESC, p.pk LIMIT :limit
"""
_VOCABULARY = text(
    'SELECT term FROM guide_passages_terms WHERE term >= :first COLLATE "C" AND term < :beyond COLLATE "C" '
    "AND minimum_role <= :role GROUP BY term HAVING sum(doc) > 0 ORDER BY sum(doc) DESC, term LIMIT :limit"
)
_VECTORS = text(
    "SELECT g.id, p.position, v.vector FROM unnest(:guides) AS k(id) "
    "JOIN telegram_guides AS g ON g.id = k.id "
    "JOIN guide_passages AS p ON p.guide_pk = g.pk "
    "JOIN guide_passage_vectors AS v ON v.passage_pk = p.pk AND v.model = :model "
    "WHERE p.is_active AND g.minimum_role <= :role"
).bindparams(bindparam("guides", type_=ARRAY(Uuid)))


def vector(title_terms: Sequence[str], terms: Sequence[str]) -> str:
    """The text form of a passage's tsvector: title terms have the weight A."""
    places: dict[str, list[str]] = {}
    for position, (term, weight) in enumerate([(t, "A") for t in title_terms] + [(t, "") for t in terms], start=1):
        places.setdefault(term[:_MAX_TERM], []).append(f"{min(position, _MAX_POSITION)}{weight}")
    return " ".join(f"{_quoted(term)}:{','.join(found[:255])}" for term, found in places.items())


async def numbers(
    connection: AsyncConnection, terms: Sequence[str], role: Role
) -> tuple[PassageTotals, Mapping[str, int]]:
    """The totals, and in how many passages each of the terms occurs, those in none left out; one statement."""
    asked = {term[:_MAX_TERM]: term for term in terms}
    rows = (await connection.execute(_NUMBERS, {"terms": list(asked), "role": int(role)})).all()
    totals = next(PassageTotals(row.doc, row.length) for row in rows if row.term is None)
    return totals, {asked[row.term]: row.doc for row in rows if row.term is not None}


async def search(
    connection: AsyncConnection,
    weights: Mapping[str, float],
    role: Role,
    category: str | None,
    limit: int,
) -> Sequence[AnyRow]:
    """The passages that hold any of the terms: those with the rarest terms first, among equals by ts_rank."""
    rarest = heapq.nlargest(_WEIGHED, weights.items(), key=itemgetter(1))
    parameters: dict[str, object] = {"query": " | ".join(_quoted(term) for term in weights), "role": int(role)}
    for index, (term, weight) in enumerate(rarest):
        parameters[f"term_{index}"], parameters[f"weight_{index}"] = _quoted(term), weight
    if category is not None:
        parameters["category"] = category
    statement = _statement(len(rarest), category is not None)
    return (await connection.execute(statement, {**parameters, "limit": limit})).all()


async def vocabulary(connection: AsyncConnection, prefix: str, role: Role, limit: int) -> Sequence[str]:
    """Indexed terms with the prefix, the most frequent first."""
    bounds = {"first": prefix, "beyond": f"{prefix}\U0010ffff", "role": int(role), "limit": limit}
    return (await connection.execute(_VOCABULARY, bounds)).scalars().all()


async def vectors(connection: AsyncConnection, guides: Collection[GuideId], model: str, role: Role) -> Sequence[AnyRow]:
    """The vectors of those of the guides that the role may read."""
    asked = {"guides": list(guides), "model": model, "role": int(role)}
    return (await connection.execute(_VECTORS, asked)).all()


@lru_cache(maxsize=64)
def _statement(weighed: int, in_category: bool) -> TextClause:
    held = " + ".join(
        f"CASE WHEN p.search_vector @@ :term_{index} THEN :weight_{index} ELSE 0 END" for index in range(weighed)
    )
    statement = text(_SEARCH.format(held=held, category="AND g.category = :category" if in_category else ""))
    return statement.bindparams(
        bindparam("query", type_=TSQUERY()),
        *(bindparam(f"term_{index}", type_=TSQUERY()) for index in range(weighed)),
        *(bindparam(f"weight_{index}", type_=Double()) for index in range(weighed)),
    )


def _quoted(term: str) -> str:
    term = term[:_MAX_TERM]
    return "'" + term.replace("\\", "\\\\").replace("'", "''") + "'"
