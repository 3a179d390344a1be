"""Words that no guide of the reader's has, taken for the nearest ones that some of them does."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from application.guides._query import Query, QueryWord
from application.ports.guides import PassageQueries
from domain.identity import Role

_SHORTEST = 5
_PREFIX = 2
_LOOKED_AT = 500
_MISSPELT, _SHORTENED = 0.8, 0.6


async def corrections(query: Query, frequencies: Mapping[str, int], queries: PassageQueries, role: Role) -> Query:
    """The query with likely meanings for unknown words: a slip of the pen, or the beginning of a longer word."""
    words = [
        await _corrected(word, queries, role) if word.term and not frequencies.get(word.term) else word
        for word in query.words
    ]
    return replace(query, words=tuple(words))


async def _corrected(word: QueryWord, queries: PassageQueries, role: Role) -> QueryWord:
    if len(word.term) < _SHORTEST - 1 or any(c.isdigit() for c in word.term):
        return word
    known = await queries.vocabulary(word.term[:_PREFIX], role, _LOOKED_AT)
    meant = _nearest(word.term, known)
    return replace(word, related={**word.related, **meant}) if meant else word


def _nearest(term: str, known: Sequence[str]) -> dict[str, float]:
    allowed = 0 if len(term) < _SHORTEST else 1 if len(term) < 9 else 2
    close = [(distance(term, other, allowed), at, other) for at, other in enumerate(known)]
    within = [entry for entry in close if entry[0] <= allowed]
    if within:
        return {min(within)[2]: _MISSPELT}
    longer = [other for other in known if other.startswith(term) and len(other) > len(term)]
    return dict.fromkeys(longer[:2], _SHORTENED)


def distance(left: str, right: str, most: int) -> int:
    """Edits between two words, a swap of neighbours counting as one; `most + 1` when there are more."""
    if abs(len(left) - len(right)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        older, before = before, row
        row = [i]
        for j, b in enumerate(right, 1):
            cost = min(before[j] + 1, row[-1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == right[j - 2] and left[i - 2] == b:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
    return min(row[-1], most + 1)
