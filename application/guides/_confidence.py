"""Whether the best passage answers the question at all: what a refusal rests on."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from application.guides._evidence import TermsOf
from application.guides._query import Query, QueryWord, rarity
from application.guides.ranking import Ranked
from application.ports.guides import Candidates

LIGHT_SHARE = 0.2
NEAR_CONFIDENCE, NEAR_SCORE, NEAR_SHARE = 0.15, 4.5, 0.8
MAX_NEAR = 3
MAX_LEAD = 3.0


@dataclass(frozen=True, slots=True)
class Judgement:
    """What each sign counts for, and from where on the answer is taken for one."""

    sure: float
    bias: float
    signs: Mapping[str, float]


# Fitted on questions about eight libraries that are not part of the project, answerable or not, balanced.
BY_WORDS = Judgement(
    sure=0.45,
    bias=-2.6,
    signs={
        "held": 1.4,
        "unknown": -1.29,
        "matched": 1.28,
        "missing": -0.7,
        "phrase": 1.17,
        "title_fit": 1.2,
        "headings": 1.58,
        "score": 1.87,
        "body": 1.34,
    },
)
BY_MEANING = Judgement(
    sure=0.57,
    bias=-1.22,
    signs={"near": 3.76, "missing": -4.01, "unknown": -0.81, "lead": 0.551},
)


def confidence(query: Query, ranked: Sequence[Ranked], candidates: Candidates, terms_of: TermsOf) -> float:
    """From 0 to 1: how likely the first passage is about what the question asks."""
    if not ranked:
        return 0.0
    found = signs(query, ranked, candidates, terms_of)
    judgement = _judgement(candidates)
    return 1 / (1 + math.exp(-judgement.bias - sum(weight * found[name] for name, weight in judgement.signs.items())))


def is_sure(value: float, candidates: Candidates) -> bool:
    """Whether that much confidence is enough."""
    return value >= _judgement(candidates).sure


def near_misses(value: float, ranked: Sequence[Ranked]) -> tuple[Ranked, ...]:
    """The best passages of the guides that come close to what was refused with this confidence, at most `MAX_NEAR`.

    None comes close when the best one's score is low; the others are measured by the best one.
    """
    if value < NEAR_CONFIDENCE or not ranked or ranked[0].score < NEAR_SCORE:
        return ()
    firsts: dict[UUID, Ranked] = {}
    for each in ranked:
        if each.score < ranked[0].score * NEAR_SHARE:
            break
        firsts.setdefault(each.candidate.guide_id, each)
    return tuple(firsts.values())[:MAX_NEAR]


def _judgement(candidates: Candidates) -> Judgement:
    return BY_WORDS if candidates.similarities is None else BY_MEANING


def signs(query: Query, ranked: Sequence[Ranked], candidates: Candidates, terms_of: TermsOf) -> Mapping[str, float]:
    """What speaks for and against the best passage. Words that no guide has count in full against it."""
    best = ranked[0]
    passage = best.candidate.passage
    text = {*passage.terms, *passage.title_terms}
    headings = {*terms_of(passage.heading), *terms_of(best.candidate.guide_title)}
    words = [word for word in query.words if word.term]
    weights = [_weight(word, candidates) for word in words]
    whole = sum(weights) or 1.0
    held = [_best(word, text) for word in words]
    return {
        "held": sum(map(_product, weights, held)) / whole,
        "unknown": sum(weight for word, weight in zip(words, weights, strict=True) if not _is_known(word, candidates))
        / whole,
        "matched": min(sum(not word.is_light and word.term in text for word in words), 3) / 3,
        "missing": max((weight * (1 - share) for weight, share in zip(weights, held, strict=True)), default=0) / whole,
        "phrase": max((_best(word, text) for word in query.words if not word.term), default=0.0),
        "title_fit": best.measures["title_fit"],
        "headings": sum(weight * _best(word, headings) for word, weight in zip(words, weights, strict=True)) / whole,
        "score": best.score / 20,
        "body": best.measures["body"],
        "near": best.measures.get("near", 0.0),
        "lead": _lead(ranked),
    }


def _lead(ranked: Sequence[Ranked]) -> float:
    """By how much the first passage's score is above every other guide's, as far as that matters."""
    best = ranked[0]
    others = (each.score for each in ranked if each.candidate.guide_id != best.candidate.guide_id)
    return min(MAX_LEAD, best.score - next(others, -math.inf))


def _product(left: float, right: float) -> float:
    return left * right


def _weight(word: QueryWord, candidates: Candidates) -> float:
    share = LIGHT_SHARE if word.is_light else 1.0
    return share * rarity(candidates.frequencies.get(word.term, 0), candidates.passage_count)


def _is_known(word: QueryWord, candidates: Candidates) -> bool:
    """Whether any guide has the word, or one that may stand for it."""
    return any(candidates.frequencies.get(term) for term in (word.term, *word.related))


def _best(word: QueryWord, terms: set[str]) -> float:
    if word.term in terms:
        return 1.0
    return max((value for term, value in word.related.items() if term in terms), default=0.0)
