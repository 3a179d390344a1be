"""What a reply rests on: passages to quote, or guides that come near; only what every participant may read."""

from dataclasses import replace
from uuid import UUID

import pytest

from adapters.language_models.guide_reader import COMES_CLOSE, REFUSAL, GuideReader
from adapters.memory.passages import InMemoryPassageQueries
from application.chat.asking import Answer, Ask
from application.chat.grounding import MAX_QUOTE, Grounding, Grounds, citations_used
from application.guides.library import GuideDraft
from application.guides.search import PassageFinder
from application.ports.chat import GroundingPassage, NearGuide, PromptMessage
from domain.chat import LLMProvider, MessageRole, SessionSettings, SessionSnapshot
from domain.guides import GuideId
from domain.identity import OPERATOR, Actor, Role
from tests.support.analyzer import ANALYZER
from tests.unit.chat.conftest import ChatWorld

BODY = "How to get out.\n\n## Trailing stops\n\nA trailing stop follows the price at a distance that you choose.\n"
ANSWERED, NEARLY, FAR = (
    "How does a trailing stop work?",
    "Which brokers in Mongolia have trailing stops?",
    "What is the capital of Mongolia?",
)


async def stops(world: ChatWorld, role: Role = Role.PUBLIC) -> GuideId:
    """The library's only guide."""
    return await world.library.create(
        OPERATOR, GuideDraft(title="Stops", body=BODY, category="risk", minimum_role=role)
    )


def finder(world: ChatWorld) -> PassageFinder:
    return PassageFinder(InMemoryPassageQueries(world.store), ANALYZER)


async def grounds(world: ChatWorld, session: SessionSnapshot, question: str) -> Grounds:
    grounding = Grounding(finder(world), world.members, world.clock)
    return await grounding.grounds(session, [PromptMessage(MessageRole.USER, question)])


async def ask(world: ChatWorld, question: str, role: Role = Role.PUBLIC) -> Answer:
    reader = GuideReader(ANALYZER, world.clock, pace_seconds=0)
    return await Ask(finder(world), {LLMProvider.LOCAL: reader}).answer(Actor(None, role), question)


def quote(text: str) -> str:
    """A citation's quote of a passage."""
    passage = GroundingPassage(1, GuideId(UUID(int=1)), "Stops", "", 0, text, 10.0)
    (citation,) = citations_used("So it is. [1]", [passage])
    return citation.quote


async def test_grounding_answered_question_has_passages_and_nothing_near(world: ChatWorld) -> None:
    guide, ann = await stops(world), await world.member("ann")
    found = await grounds(world, await world.sessions.create(ann), ANSWERED)
    assert [passage.guide_id for passage in found.passages] == [guide] * len(found.passages) != []
    assert found.near == ()


async def test_grounding_nearly_answered_question_has_only_the_guides_that_come_near(world: ChatWorld) -> None:
    guide, ann = await stops(world), await world.member("ann")
    assert await grounds(world, await world.sessions.create(ann), NEARLY) == Grounds(near=[NearGuide(guide, "Stops")])


async def test_grounding_question_about_something_else_has_nothing(world: ChatWorld) -> None:
    await stops(world)
    session = await world.sessions.create(await world.member("ann"))
    found = await grounds(world, session, FAR)
    assert (list(found.passages), list(found.near)) == ([], [])


async def test_grounding_switched_off_has_nothing_near(world: ChatWorld) -> None:
    await stops(world)
    session = await world.sessions.create(await world.member("ann"), settings=SessionSettings(grounding=False))
    assert await grounds(world, session, NEARLY) == Grounds()


async def test_grounding_near_guides_are_those_that_every_participant_may_read(world: ChatWorld) -> None:
    guide = await stops(world, Role.SUBSCRIBER)
    ann, ben = await world.member("ann", Role.SUBSCRIBER), await world.member("ben")
    session = await world.sessions.create(ann)
    shared = replace(session, participants=(ann.require_member(), ben.require_member()))
    alone = await grounds(world, session, NEARLY)
    together = await grounds(world, shared, NEARLY)
    assert [each.guide_id for each in alone.near] == [guide]
    assert list(together.near) == []


@pytest.mark.parametrize("question", [ANSWERED, NEARLY])
async def test_grounding_holds_nothing_that_a_banned_participant_may_not_read(world: ChatWorld, question: str) -> None:
    await stops(world, Role.SUBSCRIBER)
    ann, ben = await world.member("ann", Role.SUBSCRIBER), await world.member("ben")
    session = replace(await world.sessions.create(ann), participants=(ann.require_member(), ben.require_member()))
    async with world.unit_of_work() as work:
        banned = await work.members.get(ben.require_member())
        banned.ban(OPERATOR, world.clock.now(), "for now")
        await work.members.save(banned, world.clock.now())
        await work.commit()

    found = await grounds(world, session, question)
    assert [*found.passages, *found.near] == []


async def test_reply_request_carries_near_guides_to_be_linked(working: ChatWorld) -> None:
    guide, ann = await stops(working), await working.member("ann")
    session = await working.sessions.create(ann)
    await working.settled(ann, await working.ask(ann, session.id, NEARLY))
    (request,) = working.model.requests
    assert (list(request.passages), list(request.near), request.links) == ([], [NearGuide(guide, "Stops")], True)


async def test_ask_nearly_answered_question_names_the_guides_without_links(world: ChatWorld) -> None:
    await stops(world)
    answer = await ask(world, NEARLY)
    assert answer.text.startswith(f"{REFUSAL}\n\n{COMES_CLOSE}\n\n- **Stops**\n\n")
    assert "](" not in answer.text
    assert answer.citations == ()


async def test_ask_suggests_only_what_the_role_may_read(world: ChatWorld) -> None:
    await stops(world, Role.SUBSCRIBER)
    assert COMES_CLOSE not in (await ask(world, NEARLY)).text
    assert COMES_CLOSE in (await ask(world, NEARLY, Role.SUBSCRIBER)).text


async def test_ask_question_about_something_else_gets_no_suggestions(world: ChatWorld) -> None:
    await stops(world)
    answer = (await ask(world, FAR)).text
    assert answer.startswith(REFUSAL)
    assert COMES_CLOSE not in answer


@pytest.mark.parametrize("text", ["Short.", "x" * MAX_QUOTE, ("word " * 100)[: MAX_QUOTE - 1] + "."])
def test_citation_quote_that_fits_is_the_whole_passage(text: str) -> None:
    assert quote(text) == text


def test_citation_quote_of_a_long_passage_ends_after_a_whole_word_with_a_mark() -> None:
    shown = quote("alpha bravo\n" * 50)
    assert len(shown) <= MAX_QUOTE
    assert shown.endswith(("alpha…", "bravo…"))
    assert len(shown) > MAX_QUOTE - len("bravo alpha…")


@pytest.mark.parametrize("length", range(MAX_QUOTE - 12, MAX_QUOTE + 2))
def test_citation_quote_is_cut_at_a_word_wherever_the_limit_falls(length: int) -> None:
    shown = quote("x" * (length - 9) + " charlie delta echo foxtrot")
    assert len(shown) <= MAX_QUOTE
    assert shown.endswith("…")
    assert shown[:-1].split()[-1] in {"x" * (length - 9), "charlie", "delta", "echo"}


@pytest.mark.parametrize("text", ["x" * 500, "A " + "x" * 500, "価格" * 300])
def test_citation_quote_without_words_is_cut_where_it_must_be(text: str) -> None:
    assert quote(text) == text[: MAX_QUOTE - 1] + "…"
