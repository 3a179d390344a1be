"""A question as ranking sees it: its words, how much each matters, and what else may stand for it."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import cached_property
from itertools import pairwise

from application.guides._lexicon import IDIOM, RELATED, Idiom, Lexicon, lexicon
from application.ports.guides import Term, TextAnalyzer

LIGHT_WEIGHT = 0.6
COMMON_ENOUGH = 4.0
WITHIN_IDIOM = 0.5
JOINED = 0.9
MOST_TERMS = 24
_LONGEST_QUESTION = 2_000
_FEW = 2
_UNWRITTEN = 50
_POINTING = frozenset({"it", "its", "that", "this", "they", "them", "their", "those", "these", "and", "also", "else"})
_PARTICLES = frozenset({"up", "in", "out", "off", "on", "down", "over", "back", "through"})


class Leaning(Enum):
    """Whether a question is to be read together with the one before: at once, or when it finds nothing alone."""

    NOT = auto()
    PERHAPS = auto()
    FULLY = auto()


@dataclass(frozen=True, slots=True)
class QueryWord:
    """One word of the question, or a phrase that means something of its own, whose `term` is empty.

    `related` maps index terms that may stand for it to how well they do, up to 1. Light words say little.
    """

    term: str
    weight: float = 1.0
    related: Mapping[str, float] = field(default_factory=dict)
    is_light: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """The words of a question that carry meaning, each once, in order."""

    words: tuple[QueryWord, ...]

    @property
    def terms(self) -> list[str]:
        """The question's own words and what they closely stand for: the first look at the index."""
        close = (term for word in self.words for term, value in word.related.items() if value > RELATED)
        return list(dict.fromkeys([word.term for word in self.words if word.term] + list(close)))

    @property
    def all_terms(self) -> list[str]:
        """Those and every related word."""
        return list(dict.fromkeys(self.terms + [term for word in self.words for term in word.related]))


class QueryReader:
    """Takes questions apart. The word lists are read when the first question comes."""

    def __init__(self, analyzer: TextAnalyzer) -> None:
        self._analyzer = analyzer

    @cached_property
    def _lexicon(self) -> Lexicon:
        return lexicon(self._analyzer)

    def read(self, question: str, *, widen: bool = True) -> Query:
        """The question's words. `widen` adds related words and the meanings of phrases.

        Neighbours written as one ("set up": setup) are always added.
        """
        terms = self._analyzer.terms(question[-_LONGEST_QUESTION:])
        found = [term.value for term in terms]
        joined = self._joined(question[-_LONGEST_QUESTION:], terms)
        phrases = list(self._phrases(found)) if widen else []
        within = {place for start, idiom in phrases for place in range(start, start + len(idiom.words))}
        kept: dict[str, QueryWord] = {}
        for place, term in enumerate(found):
            if self._analyzer.is_stop_word(term) or term in kept or len(kept) >= MOST_TERMS:
                continue
            related = dict(self._lexicon.families.get(term, {})) if widen else {}
            related.update(dict.fromkeys(joined.get(term, ()), JOINED))
            related.pop(term, None)
            is_light = term in self._lexicon.light
            weight = (LIGHT_WEIGHT if is_light else 1.0) * (WITHIN_IDIOM if place in within else 1.0)
            kept[term] = QueryWord(term, weight, related, is_light)
        meanings = (QueryWord("", related=dict.fromkeys(idiom.meaning, IDIOM)) for _, idiom in phrases)
        return Query((*kept.values(), *meanings))

    def leans(self, question: str) -> Leaning:
        """How much a question leans on the one before: whether it points back, and whether it says little by itself."""
        terms = [term.value for term in self._analyzer.terms(question)]
        own = [term for term in terms if not self._analyzer.is_stop_word(term) and term not in self._lexicon.light]
        points, says_little = not _POINTING.isdisjoint(terms), len(own) <= _FEW
        if points and says_little:
            return Leaning.FULLY
        return Leaning.PERHAPS if points or says_little else Leaning.NOT

    def _phrases(self, found: Sequence[str]) -> Iterable[tuple[int, Idiom]]:
        """The phrases in a question, with the place where each starts."""
        for place, term in enumerate(found):
            for idiom in self._lexicon.idioms.get(term, ()):
                if tuple(found[place : place + len(idiom.words)]) == idiom.words:
                    yield place, idiom

    def _joined(self, question: str, terms: Sequence[Term]) -> Mapping[str, Sequence[str]]:
        """Neighbouring words written as one, for each of the two that is not a function word."""
        joined: dict[str, list[str]] = {}
        for left, right in pairwise(terms):
            parts = [term.value for term in (left, right) if not self._analyzer.is_stop_word(term.value)]
            is_verb_with_particle = parts == [left.value] and right.value in _PARTICLES
            is_apart = left.end < right.start and not question[left.end : right.start].strip()
            if is_apart and (len(parts) == 2 or is_verb_with_particle):
                whole = self._analyzer.terms(question[left.start : left.end] + question[right.start : right.end])
                for part in parts:
                    joined.setdefault(part, []).append(whole[0].value)
        return joined


def rarity(frequency: int, passage_count: int) -> float:
    """Inverse document frequency, never negative: what a word tells of where it stands.

    Every library counts as if it had some more passages, so that few do not make every word seem common.
    """
    return math.log1p(max(0.0, passage_count + _UNWRITTEN - frequency + 0.5) / (frequency + 0.5))
