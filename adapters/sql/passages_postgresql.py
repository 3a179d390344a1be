"""The search index on PostgreSQL: a tsvector made without its parser, so that every term stays whole."""

from collections.abc import Mapping, Sequence

from sqlalchemy import ARRAY, Text, bindparam, text
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.sql.types import AnyRow

# A lexeme has at most 2046 bytes and a position at most 16383.
_MAX_TERM, _MAX_POSITION = 500, 16_383

_NUMBERS = text(
    "SELECT NULL AS term, passages AS doc, terms AS length FROM guide_passage_totals "
    "UNION ALL SELECT term, doc, 0 FROM guide_passages_terms WHERE term = ANY(:terms)"
).bindparams(bindparam("terms", type_=ARRAY(Text)))
_SEARCH = (
    "SELECT g.id, g.title, g.category, g.difficulty_level, "
    "p.position, p.heading, p.text, p.line, p.terms, p.title_terms "
    "FROM guide_passages AS p JOIN telegram_guides AS g ON g.pk = p.guide_pk "
    "WHERE p.is_active AND p.search_vector @@ :query AND g.minimum_role <= :role {category}"
    "ORDER BY ts_rank(p.search_vector, :query, 1) DESC, p.pk LIMIT :limit"
)
_ANY_CATEGORY = text(_SEARCH.format(category="")).bindparams(bindparam("query", type_=TSQUERY))
_ONE_CATEGORY = text(_SEARCH.format(category="AND g.category = :category ")).bindparams(
    bindparam("query", type_=TSQUERY), bindparam("category", type_=Text)
)
_VOCABULARY = text(
    'SELECT term FROM guide_passages_terms WHERE term >= :first COLLATE "C" AND term < :beyond COLLATE "C" '
    "AND doc > 0 ORDER BY doc DESC, term LIMIT :limit"
)


def vector(title_terms: Sequence[str], terms: Sequence[str]) -> str:
    """The text form of a passage's tsvector: title terms have the weight A."""
    places: dict[str, list[str]] = {}
    for position, (term, weight) in enumerate([(t, "A") for t in title_terms] + [(t, "") for t in terms], start=1):
        places.setdefault(term[:_MAX_TERM], []).append(f"{min(position, _MAX_POSITION)}{weight}")
    return " ".join(f"{_quoted(term)}:{','.join(found[:255])}" for term, found in places.items())


async def numbers(connection: AsyncConnection, terms: Sequence[str]) -> Sequence[AnyRow]:
    """A row (None, passages, terms) of all passages, and (term, passages, 0) of each indexed term."""
    return (await connection.execute(_NUMBERS, {"terms": list(terms)})).all()


async def search(
    connection: AsyncConnection,
    weights: Mapping[str, float],
    role: int,
    category: str | None,
    limit: int,
) -> Sequence[AnyRow]:
    """The passages that hold any of the terms, the likeliest first."""
    query = " | ".join(_quoted(term[:_MAX_TERM]) for term in weights)
    parameters = {"query": query, "role": role, "limit": limit}
    if category is None:
        return (await connection.execute(_ANY_CATEGORY, parameters)).all()
    return (await connection.execute(_ONE_CATEGORY, {**parameters, "category": category})).all()


async def vocabulary(connection: AsyncConnection, prefix: str, limit: int) -> Sequence[str]:
    """Indexed terms with the prefix, the most frequent first."""
    bounds = {"first": prefix, "beyond": f"{prefix}\U0010ffff", "limit": limit}
    return (await connection.execute(_VOCABULARY, bounds)).scalars().all()


def _quoted(term: str) -> str:
    return "'" + term.replace("\\", "\\\\").replace("'", "''") + "'"
