"""Finding passages for questions, and guides for searches, on the in-memory index."""

from datetime import timedelta

import pytest

from adapters.memory.guides import InMemoryGuideQueries
from adapters.memory.passages import InMemoryPassageQueries
from adapters.memory.rate_limiter import InMemoryRateLimiter
from adapters.memory.system import ManualClock
from application.allowances import Allowance
from application.guides._snippets import snippet
from application.guides.search import FoundPassages, GuideSearch, GuideSearchHit, PassageFinder
from application.ports.limits import Limit
from domain.errors import TooManyRequests
from domain.identity import GUEST, Actor, Role
from tests.support.analyzer import ANALYZER
from tests.support.limits import member, unlimited
from tests.unit.guides.conftest import LibraryWorld

FILES = {
    "risk/stops.md": "---\ntitle: Stops\ncategory: risk\n---\n\nHow to get out.\n\n## Trailing stops\n\n"
    "A trailing stop follows the price at a distance that you choose, and never moves back.\n",
    "risk/sizing.md": "---\ntitle: Position sizing\ncategory: risk\n---\n\nRisk one percent of the account per trade. "
    "A smaller account takes smaller positions.\n",
    "platform/accounts.md": "---\ntitle: Your account\ncategory: platform\n---\n\n## Forgotten password\n\n"
    "Ask for a link by email; it is good for thirty minutes.\n\n## Deleting it\n\n"
    "An account is deleted from its settings.\n",
    "platform/backups.md": "---\ntitle: Backups\ncategory: platform\nrole: subscriber\n---\n\n"
    "A copy of the database is made every night.\n",
}  # fmt: skip


NEARLY = "Does a zebra know trailing stops?"


def near(found: FoundPassages) -> list[str]:
    """Titles of the guides that come near."""
    return [each.candidate.guide_title for each in found.near]


class Search:
    """The finder and the search over one library."""

    def __init__(self, world: LibraryWorld, searches: Allowance | None = None) -> None:
        passages = InMemoryPassageQueries(world.store)
        self.finder = PassageFinder(passages, ANALYZER)
        self.guides = GuideSearch(passages, InMemoryGuideQueries(world.store), ANALYZER, searches or unlimited())

    async def find(self, question: str, *context: str, role: Role = Role.PUBLIC) -> FoundPassages:
        """The best passages."""
        return await self.finder.find(question, role, 3, context=context)

    async def titles(self, query: str, actor: Actor = GUEST, category: str | None = None) -> list[str]:
        """Titles of the hits."""
        return [hit.guide.title for hit in await self.hits(query, actor, category)]

    async def hits(self, query: str, actor: Actor = GUEST, category: str | None = None) -> list[GuideSearchHit]:
        """The hits."""
        return await self.guides.search(actor, query, 10, category)


@pytest.fixture
async def search(world: LibraryWorld) -> Search:
    """A library of four guides."""
    await world.import_texts(FILES)
    return Search(world)


@pytest.mark.parametrize(
    ("question", "heading"),
    [
        ("How does a trailing stop work?", "Trailing stops"),
        ("I forgot my password, what now?", "Forgotten password"),
        ("How do I remove my account?", "Deleting it"),
        ("what is a trialing stop", "Trailing stops"),
    ],
)
async def test_search_answerable_question_is_found_with_confidence(search: Search, question: str, heading: str) -> None:
    found = await search.find(question)
    assert found.confident
    assert found.passages[0].candidate.passage.heading == heading


@pytest.mark.parametrize(
    "question",
    ["How do I bake bread?", "Who won the elections in Portugal?", "", "?!", "what is it", "How do I grow tomatoes?"],
)
async def test_search_question_about_something_else_is_refused(search: Search, question: str) -> None:
    assert not (await search.find(question)).confident


async def test_search_question_that_is_nearly_answered_is_refused_with_the_guides_that_come_near(
    search: Search,
) -> None:
    found = await search.find(NEARLY)
    assert not found.confident
    assert near(found) == ["Stops"]


@pytest.mark.parametrize(
    "question",
    [
        "How do I bake bread?",
        "Who won the elections in Portugal?",
        "What is the capital of Mongolia?",
        "",
        "what is it",
    ],
)
async def test_search_question_about_something_else_has_nothing_near(search: Search, question: str) -> None:
    assert near(await search.find(question)) == []


async def test_search_question_that_is_answered_has_nothing_near(search: Search) -> None:
    assert near(await search.find("How does a trailing stop work?")) == []


async def test_search_guides_above_the_role_are_never_near(world: LibraryWorld) -> None:
    await world.import_texts({"stops.md": FILES["risk/stops.md"].replace("---\n\n", "role: subscriber\n---\n\n")})
    search = Search(world)
    assert near(await search.find(NEARLY)) == []
    assert near(await search.find(NEARLY, role=Role.SUBSCRIBER)) == ["Stops"]


