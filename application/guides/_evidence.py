"""What speaks for a passage as the answer to a question: plain measures between 0 and about 1."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from operator import mul

from application.guides._query import COMMON_ENOUGH, Query, QueryWord, rarity
from application.ports.guides import Candidate, Candidates

TermsOf = Callable[[str], tuple[str, ...]]

_SATURATION, _LENGTH_SHARE = 0.9, 0.6
_STUB = 20
_NEAR = 8
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
    """The measures of one passage. `held` says of each word of the question how well passage and title hold it."""

    candidate: Candidate
    held: Sequence[float]
    measures: Mapping[str, float]


def weigh(query: Query, candidates: Candidates) -> list[Weighed]:
    """What each word is worth in this library, as shares of one."""
    known = candidates.frequencies
    rare = {term: rarity(known.get(term, 0), candidates.passage_count) for term in query.all_terms}
    worth = [_worth(word, rare, known) for word in query.words]
    whole = sum(worth)
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
    return word.weight * (min(rare[word.term], COMMON_ENOUGH) if word.is_light else rare[word.term])


@dataclass(frozen=True, slots=True)
class _Line:
    """A heading or title: what it holds of each word, in all, and how much it and the question are the same."""

    held: Sequence[float]
    total: float
    fit: float


class Question:
    """A weighed question, ready to be held against many passages."""

    def __init__(self, weighed: Sequence[Weighed], average_length: float, terms_of: TermsOf) -> None:
        self._shares = [entry.share for entry in weighed]
        self._average_length = max(average_length, 1.0)
        self._terms_of = terms_of
        self._forms: dict[str, list[tuple[int, float]]] = {}
        for index, entry in enumerate(weighed):
            for term, value in entry.values.items():
                self._forms.setdefault(term, []).append((index, value))
        words = [entry for entry in weighed if entry.word.term]
        self._pairs = [
            (left.word.term, right.word.term, min(left.share, right.share)) for left, right in pairwise(words)
        ]
        self._lines: dict[tuple[str, ...], _Line] = {}

    def evidence(self, candidate: Candidate) -> Evidence:
        """Measure one passage."""
        passage = candidate.passage
        whole, last = self._terms_of(passage.heading), self._terms_of(passage.heading.rpartition(_SEPARATOR)[2])
        title = self._terms_of(candidate.guide_title)
        body = passage.terms[len(whole) :]
        places: dict[str, list[int]] = {}
        for place, term in enumerate(body):
            if term in self._forms:
                places.setdefault(term, []).append(place)
        own, above = self._line(last), self._line(whole[: len(whole) - len(last)])
        named, tags = self._line(title), self._line(passage.title_terms[len(title) :])
        held = list(map(max, self._held(places), own.held, above.held, named.held, tags.held))
        return Evidence(
            candidate,
            held,
            {
                "body": self._strength(places, len(body)),
                "around": self.total(held),
                "heading": own.total,
                "above": self.total([max(0.0, up - here) for up, here in zip(above.held, own.held, strict=True)]),
                "title": named.total,
                "tags": tags.total,
                "heading_fit": own.fit,
                "title_fit": named.fit,
                "phrase": self._phrases(places, whole, title),
                "short": max(0.0, 1 - len(body) / _STUB),
                "first": float(passage.position == 0),
                "history": float(_is_history(candidate.guide_title) or _is_history(passage.heading)),
            },
        )

    def together(self, entries: Sequence[Evidence]) -> Mapping[str, float]:
        """What a guide's passages say together: how much of the question they hold, and how many of them do."""
        held = [max(each) for each in zip(*(entry.held for entry in entries), strict=True)]
        strengths = sorted((entry.measures["body"] for entry in entries), reverse=True)
        length = 1 + max(entry.candidate.passage.position for entry in entries)
        return {
            "guide": self.total(held),
            "support": sum(strengths[1:4]) / 3,
            "focus": sum(strengths) / (2 + length),
        }

    def total(self, held: Sequence[float]) -> float:
        """The share of the question's weight that is held."""
        return float(sum(map(mul, self._shares, held)))

    def _held(self, terms: Iterable[str]) -> list[float]:
        held = [0.0] * len(self._shares)
        for term in terms:
            for index, value in self._forms.get(term, ()):
                held[index] = max(held[index], value)
        return held

    def _line(self, terms: tuple[str, ...]) -> _Line:
        """The fit is the harmonic mean of what the line says of the question and the question of the line."""
        known = self._lines.get(terms)
        if known is None:
            held = self._held(terms)
            share = self.total(held)
            spoken_of = [max((value for _, value in self._forms.get(term, ())), default=0.0) for term in terms]
            mean = sum(spoken_of) / len(spoken_of) if spoken_of else 0.0
            known = self._lines[terms] = _Line(held, share, 2 * mean * share / (mean + share) if share else 0.0)
        return known

    def _strength(self, places: Mapping[str, Sequence[int]], length: int) -> float:
        """How strongly a text speaks of the question: each form of a word adds to the others, none beyond 1."""
        room = _SATURATION * (1 - _LENGTH_SHARE + _LENGTH_SHARE * length / self._average_length)
        lacking = [1.0] * len(self._shares)
        for term, found in places.items():
            share = len(found) / (len(found) + room)
            for index, value in self._forms[term]:
                lacking[index] *= 1 - value * share
        return self.total([1 - each for each in lacking])

    def _phrases(self, places: Mapping[str, Sequence[int]], heading: Sequence[str], title: Sequence[str]) -> float:
        """Neighbouring words of the question that stand near each other in the passage as well."""
        total = 0.0
        for left, right, share in self._pairs:
            gap = _gap(places.get(left, ()), places.get(right, ()))
            if (left in heading and right in heading) or (left in title and right in title):
                gap = min(gap, 2)
            if gap <= _NEAR:
                total += share / gap
        return total


@lru_cache(maxsize=4_000)
def _is_history(heading: str) -> bool:
    return _HISTORY.search(heading) is not None


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
