"""What speaks for a passage as the answer to a question: plain measures between 0 and about 1."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from application.guides._query import COMMON_ENOUGH, Query, QueryWord, rarity
from application.ports.guides import Candidate, Candidates

TermsOf = Callable[[str], Sequence[str]]

_SATURATION, _LENGTH_SHARE = 0.9, 0.6
_SEPARATOR = " > "
_HISTORY = re.compile(r"change ?log|release notes|release history|what'?s new|^v?\d+\.\d+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Weighed:
    """A word of the question and its share of the question's whole weight in this library.

    `values` holds the forms that some passage has: the word itself 1, related words less.
    """

    word: QueryWord
    share: float
    values: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Evidence:
    """The measures of one passage. `held` says of each word of the question how well the passage holds it."""

    candidate: Candidate
    held: tuple[float, ...]
    around: tuple[float, ...]
    matched: int
    measures: Mapping[str, float]


def weigh(query: Query, candidates: Candidates) -> list[Weighed]:
    """What each word is worth in this library, as shares of one."""
    known = candidates.frequencies
    rare = {term: rarity(known.get(term, 0), candidates.passage_count) for term in query.all_terms}
    worth = [_worth(word, rare, known) for word in query.words]
    whole = sum(worth)
    if not whole:
        return []
    weighed = []
    for word, value in zip(query.words, worth, strict=True):
        # A common word that stands for a rare one tells less than the rare one would.
        own = rare.get(word.term, value)
        values = {
            term: close * min(1.0, rare[term] / max(own, 0.1))
            for term, close in word.related.items()
            if known.get(term)
        }
        if word.term:
            values[word.term] = 1.0
        if value:
            weighed.append(Weighed(word, value / whole, values))
    return weighed


def _worth(word: QueryWord, rare: Mapping[str, float], known: Mapping[str, int]) -> float:
    """A word's rarity, a common word's less. A phrase is worth as much as the commonest of its meanings."""
    if not word.term:
        return word.weight * min((rare[term] for term in word.related if known.get(term)), default=0.0)
    return word.weight * (rare[word.term] if word.weight == 1.0 else min(rare[word.term], COMMON_ENOUGH))


def evidence(weighed: Sequence[Weighed], candidate: Candidate, average_length: float, terms_of: TermsOf) -> Evidence:
    """Measure one passage against the question."""
    passage = candidate.passage
    path = passage.heading.split(_SEPARATOR)
    whole, last = terms_of(passage.heading), terms_of(path[-1])
    above, title = whole[: len(whole) - len(last)], terms_of(candidate.guide_title)
    body = passage.terms[len(whole) :]
    places = _places(body)
    length = 1 - _LENGTH_SHARE + _LENGTH_SHARE * len(body) / max(average_length, 1.0)
    tags = passage.title_terms[len(title) :]
    in_body = [_strength(entry, places, length) for entry in weighed]
    body_has = [_best(entry, places) for entry in weighed]
    in_last, in_above, in_title, in_tags = (
        [_best(entry, line) for entry in weighed] for line in (last, above, title, tags)
    )
    text = [max(each) for each in zip(body_has, in_last, in_above, strict=True)]
    around = [max(each) for each in zip(text, in_title, in_tags, strict=True)]

    def total(held: Sequence[float]) -> float:
        return sum(entry.share * value for entry, value in zip(weighed, held, strict=True))

    return Evidence(
        candidate,
        tuple(text),
        tuple(around),
        sum(value == 1.0 for value in around),
        {
            "body": total(in_body),
            "around": total(around),
            "heading": total(in_last),
            "above": total([max(0.0, up - own) for up, own in zip(in_above, in_last, strict=True)]),
            "title": total(in_title),
            "tags": total(in_tags),
            "heading_fit": _fit(weighed, last, total(in_last)),
            "title_fit": _fit(weighed, title, total(in_title)),
            "phrase": _phrases(weighed, places, whole, title),
            "short": max(0.0, 1 - len(body) / 20),
            "first": float(passage.position == 0),
            "history": float(bool(_HISTORY.search(candidate.guide_title) or _HISTORY.search(passage.heading))),
        },
    )


def _places(terms: Sequence[str]) -> dict[str, list[int]]:
    places: dict[str, list[int]] = {}
    for place, term in enumerate(terms):
        places.setdefault(term, []).append(place)
    return places


def _strength(entry: Weighed, places: Mapping[str, Sequence[int]], length: float) -> float:
    """How strongly a text speaks of a word: each form adds to the others, none beyond 1."""
    lacking = 1.0
    for term, value in entry.values.items():
        if places_of := places.get(term):
            count = len(places_of)
            lacking *= 1 - value * count / (count + _SATURATION * length)
    return 1 - lacking


def _best(entry: Weighed, line: Sequence[str] | Mapping[str, object]) -> float:
    return max((value for term, value in entry.values.items() if term in line), default=0.0)


def _fit(weighed: Sequence[Weighed], line: Sequence[str], held: float) -> float:
    """How much a heading and the question are the same: the mean of what each says of the other."""
    if not line or not held:
        return 0.0
    spoken_of = sum(max(entry.values.get(term, 0.0) for entry in weighed) for term in line) / len(line)
    return 2 * spoken_of * held / (spoken_of + held)


def _phrases(
    weighed: Sequence[Weighed], places: Mapping[str, Sequence[int]], heading: Sequence[str], title: Sequence[str]
) -> float:
    """Neighbouring words of the question that stand near each other in the passage as well."""
    total = 0.0
    words = [entry for entry in weighed if entry.word.term]
    for left, right in pairwise(words):
        gap = _gap(places.get(left.word.term, ()), places.get(right.word.term, ()))
        for line in (heading, title):
            if left.word.term in line and right.word.term in line:
                gap = min(gap, 2)
        if gap <= 8:
            total += min(left.share, right.share) / gap
    return total


def _gap(left: Sequence[int], right: Sequence[int]) -> int:
    """The smallest distance between two sorted lists of places, a step backwards counting double."""
    best, at = 1_000_000, 0
    for place in left:
        while at < len(right) and right[at] < place:
            best = min(best, 2 * (place - right[at]))
            at += 1
        if at < len(right):
            best = min(best, max(right[at] - place, 1))
    return best


def guide_measures(entries: Sequence[Evidence], weighed: Sequence[Weighed]) -> Mapping[str, float]:
    """What a guide's passages say together: how much of the question they hold, and how many of them do."""
    shares = [entry.share for entry in weighed]
    together = [max(entry.around[at] for entry in entries) for at in range(len(weighed))]
    covers = sorted((entry.measures["body"] for entry in entries), reverse=True)
    return {
        "guide": sum(share * value for share, value in zip(shares, together, strict=True)),
        "support": sum(covers[1:4]) / 3,
        "focus": sum(covers) / (3 + max(entry.candidate.passage.position for entry in entries)),
    }
