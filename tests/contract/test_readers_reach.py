"""What a reader finds, and every number with it, tells nothing of guides beyond their reach, on any engine."""

import pytest

from adapters.memory.embedder import WordEmbedder
from application.guides.library import GuideDraft
from domain.guides import GuideId
from domain.identity import GUEST, OPERATOR, Role
from tests.support.backend import Backend
from tests.support.reading import Shelf

STOPS = "## Trailing stops\n\nA trailing stop follows the price.\n\n## Plain stops\n\nA stop ends a position at a loss."
DRAFTS = (
    GuideDraft(title="Stops", category="risk", body=STOPS),
    GuideDraft(title="Position sizing", category="risk", body="Risk one percent of the account; set a stop loss."),
    GuideDraft(title="Your account", category="platform", body="Ask for a link. A password is good for a year."),
    GuideDraft(
        title="Stop hunts", category="risk", body="Where stops stand, the price goes.", minimum_role=Role.SUBSCRIBER
    ),
    GuideDraft(title="Trialing", category="platform", body="Trialing ends. A stop.", minimum_role=Role.SUBSCRIBER),
    GuideDraft(
        title="Refunds", category="platform", body="Refund a payment within a month, stop.", minimum_role=Role.ADMIN
    ),
    GuideDraft(title="Price stops", category="risk", body="Price price stop position.", minimum_role=Role.ADMIN),
    GuideDraft(
        title="Severance",
        category="risk",
        body="Margaret Thornbury receives 914711 under Nightjar.",
        minimum_role=Role.OWNER,
    ),
    *(
        GuideDraft(title=f"Trailing {n}", category="risk", body="Trailing loss account link.", minimum_role=Role.OWNER)
        for n in range(4)
    ),
)
QUERIES = (
    "stop",
    "trialing stop",
    "stop thornbury",
    "thornbry",
    "stop trailing loss price",
    "How do I refund a payment?",
    "Where do stops stand under Nightjar?",
    "Is the password good for a position?",
)


@pytest.fixture(params=["words", "meaning"])
def shelf(backend: Backend, request: pytest.FixtureRequest) -> Shelf:
    return Shelf(backend, WordEmbedder() if request.param == "meaning" else None)


async def delete(shelf: Shelf, guides: dict[GuideId, Role], above: Role) -> None:
    for guide_id in [guide_id for guide_id, role in guides.items() if role > above]:
        await shelf.library.delete(OPERATOR, guide_id)
        del guides[guide_id]


async def test_search_numbers_are_those_of_a_library_of_nothing_but_what_the_reader_may_read(shelf: Shelf) -> None:
    made = await shelf.add(*DRAFTS)
    guides = {guide_id: draft.minimum_role for guide_id, draft in zip(made, DRAFTS, strict=True)}
    seen = {role: await shelf.seen_by(role, QUERIES) for role in Role}
    assert len({repr(each) for each in seen.values()}) == len(Role)
    for role in (Role.ADMIN, Role.SUBSCRIBER, Role.PUBLIC):
        await delete(shelf, guides, role)
        assert await shelf.seen_by(role, QUERIES) == seen[role]
        assert await shelf.seen_by(Role.OWNER, QUERIES) == seen[role]


async def test_search_numbers_follow_a_guide_that_moves_out_of_reach_and_back(shelf: Shelf) -> None:
    await shelf.add(*DRAFTS[:3])
    before = await shelf.seen_by(Role.PUBLIC, QUERIES)
    moving = GuideDraft(title="Moving", category="risk", body="Thornbury trails a stop.", minimum_role=Role.SUBSCRIBER)
    (guide_id,) = await shelf.add(moving)
    assert await shelf.seen_by(Role.PUBLIC, QUERIES) == before
    for role, is_seen in ((Role.PUBLIC, True), (Role.OWNER, False), (Role.PUBLIC, True), (Role.ADMIN, False)):
        draft = GuideDraft(title=moving.title, category="risk", body=moving.body, minimum_role=role)
        await shelf.library.revise(OPERATOR, guide_id, draft, None)
        await shelf.embed()
        assert (await shelf.seen_by(Role.PUBLIC, QUERIES) != before) is is_seen
    await shelf.library.delete(OPERATOR, guide_id)
    assert await shelf.seen_by(Role.OWNER, QUERIES) == before


async def test_search_scores_do_not_tell_the_words_of_a_hidden_guide(backend: Backend) -> None:
    shelf = Shelf(backend)
    await shelf.add(*DRAFTS)
    search = shelf.search.search
    scores = {}
    for word in ("qqzzxxvv", "914712", "914711", "thornbury", "nightjar", "margaret", "thornbur"):
        scores[word] = [(hit.guide.title, hit.score) for hit in await search(GUEST, f"stop {word}", 10)]
    assert [title for title, _ in scores["qqzzxxvv"]] == ["Stops", "Position sizing"]
    assert list(scores.values()) == [scores["qqzzxxvv"]] * len(scores)
    assert await search(GUEST, "thornbry", 10) == []


@pytest.mark.parametrize("limit", [1, 2, 3])
async def test_search_cut_of_candidates_does_not_tell_how_common_a_word_is_in_hidden_guides(
    backend: Backend, limit: int
) -> None:
    """The rarer of two words decides who is among the first; hidden guides would turn that round."""
    shelf = Shelf(backend)
    await shelf.add(
        *(GuideDraft(title=f"Common {n}", category="risk", body="common word") for n in range(3)),
        *(GuideDraft(title=f"Other {n}", category="risk", body="quite another") for n in range(3)),
        GuideDraft(title="Rare", category="risk", body="seldom word"),
    )
    before = await backend.passages.candidates(["common", "seldom"], Role.PUBLIC, limit)
    assert before.found[0].guide_title == "Rare"
    hidden = GuideDraft(title="Hidden", category="risk", body="seldom seldom text", minimum_role=Role.OWNER)
    await shelf.add(*[hidden] * 8)
    assert await backend.passages.candidates(["common", "seldom"], Role.PUBLIC, limit) == before
