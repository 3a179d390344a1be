"""Whether the best passage answers the question at all: the refusal rests on this."""

from collections.abc import Sequence

from application.guides._query import Query
from application.guides.ranking import Ranked
from application.ports.guides import Candidates

SURE = 0.5


def confidence(query: Query, ranked: Sequence[Ranked], candidates: Candidates) -> float:
    """From 0 to 1."""
    if not ranked:
        return 0.0
    return ranked[0].coverage
