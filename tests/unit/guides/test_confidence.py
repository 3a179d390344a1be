"""What a refusal rests on."""

from dataclasses import replace
from uuid import UUID

import pytest

from application.guides._confidence import (
    BY_MEANING,
    BY_WORDS,
    MAX_LEAD,
    MAX_NEAR,
    NEAR_CONFIDENCE,
    NEAR_SCORE,
    NEAR_SHARE,
    confidence,
    is_sure,
    near_misses,
    signs,
)
from application.guides._query import QueryReader
from application.guides.ranking import Ranked, heading_reader, rank
from application.ports.guides import Candidate, Candidates
from domain.guides import Difficulty, GuideId
from tests.support.analyzer import ANALYZER
from tests.support.given import passage
from tests.unit.guides.test_ranking import candidates

READER = QueryReader(ANALYZER)
TERMS_OF = heading_reader(ANALYZER)
QUESTION = "How does a trailing stop work?"


def by_meaning(near: float, guides: dict[str, str] | None = None) -> Candidates:
    found = candidates(guides)
    return replace(found, similarities={each.key: near for each in found.found})


def sureness(question: str, found: Candidates) -> float:
    query = READER.read(question)
    return confidence(query, rank(query, found, TERMS_OF), found, TERMS_OF)


def lead(found: Candidates) -> float:
    query = READER.read(QUESTION)
    return signs(query, rank(query, found, TERMS_OF), found, TERMS_OF)["lead"]


def test_confidence_without_passages_is_none() -> None:
    assert confidence(READER.read(QUESTION), [], replace(candidates(), found=()), TERMS_OF) == 0.0


def test_confidence_by_meaning_grows_with_nearness() -> None:
    values = [sureness(QUESTION, by_meaning(near)) for near in (0.0, 0.3, 0.6, 0.9)]
    assert values == sorted(set(values))


def test_confidence_by_meaning_falls_with_words_that_no_guide_has() -> None:
    found = by_meaning(0.5)
    assert sureness("How does a trailing stop affect photosynthesis?", found) < sureness(QUESTION, found)


@pytest.mark.parametrize(("found", "bound"), [(candidates(), BY_WORDS.sure), (by_meaning(0.5), BY_MEANING.sure)])
def test_confidence_is_held_against_the_bound_of_what_it_was_judged_by(found: Candidates, bound: float) -> None:
    assert is_sure(bound, found)
    assert not is_sure(bound - 0.001, found)


def test_confidence_lead_over_other_guides_is_bounded() -> None:
    text = "A trailing stop follows the price."
    assert lead(by_meaning(0.5, {"Stops": text})) == MAX_LEAD
    assert lead(by_meaning(0.5, {"Stops": text, "Plants": "Water them in the morning."})) == MAX_LEAD
    assert lead(by_meaning(0.5, {"Stops": text, "More": text})) < 1


def scored(guide: int, score: float, position: int = 0) -> Ranked:
    stands = passage(("stop",), position=position)
    return Ranked(Candidate(GuideId(UUID(int=guide)), f"{guide}", "risk", Difficulty.BEGINNER, stands), score, {})


def test_near_misses_are_the_best_passages_of_guides_that_score_near_the_best() -> None:
    ranked = [scored(1, 10.0), scored(1, 9.5, 1), scored(2, 10.0 * NEAR_SHARE), scored(3, 10.0 * NEAR_SHARE - 0.1)]
    assert near_misses(NEAR_CONFIDENCE, ranked) == (ranked[0], ranked[2])


def test_near_misses_are_at_most_a_few() -> None:
    ranked = [scored(number, 10.0) for number in range(1, MAX_NEAR + 3)]
    assert near_misses(NEAR_CONFIDENCE, ranked) == tuple(ranked[:MAX_NEAR])


@pytest.mark.parametrize(
    ("value", "ranked"),
    [
        (NEAR_CONFIDENCE - 0.001, [scored(1, 10.0)]),
        (NEAR_CONFIDENCE, [scored(1, NEAR_SCORE - 0.001)]),
        (NEAR_CONFIDENCE, []),
    ],
)
def test_near_misses_of_what_is_far_are_none(value: float, ranked: list[Ranked]) -> None:
    assert near_misses(value, ranked) == ()
