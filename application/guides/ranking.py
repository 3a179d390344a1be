"""Puts candidates in order: the one ranking behind every database, so that all of them answer alike."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from application.guides._query import Query, QueryWord, rarity
from application.ports.guides import Candidate, Candidates

TITLE, HEADING, BODY = 1.6, 2.2, 1.0
SATURATION, LENGTH_SHARE = 1.1, 0.55
GUIDE_SHARE, PHRASE_SHARE = 0.35, 0.5
FIELD_LENGTH = 6.0


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


@dataclass(frozen=True, slots=True)
class _Weighed:
    word: QueryWord
    weight: float
    values: Mapping[str, float]


@dataclass(slots=True)
class _Evidence:
    candidate: Candidate
    score: float
    held: list[float]
    matched: int


def rank(query: Query, candidates: Candidates, heading_terms: Callable[[str], Sequence[str]]) -> list[Ranked]:
    """The candidates, best first; equal scores by title, place in the guide, and id."""
    weighed = _weigh(query, candidates)
    total = sum(entry.weight for entry in weighed)
    if not total:
        return []
    evidence = [_evidence(weighed, found, candidates.average_length, heading_terms) for found in candidates.found]
    guides: dict[object, list[_Evidence]] = {}
    for entry in evidence:
        guides.setdefault(entry.candidate.guide_id, []).append(entry)
    ranked = [
        each
        for entries in guides.values()
        for each in _with_guide(entries, weighed, total)
    ]
    ranked.sort(key=_order)
    return ranked


def _order(ranked: Ranked) -> tuple[float, str, int, str]:
    candidate = ranked.candidate
    return (-round(ranked.score, 6), candidate.guide_title, candidate.passage.position, str(candidate.guide_id))


def _weigh(query: Query, candidates: Candidates) -> list[_Weighed]:
    """What each word is worth in this library: its rarity, by its best-known form."""
    weighed = []
    for word in query.words:
        frequency = candidates.frequencies.get(word.term, 0)
        values = {word.term: 1.0} | {
            term: value for term, value in word.related.items() if candidates.frequencies.get(term, 0)
        }
        weight = word.weight * rarity(frequency, candidates.passage_count)
        weighed.append(_Weighed(word, weight, values))
    return weighed


def _evidence(
    weighed: Sequence[_Weighed],
    candidate: Candidate,
    average_length: float,
    heading_terms: Callable[[str], Sequence[str]],
) -> _Evidence:
    passage = candidate.passage
    heading = heading_terms(passage.heading)
    body = passage.terms[len(heading) :]
    length = 1 - LENGTH_SHARE + LENGTH_SHARE * len(body) / max(average_length, 1.0)
    places: dict[str, list[int]] = {}
    for place, term in enumerate(body):
        places.setdefault(term, []).append(place)
    heading_counts, title_counts = _counts(heading), _counts(passage.title_terms)
    heading_norm = _field_norm(len(heading))
    title_norm = _field_norm(len(passage.title_terms))
    score, held, matched = 0.0, [], 0
    for entry in weighed:
        found, best = 0.0, 0.0
        for term, value in entry.values.items():
            strength = (
                BODY * len(places.get(term, ())) / length
                + HEADING * heading_counts.get(term, 0) / heading_norm
                + TITLE * title_counts.get(term, 0) / title_norm
            )
            if strength:
                found = max(found, value * strength / (strength + SATURATION))
                best = max(best, value)
        score += entry.weight * found * (1 + SATURATION)
        held.append(best)
        matched += best == 1.0
    score += PHRASE_SHARE * _phrases(weighed, places, heading, passage.title_terms)
    return _Evidence(candidate, score, held, matched)


def _counts(terms: Sequence[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for term in terms:
        counts[term] = counts.get(term, 0) + 1
    return counts


def _field_norm(length: int) -> float:
    return 0.5 + 0.5 * length / FIELD_LENGTH if length else 1.0


def _phrases(
    weighed: Sequence[_Weighed],
    places: Mapping[str, Sequence[int]],
    heading: Sequence[str],
    title: Sequence[str],
) -> float:
    """Neighbouring words of the question that stand near each other in the passage as well."""
    total = 0.0
    for left, right in zip(weighed, weighed[1:], strict=False):
        gap = _gap(places.get(left.word.term, ()), places.get(right.word.term, ()))
        for line in (heading, title):
            if left.word.term in line and right.word.term in line:
                gap = min(gap, 2)
        if gap <= 8:
            total += min(left.weight, right.weight) / math.sqrt(gap)
    return total


def _gap(left: Sequence[int], right: Sequence[int]) -> int:
    """The smallest distance between two sorted lists of places."""
    best, at = 1_000_000, 0
    for place in left:
        while at < len(right) and right[at] < place:
            best = min(best, place - right[at])
            at += 1
        if at < len(right):
            best = min(best, max(right[at] - place, 1))
    return best


def _with_guide(entries: list[_Evidence], weighed: Sequence[_Weighed], total: float) -> list[Ranked]:
    """Passages of one guide speak for each other: what the guide as a whole covers counts for each of them."""
    together = [max(entry.held[at] for entry in entries) for at in range(len(weighed))]
    guide_coverage = _covered(together, weighed, total)
    best = sorted((entry.score for entry in entries), reverse=True)
    ranked = []
    for entry in entries:
        coverage = _covered(entry.held, weighed, total)
        support = best[0] * guide_coverage + 0.3 * sum(best[1:3])
        score = entry.score * (0.4 + 0.6 * coverage) + GUIDE_SHARE * support
        ranked.append(Ranked(entry.candidate, score, coverage, guide_coverage, entry.matched))
    return ranked


def _covered(held: Sequence[float], weighed: Sequence[_Weighed], total: float) -> float:
    return sum(entry.weight * share for entry, share in zip(weighed, held, strict=True)) / total
