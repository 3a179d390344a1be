"""The order of candidates."""

import random
from collections import Counter
from dataclasses import replace
from uuid import UUID

import pytest

from application.guides._query import QueryReader, rarity
from application.guides._spelling import distance
from application.guides.passages import index_guide
from application.guides.ranking import WEIGHTS_WITH_MEANING, Ranked, heading_reader, rank
from application.ports.guides import Candidate, Candidates
from domain.guides import Difficulty, GuideContent, GuideId
from tests.support.analyzer import ANALYZER

READER = QueryReader(ANALYZER)
GUIDES = {
    "Stops": "Getting out of a trade.\n\n## Trailing stops\n\nA trailing stop follows the price.\n\n"
    "## Fixed stops\n\nA fixed stop stays where it was placed.",
    "Sizing": "How large a position may be.\n\n## Risk per trade\n\nRisk one percent of the account on a trade.",
    "Journal": "Write down each trade and why it was made.\n\n## Review\n\nRead the journal every week.",
    "Release notes": "## 1.2\n\nTrailing stops: a trailing stop follows the price.",
}


def candidates(guides: dict[str, str] | None = None) -> Candidates:
    found, counts = [], Counter[str]()
    for number, (title, body) in enumerate((guides or GUIDES).items(), 1):
        content = GuideContent(title=title, body=body, category="risk")
        for passage in index_guide(content, ANALYZER):
            found.append(Candidate(GuideId(UUID(int=number)), title, "risk", Difficulty.BEGINNER, passage))
            counts.update({*passage.terms, *passage.title_terms})
    return Candidates(found, len(found), sum(len(each.passage.terms) for each in found) / len(found), counts)


def ranked(question: str, guides: dict[str, str] | None = None) -> list[Ranked]:
    return rank(READER.read(question), candidates(guides), heading_reader(ANALYZER))


def first(question: str) -> tuple[str, str]:
    best = ranked(question)[0].candidate
    return best.guide_title, best.passage.heading


@pytest.mark.parametrize(
    ("question", "guide", "heading"),
    [
        ("How does a trailing stop work?", "Stops", "Trailing stops"),
        ("What is a fixed stop?", "Stops", "Fixed stops"),
        ("How much may I risk per trade?", "Sizing", "Risk per trade"),
        ("How often should I review my journal?", "Journal", "Review"),
    ],
)
def test_ranking_plain_question_finds_its_passage_first(question: str, guide: str, heading: str) -> None:
    assert first(question) == (guide, heading)


def test_ranking_history_of_releases_stands_behind_the_guide() -> None:
    titles = [each.candidate.guide_title for each in ranked("trailing stop")]
    assert titles.index("Stops") < titles.index("Release notes")


def test_ranking_order_does_not_depend_on_the_order_of_candidates() -> None:
    given = candidates()
    shuffled = list(given.found)
    random.Random(7).shuffle(shuffled)
    query = READER.read("which stop follows the price of a trade")
    again = Candidates(shuffled, given.passage_count, given.average_length, given.frequencies)
    terms_of = heading_reader(ANALYZER)
    assert rank(query, given, terms_of) == rank(query, again, terms_of)


def test_ranking_equal_scores_are_ordered_by_title_place_and_id() -> None:
    same = dict.fromkeys(("Beta", "Alpha", "Gamma"), "The same words here.")
    assert [each.candidate.guide_title for each in ranked("same words", same)] == ["Alpha", "Beta", "Gamma"]


def test_ranking_question_of_function_words_ranks_nothing_first() -> None:
    assert {each.score for each in ranked("what is it")} <= {
        each.score for each in ranked("what is it") if not each.measures["body"]
    }


def test_ranking_related_words_count_less_than_the_words_themselves() -> None:
    guides = {"Own": "Delete the account.", "Other": "Remove the account."}
    assert [each.candidate.guide_title for each in ranked("delete account", guides)] == ["Own", "Other"]


def test_ranking_phrase_is_taken_for_what_guides_call_it() -> None:
    guides = {"Refunds": "A refund is paid within a week.", "Banking": "Go back to your money list."}
    assert ranked("Can I get my money back?", guides)[0].candidate.guide_title == "Refunds"


def test_ranking_words_written_together_are_the_same_as_apart() -> None:
    guides = {"Accounts": "The login needs a code.", "Wood": "A log in the fire."}
    assert ranked("log in code", guides)[0].candidate.guide_title == "Accounts"


def test_ranking_by_meaning_weighs_the_passage_its_guides_three_nearest_and_the_whole_guide() -> None:
    found = candidates()
    near = {each.key: 0.1 for each in found.found}
    stops = [each.key for each in found.found if each.guide_title == "Stops"]
    beyond = {(stops[0][0], place): value for place, value in ((90, 0.5), (91, 0.6), (92, 0.2))}
    query = READER.read("stop")
    best = rank(query, replace(found, similarities=near | beyond), heading_reader(ANALYZER))[0]
    measures = best.measures
    assert best.candidate.guide_title == "Stops"
    assert measures["near"] == 0.1
    assert measures["near_guide"] == pytest.approx((0.5 + 0.6 + 0.2) / 3)
    assert measures["near_whole"] == pytest.approx((0.5 + 0.6 + 0.2 + 0.1 * len(stops)) / (3 + len(stops)))
    assert best.score == pytest.approx(sum(weight * measures[name] for name, weight in WEIGHTS_WITH_MEANING.items()))


def test_ranking_guide_that_is_nearer_as_a_whole_stands_first() -> None:
    guides = {"A": "Red.\n\n## More\n\nBlue.", "B": "Red.\n\n## More\n\nBlue."}
    found = candidates(guides)
    near = {each.key: 0.4 for each in found.found}
    for key in [each.key for each in found.found if each.guide_title == "B"][1:]:
        near[key] = 0.5
    first_of_each = replace(found, found=tuple(each for each in found.found if not each.passage.position))
    both = rank(READER.read("red"), replace(first_of_each, similarities=near), heading_reader(ANALYZER))
    assert [each.candidate.guide_title for each in both] == ["B", "A"]
    assert ranked("red", guides)[0].candidate.guide_title == "A"


def test_ranking_rarity_falls_with_frequency_and_stays_positive() -> None:
    falling = [rarity(frequency, 100) for frequency in (0, 1, 10, 100, 150)]
    assert falling == sorted(falling, reverse=True)
    assert falling[-1] >= 0


@pytest.mark.parametrize(
    ("left", "right", "edits"),
    [("stop", "stop", 0), ("trial", "trail", 1), ("leverge", "leverage", 1), ("abc", "xyz", 3), ("a", "abcdef", 3)],
)
def test_ranking_spelling_distance_counts_a_swap_as_one_edit(left: str, right: str, edits: int) -> None:
    assert distance(left, right, 2) == edits
