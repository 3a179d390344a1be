"""A question as ranking sees it: its words, how much each matters, and what else may stand for it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from application.guides._words import FAMILIES, LIGHT
from application.ports.guides import TextAnalyzer

LIGHT_WEIGHT = 0.6
RELATED = 0.6
MOST_TERMS = 24
COMMON_ENOUGH = 4.0
POINTING = frozenset({"it", "its", "that", "this", "they", "them", "their", "those", "these", "and", "also", "else"})
PARTICLES = frozenset({"up", "in", "out", "off", "on", "down", "over", "back", "through"})


@dataclass(frozen=True, slots=True)
class QueryWord:
    """One word of the question. `related` maps index terms that may stand for it to how well they do, up to 1."""

    term: str
    weight: float = 1.0
    place: int = 0
    related: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Query:
    """The words of a question that carry meaning, each once, in order."""

    words: tuple[QueryWord, ...]

    @property
    def terms(self) -> list[str]:
        """The question's own words and their joined forms, for the first look at the index."""
        close = [term for word in self.words for term, value in word.related.items() if value > RELATED]
        return list(dict.fromkeys([word.term for word in self.words] + close))

    @property
    def all_terms(self) -> list[str]:
        """Those and every related word."""
        return list(dict.fromkeys(self.terms + [term for word in self.words for term in word.related]))


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The general word lists in the analyzer's terms."""

    light: frozenset[str]
    families: Mapping[str, tuple[str, ...]]


@lru_cache(maxsize=4)
def lexicon(analyzer: TextAnalyzer) -> Lexicon:
    """Made once per analyzer."""
    light = frozenset(term.value for term in analyzer.terms(LIGHT))
    families: dict[str, dict[str, None]] = {}
    for line in FAMILIES:
        first, colon, rest = line.partition(":")
        named = [term.value for term in analyzer.terms(first)] if colon else []
        family = list(dict.fromkeys(named + [term.value for term in analyzer.terms(rest if colon else line)]))
        for index, word in enumerate(family):
            others = family[:1] if named and index else [other for other in family if other != word]
            families.setdefault(word, {}).update(dict.fromkeys(others))
    return Lexicon(light, {word: tuple(others) for word, others in families.items()})


def read_query(question: str, analyzer: TextAnalyzer, *, widen: bool = True) -> Query:
    """Take a question apart. `widen` adds related words; joined neighbours ("set up": setup) are always added."""
    words = lexicon(analyzer)
    found = [term.value for term in analyzer.terms(question)][:400]
    joined = _joined(question, analyzer)
    kept: dict[str, QueryWord] = {}
    for place, term in enumerate(found):
        if analyzer.is_stop_word(term) or term in kept or len(kept) >= MOST_TERMS:
            continue
        related = dict.fromkeys(words.families.get(term, ()) if widen else (), RELATED)
        related.update(dict.fromkeys(joined.get(term, ()), 0.9))
        related.pop(term, None)
        kept[term] = QueryWord(term, LIGHT_WEIGHT if term in words.light else 1.0, place, related)
    return Query(tuple(kept.values()))


def follows_up(question: str, analyzer: TextAnalyzer) -> bool:
    """Whether a question leans on the one before: it points back, or says too little by itself."""
    terms = [term.value for term in analyzer.terms(question)]
    light = lexicon(analyzer).light
    own = [term for term in terms if not analyzer.is_stop_word(term) and term not in light]
    return len(own) <= 2 or bool(POINTING.intersection(terms)) or " ".join(terms[:2]) in {"what about", "how about"}


def _joined(question: str, analyzer: TextAnalyzer) -> Mapping[str, Sequence[str]]:
    """Neighbouring words written as one, for each of the two that is not a function word."""
    terms = analyzer.terms(question)
    joined: dict[str, list[str]] = {}
    for left, right in zip(terms, terms[1:], strict=False):
        parts = [term for term in (left, right) if not analyzer.is_stop_word(term.value)]
        if len(parts) == 1 and (right.value not in PARTICLES or parts[0] is right):
            continue
        between = question[left.end : right.start]
        if not parts or between.strip() or left.end > right.start:
            continue
        whole = analyzer.terms(question[left.start : left.end] + question[right.start : right.end])
        for part in parts:
            joined.setdefault(part.value, []).extend(term.value for term in whole[:1])
    return joined


def rarity(frequency: int, passage_count: int) -> float:
    """Inverse document frequency, never negative: what a word tells of where it stands."""
    return math.log1p((passage_count - frequency + 0.5) / (frequency + 0.5))
