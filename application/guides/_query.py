"""A question as ranking sees it: its words, how much each matters, and what else may stand for it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from application.guides._idioms import IDIOMS
from application.guides._words import FAMILIES, LIGHT
from application.ports.guides import TextAnalyzer

LIGHT_WEIGHT = 0.6
RELATED, DISTANT, IDIOM = 0.6, 0.3, 0.8
WITHIN = 0.5
WAYS = 2
MOST_TERMS = 24
COMMON_ENOUGH = 4.0
POINTING = frozenset({"it", "its", "that", "this", "they", "them", "their", "those", "these", "and", "also", "else"})
PARTICLES = frozenset({"up", "in", "out", "off", "on", "down", "over", "back", "through"})


Idiom = tuple[tuple[str, ...], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class QueryWord:
    """One word of the question, or a phrase that means something of its own, whose `term` is empty.

    `related` maps index terms that may stand for it to how well they do, up to 1.
    """

    term: str
    weight: float = 1.0
    place: int = 0
    related: Mapping[str, float] = field(default_factory=dict)
    is_light: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """The words of a question that carry meaning, each once, in order."""

    words: tuple[QueryWord, ...]

    @property
    def terms(self) -> list[str]:
        """The question's own words and their joined forms, for the first look at the index."""
        close = [term for word in self.words for term, value in word.related.items() if value > RELATED]
        return list(dict.fromkeys([word.term for word in self.words if word.term] + close))

    @property
    def all_terms(self) -> list[str]:
        """Those and every related word."""
        return list(dict.fromkeys(self.terms + [term for word in self.words for term in word.related]))


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The general word lists in the analyzer's terms."""

    light: frozenset[str]
    families: Mapping[str, Mapping[str, float]]
    idioms: Mapping[str, tuple[Idiom, ...]]


@lru_cache(maxsize=4)
def lexicon(analyzer: TextAnalyzer) -> Lexicon:
    """Made once per analyzer."""
    light = frozenset(term.value for term in analyzer.terms(LIGHT))
    near: dict[str, dict[str, None]] = {}
    for line in FAMILIES:
        first, colon, rest = line.partition(":")
        named = [term.value for term in analyzer.terms(first)] if colon else []
        family = list(dict.fromkeys(named + [term.value for term in analyzer.terms(rest if colon else line)]))
        for index, word in enumerate(family):
            others = family[:1] if named and index else [other for other in family if other != word]
            near.setdefault(word, {}).update(dict.fromkeys(others))
    families = {word: _with_distant(word, near) for word in near}
    return Lexicon(light, families, _idioms(analyzer))


def _with_distant(word: str, near: Mapping[str, Mapping[str, None]]) -> dict[str, float]:
    """Words of the same family, and fainter, those of their families that two ways lead to."""
    ways: dict[str, int] = {}
    for other in near[word]:
        for distant in near.get(other, ()):
            if distant != word and distant not in near[word]:
                ways[distant] = ways.get(distant, 0) + 1
    return dict.fromkeys(near[word], RELATED) | {term: DISTANT for term, count in ways.items() if count >= WAYS}


def _idioms(analyzer: TextAnalyzer) -> dict[str, tuple[Idiom, ...]]:
    """Phrases with their meanings, by first word."""
    found: dict[str, list[Idiom]] = {}
    for line in IDIOMS.strip().splitlines():
        phrase, _, meaning = line.partition(" = ")
        words = tuple(term.value for term in analyzer.terms(phrase))
        found.setdefault(words[0], []).append((words, tuple(term.value for term in analyzer.terms(meaning))))
    return {first: tuple(phrases) for first, phrases in found.items()}


def _phrases(found: Sequence[str], idioms: Mapping[str, Sequence[Idiom]]) -> list[tuple[int, int, tuple[str, ...]]]:
    """The phrases in a question: where each starts, how long it is, and what it means."""
    return [
        (place, len(words), meaning)
        for place, term in enumerate(found)
        for words, meaning in idioms.get(term, ())
        if tuple(found[place : place + len(words)]) == words
    ]


def read_query(question: str, analyzer: TextAnalyzer, *, widen: bool = True) -> Query:
    """Take a question apart. `widen` adds related words; joined neighbours ("set up": setup) are always added."""
    words = lexicon(analyzer)
    found = [term.value for term in analyzer.terms(question)][:400]
    joined = _joined(question, analyzer)
    phrases = _phrases(found, words.idioms) if widen else []
    within = {place for start, length, _ in phrases for place in range(start, start + length)}
    kept: dict[str, QueryWord] = {}
    for place, term in enumerate(found):
        if analyzer.is_stop_word(term) or term in kept or len(kept) >= MOST_TERMS:
            continue
        related = dict(words.families.get(term, {})) if widen else {}
        related.update(dict.fromkeys(joined.get(term, ()), 0.9))
        related.pop(term, None)
        weight = (LIGHT_WEIGHT if term in words.light else 1.0) * (WITHIN if place in within else 1.0)
        kept[term] = QueryWord(term, weight, place, related, term in words.light)
    idioms = [QueryWord("", 1.0, start, dict.fromkeys(meaning, IDIOM)) for start, _, meaning in phrases]
    return Query((*kept.values(), *idioms))


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