@pytest.mark.parametrize("question", ["What about Mongolia?", "And is it good for pizza?"])
async def test_search_follow_up_is_not_near_what_only_the_question_before_spoke_of(
    search: Search, question: str
) -> None:
    found = await search.find(question, NEARLY)
    assert not found.confident
    assert near(found) == []


async def test_search_follow_up_is_near_by_its_own_words(search: Search) -> None:
    found = await search.find(NEARLY, "Who won the elections in Portugal?")
    assert near(found) == ["Stops"]


async def test_search_passages_above_the_role_are_never_found(search: Search) -> None:
    question = "When is a copy of the database made?"
    assert not (await search.find(question)).confident
    assert (await search.find(question, role=Role.SUBSCRIBER)).confident


async def test_search_follow_up_takes_what_it_leaves_unsaid_from_before(search: Search) -> None:
    after = await search.find("And does it move?", "What is a trailing stop?")
    assert after.confident
    assert after.passages[0].candidate.passage.heading == "Trailing stops"


async def test_search_new_subject_is_not_answered_from_the_one_before(search: Search) -> None:
    found = await search.find("Who painted the ceiling of the Sistine Chapel?", "How does a trailing stop work?")
    assert not found.confident


async def test_search_limit_bounds_the_passages_found(search: Search) -> None:
    assert len((await search.finder.find("account", Role.PUBLIC, 2)).passages) == 2


async def test_search_words_find_guides_with_a_marked_snippet(search: Search) -> None:
    (hit,) = await search.hits("trailing")
    assert (hit.guide.title, hit.heading, hit.line) == ("Stops", "Trailing stops", 2)
    assert "\ue000trailing\ue001 stop follows" in hit.snippet


async def test_search_misspelt_word_finds_the_nearest_known(search: Search) -> None:
    assert await search.titles("pasword") == ["Your account"]


async def test_search_related_words_find_when_the_words_alone_do_not(search: Search) -> None:
    assert await search.titles("snapshot") == []
    assert await search.titles("uninstall") == ["Your account"]


async def test_search_category_narrows_the_hits(search: Search) -> None:
    assert set(await search.titles("account")) == {"Your account", "Position sizing"}
    assert await search.titles("account", category="risk") == ["Position sizing"]


async def test_search_guides_above_the_role_are_left_out(search: Search) -> None:
    assert await search.titles("database") == []
    assert await search.titles("database", Actor(member_id=None, role=Role.SUBSCRIBER)) == ["Backups"]


@pytest.mark.parametrize("query", ["", "   ", "the of", "\\", '"', "* - ' OR", "\x00"])
async def test_search_query_without_words_finds_nothing(search: Search, query: str) -> None:
    assert await search.titles(query) == []


def test_search_snippet_of_long_text_shows_the_matching_part() -> None:
    text = "filler words " * 60 + "then the trailing stop appears " + "more words " * 60
    cut = snippet(text, {"trail", "stop"}, ANALYZER)
    assert "\ue000trailing\ue001 \ue000stop\ue001" in cut
    assert cut.startswith("… ")
    assert cut.endswith(" …")
    assert len(cut) < 260


def test_search_snippet_without_a_match_shows_the_beginning() -> None:
    assert snippet("`Some` words", {"else"}, ANALYZER) == "Some words"


async def test_search_second_passage_of_a_section_comes_after_other_sections(world: LibraryWorld) -> None:
    long = "\n\n".join(["The otter swims in the harbour, and the otter dives. " + "More of it. " * 40] * 3)
    await world.import_texts(
        {"a.md": f"# Otters\n\n{long}\n", "b.md": "# Harbours\n\n## Boats\n\nNo otter swims here.\n"}
    )
    found = await Search(world).finder.find("Where does an otter swim?", Role.PUBLIC, 4)
    titles = [each.candidate.guide_title for each in found.passages]
    assert len(titles) == 4
    assert titles[:2] in (["Otters", "Harbours"], ["Harbours", "Otters"])
    assert len({each.candidate.passage.line for each in found.passages if each.candidate.guide_title == "Otters"}) == 3


async def test_search_without_a_word_does_not_count(world: LibraryWorld) -> None:
    once = Allowance(InMemoryRateLimiter(ManualClock()), "searches", Limit(1, timedelta(minutes=1)))
    search, ann = Search(world, once), member(1)
    await world.import_texts(FILES)
    for _ in range(3):
        assert await search.titles(" ?! ", ann) == []

    assert await search.titles("trailing", ann) == ["Stops"]
    with pytest.raises(TooManyRequests, match="searches"):
        await search.titles("trailing", ann)
