"""Puts candidates in order: the one ranking behind every database, so that all of them answer alike."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from application.guides._evidence import Evidence, Question, TermsOf, weigh
from application.guides._query import Query
from application.ports.guides import Candidate, Candidates, TextAnalyzer

WEIGHTS: Mapping[str, float] = {
    "body": 5.26,
    "around": 4.88,
    "heading": 1.54,
    "above": 3.56,
    "title": 1.16,
    "tags": 3.69,
    "heading_fit": 3.63,
    "title_fit": 4.04,
    "phrase": 1.67,
    "first": 1.87,
    "short": 1.29,
    "history": -3.25,
    "guide": 0.61,
    "focus": 6.23,
    "support": 2.28,
}


@dataclass(frozen=True, slots=True)
class Ranked:
    """A candidate with its score, and the measures that the score is the weighted sum of."""

    candidate: Candidate
    score: float
    measures: Mapping[str, float]


def heading_reader(analyzer: TextAnalyzer) -> TermsOf:
    """Terms of headings and titles; the same few are asked for again and again."""

    @lru_cache(maxsize=4_000)
    def terms_of(heading: str) -> tuple[str, ...]:
        return tuple(term.value for term in analyzer.terms(heading) if not analyzer.is_stop_word(term.value))

    return terms_of


def rank(query: Query, candidates: Candidates, terms_of: TermsOf) -> list[Ranked]:
    """The candidates, best first; equal scores by title, place in the guide, and id."""
    question = Question(weigh(query, candidates), candidates.average_length, terms_of)
    guides: dict[UUID, list[Evidence]] = {}
    for candidate in candidates.found:
        guides.setdefault(candidate.guide_id, []).append(question.evidence(candidate))
    ranked: list[Ranked] = []
    for entries in guides.values():
        together = question.together(entries)
        ranked.extend(_ranked(entry, {**entry.measures, **together}) for entry in entries)
    ranked.sort(key=_order)
    return ranked


def _ranked(entry: Evidence, measures: Mapping[str, float]) -> Ranked:
    return Ranked(entry.candidate, sum(WEIGHTS[name] * value for name, value in measures.items()), measures)


def _order(ranked: Ranked) -> tuple[float, str, int, str]:
    candidate = ranked.candidate
    return (-round(ranked.score, 6), candidate.guide_title, candidate.passage.position, str(candidate.guide_id))
