"""The general word lists in the terms of one analyzer."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

from application.guides._idioms import IDIOMS
from application.guides._words import FAMILIES, LIGHT
from application.ports.guides import TextAnalyzer

RELATED, DISTANT, IDIOM = 0.6, 0.3, 0.8
_WAYS = 2


@dataclass(frozen=True, slots=True)
class Idiom:
    """A phrase and the terms that guides have for it."""

    words: tuple[str, ...]
    meaning: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Words that say little, words that may stand for each other (how well, up to 1), phrases by their first word."""

    light: frozenset[str]
    families: Mapping[str, Mapping[str, float]]
    idioms: Mapping[str, Sequence[Idiom]]


def lexicon(analyzer: TextAnalyzer) -> Lexicon:
    """The lists in the analyzer's terms. Some ten thousand words: done once for everybody who shares the analyzer."""
    return _analysed(cast("Hashable", analyzer))


@lru_cache(maxsize=4)
def _analysed(analyzer: TextAnalyzer) -> Lexicon:
    near = _near(analyzer)
    return Lexicon(
        light=frozenset(_terms(LIGHT, analyzer)),
        families={word: _family(word, near) for word in near},
        idioms=_idioms(analyzer),
    )


def _near(analyzer: TextAnalyzer) -> Mapping[str, Mapping[str, None]]:
    """Of each word, those of its lines, in order."""
    near: dict[str, dict[str, None]] = {}
    for line in FAMILIES:
        first, colon, rest = line.partition(":")
        named = _terms(first, analyzer) if colon else []
        family = list(dict.fromkeys(named + _terms(rest if colon else line, analyzer)))
        for index, word in enumerate(family):
            others = family[:1] if named and index else [other for other in family if other != word]
            near.setdefault(word, {}).update(dict.fromkeys(others))
    return near


def _family(word: str, near: Mapping[str, Mapping[str, None]]) -> Mapping[str, float]:
    """Words of the same lines, and fainter, those of their lines that two ways lead to."""
    ways: dict[str, int] = {}
    for other in near[word]:
        for distant in near[other]:
            if distant != word and distant not in near[word]:
                ways[distant] = ways.get(distant, 0) + 1
    distant_ones = (term for term, count in ways.items() if count >= _WAYS)
    return dict.fromkeys(near[word], RELATED) | dict.fromkeys(distant_ones, DISTANT)


def _idioms(analyzer: TextAnalyzer) -> Mapping[str, Sequence[Idiom]]:
    found: dict[str, list[Idiom]] = {}
    for line in IDIOMS.strip().splitlines():
        phrase, _, meaning = line.partition(" = ")
        idiom = Idiom(tuple(_terms(phrase, analyzer)), tuple(_terms(meaning, analyzer)))
        found.setdefault(idiom.words[0], []).append(idiom)
    return found


def _terms(text: str, analyzer: TextAnalyzer) -> list[str]:
    return [term.value for term in analyzer.terms(text)]
