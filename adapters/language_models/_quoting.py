"""Chooses what to quote: the sentences, steps and code of a passage that speak to the question."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from adapters.language_models._choosing import chosen
from adapters.language_models._markdown import joined
from adapters.language_models._units import Unit, units
from adapters.language_models._widening import widened
from application.ports.chat import GroundingPassage
from application.ports.guides import TextAnalyzer
from domain.guides import GuideId

MAX_SENTENCES, MAX_SENTENCES_BESIDE = 4, 2
NEXT_PASSAGES, NEXT_SCORE = 2, 0.82
_HOW = re.compile(r"^\s*(?:how|what (?:are|is) the steps|steps)\b|\bhow (?:do|can|should|to)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Quote:
    """Markdown that quotes one passage, with its `[number]`."""

    passage: GroundingPassage
    text: str


def quotes(asked: Sequence[str], passages: Sequence[GroundingPassage], analyzer: TextAnalyzer) -> list[Quote]:
    """Quotations for the last of the questions, best passage first, from at most three passages.

    Further passages are quoted when they score near the first one and come from elsewhere.
    """
    words = _words(asked, analyzer)
    held = {passage.number: units(passage.text) for passage in passages}
    weights = _weights(words, [unit.text for own in held.values() for unit in own], analyzer)
    found: list[Quote] = []
    for passage in _worth_quoting(passages):
        scored = [_valued(unit, weights, analyzer) for unit in held[passage.number]]
        text = _quoted(passage, scored, is_best=not found, steps=bool(_HOW.search(asked[-1])))
        if text:
            found.append(Quote(passage, text))
    return found


def _worth_quoting(passages: Sequence[GroundingPassage]) -> list[GroundingPassage]:
    """The first passage and those near it, one a section."""
    sections: dict[tuple[GuideId, str], GroundingPassage] = {}
    for passage in passages:
        if passage.score >= passages[0].score * NEXT_SCORE:
            sections.setdefault((passage.guide_id, passage.heading), passage)
    return list(sections.values())[: 1 + NEXT_PASSAGES]


def _words(asked: Sequence[str], analyzer: TextAnalyzer) -> dict[str, float]:
    """The last question's words; the one before counts a little, for follow-ups."""
    words: dict[str, float] = {}
    for share, question in zip((1.0, 0.3), reversed(asked[-2:]), strict=False):
        for term in analyzer.terms(question):
            if not analyzer.is_stop_word(term.value):
                words.setdefault(term.value, share)
    return words


def _weights(words: dict[str, float], texts: Sequence[str], analyzer: TextAnalyzer) -> dict[str, float]:
    """A word that stands in every sentence tells nothing."""
    held = [{term.value for term in analyzer.terms(text)} for text in texts]
    return {
        word: share * math.log1p(len(held) / (1 + sum(word in terms for terms in held)))
        for word, share in words.items()
    }


def _quoted(passage: GroundingPassage, scored: Sequence[Unit], *, is_best: bool, steps: bool) -> str:
    """The best units in the passage's order, with a mark where the quotation ends."""
    places = chosen(scored, MAX_SENTENCES if is_best else MAX_SENTENCES_BESIDE, steps=steps)
    if not places:
        return ""
    if is_best:
        places = widened(scored, places)
    # A list too long for one passage goes on in the next one, where its first steps cannot be quoted.
    lead = "…\n\n" if 0 in places and scored[0].is_later_step else ""
    return lead + joined(scored, sorted(places), f"[{passage.number}]")


def _valued(unit: Unit, weights: dict[str, float], analyzer: TextAnalyzer) -> Unit:
    terms = {term.value for term in analyzer.terms(unit.text)}
    value = sum(weight for word, weight in weights.items() if word in terms)
    length = len(unit.text.split())
    return Unit(unit.text, unit.kind, unit.block, value / (1 + max(0, length - 40) / 80) if value else 0.0)
