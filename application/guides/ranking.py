"""Puts candidates in order: the one ranking behind every database, so that all of them answer alike."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from application.guides._evidence import Evidence, TermsOf, evidence, guide_measures, weigh
from application.guides._query import Query
from application.ports.guides import Candidate, Candidates, TextAnalyzer

WEIGHTS: Mapping[str, float] = {
    "body": 4.40,
    "around": 5.27,
    "heading": 1.94,
    "above": 3.37,
    "title": 0.85,
    "tags": 4.44,
    "heading_fit": 3.44,
    "title_fit": 3.38,
    "phrase": 2.06,
    "first": 1.85,
    "short": 1.34,
    "history": -3.32,
    "guide": 0.87,
    "focus": 5.58,
    "support": 3.32,
}


@dataclass(frozen=True, slots=True)
class Ranked:
    """A candidate with its score and what the score rests on.

    `coverage` is the share of the question's weight that the passage holds, `guide_coverage` that of its guide;
    `matched` counts the question's own words (not related ones) in the passage.
    """

    candidate: Candidate
    score: float
    coverage: float
    guide_coverage: float
    matched: int
    measures: Mapping[str, float]


def heading_reader(analyzer: TextAnalyzer) -> TermsOf:
    """Terms of headings and titles; the same few are asked for again and again."""

    @lru_cache(maxsize=4_000)
    def terms_of(heading: str) -> tuple[str, ...]:
        return tuple(term.value for term in analyzer.terms(heading) if not analyzer.is_stop_word(term.value))

    return terms_of


def rank(query: Query, candidates: Candidates, terms_of: TermsOf) -> list[Ranked]:
    """The candidates, best first; equal scores by title, place in the guide, and id."""
    weighed = weigh(query, candidates)
    if not weighed:
        return []
    guides: dict[UUID, list[Evidence]] = {}
    for candidate in candidates.found:
        entry = evidence(weighed, candidate, candidates.average_length, terms_of)
        guides.setdefault(candidate.guide_id, []).append(entry)
    ranked = []
    for entries in guides.values():
        together = guide_measures(entries, weighed)
        ranked.extend(_ranked(entry, together) for entry in entries)
    ranked.sort(key=_order)
    return ranked


def _ranked(entry: Evidence, together: Mapping[str, float]) -> Ranked:
    measures = {**entry.measures, **together}
    score = sum(WEIGHTS[name] * value for name, value in measures.items())
    return Ranked(entry.candidate, score, measures["around"], measures["guide"], entry.matched, measures)


def _order(ranked: Ranked) -> tuple[float, str, int, str]:
    candidate = ranked.candidate
    return (-round(ranked.score, 6), candidate.guide_title, candidate.passage.position, str(candidate.guide_id))
