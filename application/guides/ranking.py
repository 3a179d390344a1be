"""Puts candidates in order: the one ranking behind every database, so that all of them answer alike."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from application.guides._evidence import Evidence, Question, TermsOf, weigh
from application.guides._query import Query
from application.ports.guides import Candidate, Candidates, PassageKey, TextAnalyzer

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

# In force where the similarity of every candidate is known. Fitted on eight libraries that are not part of the project,
# but for `history`: they hold next to none, so that it is a guess.
WEIGHTS_WITH_MEANING: Mapping[str, float] = {
    "body": 3.64,
    "around": 3.17,
    "phrase": 4.29,
    "title_fit": 1.17,
    "heading_fit": 3.61,
    "first": 0.3,
    "near": 6.76,
    "near_guide": 5.09,
    "near_whole": 5.42,
    "history": -1.0,
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
    by_guide = _by_guide(candidates.similarities)
    for guide_id, entries in guides.items():
        together = question.together(entries)
        near = _nearness(entries, candidates.similarities, by_guide.get(guide_id, ()))
        ranked.extend(
            _ranked(entry, {**entry.measures, **together, **own}) for entry, own in zip(entries, near, strict=True)
        )
    ranked.sort(key=_order)
    return ranked


def _by_guide(similarities: Mapping[PassageKey, float] | None) -> Mapping[UUID, Sequence[float]]:
    """The similarities of each guide's passages, the highest first."""
    found: dict[UUID, list[float]] = {}
    for (guide_id, _), similarity in (similarities or {}).items():
        found.setdefault(guide_id, []).append(similarity)
    return {guide_id: sorted(each, reverse=True) for guide_id, each in found.items()}


def _nearness(
    entries: Sequence[Evidence], similarities: Mapping[PassageKey, float] | None, guide: Sequence[float]
) -> Sequence[Mapping[str, float]]:
    """How near by meaning each passage of a guide is to the question, its three nearest are, and all of them are."""
    if similarities is None:
        return [{}] * len(entries)
    near_guide, mean = sum(guide[:3]) / len(guide[:3]), sum(guide) / len(guide)
    return [
        {"near": similarities[entry.candidate.key], "near_guide": near_guide, "near_whole": mean} for entry in entries
    ]


def _ranked(entry: Evidence, measures: Mapping[str, float]) -> Ranked:
    weights = WEIGHTS_WITH_MEANING if "near" in measures else WEIGHTS
    return Ranked(entry.candidate, sum(weight * measures[name] for name, weight in weights.items()), measures)


def _order(ranked: Ranked) -> tuple[float, str, int, str]:
    candidate = ranked.candidate
    return (-round(ranked.score, 6), candidate.guide_title, candidate.passage.position, str(candidate.guide_id))
