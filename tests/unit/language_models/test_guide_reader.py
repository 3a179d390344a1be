"""The built-in assistant's answers."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from html import escape, unescape
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.language_models.guide_reader import (
    COMES_CLOSE,
    NO_QUESTION,
    NOT_GROUNDED,
    NOTHING_FOUND,
    REFUSAL,
    GuideReader,
)
from adapters.memory.system import ManualClock
from adapters.text.markdown import MarkdownRenderer
from application.ports.chat import (
    GroundingPassage,
    ModelEvent,
    ModelRequest,
    NearGuide,
    PromptMessage,
    ReplyEnd,
    TextDelta,
)
from domain.chat import MessageRole
from domain.guides import GuideId
from tests.support.analyzer import ANALYZER

STOPS = (
    "A trailing stop follows the price at a fixed distance. It never moves back. The weather has no part in it.\n\n"
    "Coffee is served at nine."
)
STEPS = "To set one:\n\n1. Open the position.\n2. Choose a distance:\n   - in points\n3. Press Save.\n\nThat is all."


def passage(
    number: int, text: str, *, title: str = "Stops", heading: str = "Trailing", score: float = 10
) -> GroundingPassage:
    return GroundingPassage(number, GuideId(UUID(int=number)), title, heading, 0, text, score)


def request(
    question: str,
    *passages: GroundingPassage,
    before: Sequence[str] = (),
    grounded: bool = True,
    max_tokens: int = 2_000,
) -> ModelRequest:
    messages = [PromptMessage(MessageRole.USER, text) for text in (*before, question)]
    return ModelRequest(
        model="guide-reader",
        messages=messages,
        passages=passages,
        grounded=grounded,
        temperature=0.7,
        max_tokens=max_tokens,
    )


def refused(*titles: str, question: str = "Why do I sell too early?", links: bool = True) -> ModelRequest:
    """A question that nothing answers, with guides of these titles near it."""
    near = [NearGuide(GuideId(UUID(int=number)), title) for number, title in enumerate(titles, start=1)]
    return replace(request(question), near=near, links=links)


async def events(asked: ModelRequest) -> list[ModelEvent]:
    return [event async for event in GuideReader(ANALYZER, ManualClock(), pace_seconds=0).stream(asked)]


async def answer(asked: ModelRequest) -> str:
    return "".join(event.text for event in await events(asked) if isinstance(event, TextDelta))


async def test_guide_reader_answer_quotes_the_sentences_that_speak_to_it() -> None:
    said = await answer(request("How far does a trailing stop follow the price?", passage(1, STOPS)))
    assert "A trailing stop follows the price at a fixed distance." in said
    assert "Coffee" not in said


async def test_guide_reader_answer_names_its_guide_and_cites_the_passage() -> None:
    said = await answer(request("What is a trailing stop?", passage(3, STOPS)))
    assert said.startswith("**Stops**, “Trailing”:")
    assert re.findall(r"\[(\d+)\]", said) == ["3"]


async def test_guide_reader_steps_stay_numbered_and_whole() -> None:
    said = await answer(request("How do I set one?", passage(1, STEPS)))
    assert "To set one:\n\n1. Open the position.\n2. Choose a distance:\n   - in points\n3. Press Save." in said


async def test_guide_reader_step_chosen_alone_comes_with_those_before_it() -> None:
    routine = "Before each order do this.\n\n1. Look.\n2. Think.\n3. Divide the trailing stop risk.\n" + "\n".join(
        f"{number}. Rest." for number in range(4, 9)
    )
    said = await answer(request("trailing stop", passage(1, STOPS), passage(2, routine, title="Routine", score=9.5)))
    assert "Before each order do this.\n\n1. Look.\n2. Think.\n3. Divide the trailing stop risk. [2]\n\n…" in said


@pytest.mark.parametrize("question", ["trailing stop", "How do I set a trailing stop?", "Tell me how to set a stop"])
async def test_guide_reader_step_chosen_from_short_list_comes_with_all_of_them(question: str) -> None:
    steps = "\n".join(f"{number}. {'Set the trailing stop' if number == 3 else 'Rest'}." for number in range(1, 8))
    said = await answer(request(question, passage(1, STOPS), passage(2, steps, title="Routine", score=9.5)))
    assert said.endswith(f"{steps} [2]")


async def test_guide_reader_short_list_with_a_matching_step_is_quoted_beside_a_better_sentence() -> None:
    text = (
        "Here is a routine:\n\n1. Look at the chart.\n2. Move the trailing stop.\n3. Rest.\n\n"
        "A trailing stop costs nothing.\n\nCoffee is served at nine."
    )
    said = await answer(request("What does a trailing stop cost?", passage(1, text)))
    assert said.endswith(text.removesuffix("\n\nCoffee is served at nine.") + " [1]")


async def test_guide_reader_list_without_a_matching_step_is_left_out() -> None:
    text = "A trailing stop follows the price.\n\nLater:\n\n1. Drink tea.\n2. Rest."
    said = await answer(request("What is a trailing stop?", passage(1, text)))
    assert said.endswith("A trailing stop follows the price. [1]")


async def test_guide_reader_what_is_left_out_between_sentences_shows() -> None:
    text = "A trailing stop follows the price.\n\nTea is cold.\n\nA trailing stop never moves back."
    said = await answer(request("trailing stop", passage(1, text)))
    assert "follows the price.\n\n…\n\nA trailing stop never moves back." in said


async def test_guide_reader_list_cut_by_its_passage_begins_with_an_ellipsis() -> None:
    said = await answer(request("trailing stop", passage(1, "3. Move the trailing stop.\n4. Press Save.")))
    assert "…\n\n3. Move the trailing stop." in said


async def test_guide_reader_code_stays_code() -> None:
    text = "To turn it on:\n\n```\nstop = __trail__\n```"
    said = await answer(request("How do I turn it on?", passage(1, text)))
    assert "```\nstop = __trail__\n```" in said
    assert "[1]" in said


async def test_guide_reader_near_passages_are_added_and_far_ones_are_not() -> None:
    near = passage(2, "A trailing stop may be moved.", title="Orders", score=9)
    far = passage(3, "A trailing stop was new in 2012.", title="History", score=2)
    said = await answer(request("trailing stop", passage(1, STOPS), near, far))
    assert "See also **Orders**" in said
    assert "History" not in said


async def test_guide_reader_section_is_quoted_once_and_marks_count_up() -> None:
    orders, more = "A trailing stop may be moved.", "A trailing stop may be cancelled."
    said = await answer(
        request(
            "trailing stop",
            passage(1, STOPS),
            replace(passage(2, orders, heading="Orders", score=9.5), guide_id=GuideId(UUID(int=1))),
            replace(passage(3, STOPS, score=9), guide_id=GuideId(UUID(int=1))),
            replace(passage(4, more, heading="Orders", score=9), guide_id=GuideId(UUID(int=1))),
        )
    )
    assert re.findall(r"\[(\d+)\]", said) == ["1", "2"]


async def test_guide_reader_nothing_found_is_said_plainly_with_what_to_try() -> None:
    assert await answer(request("What is the capital of Mongolia?")) == NOTHING_FOUND
    assert "nothing" in NOTHING_FOUND


async def test_guide_reader_refusal_links_the_guides_that_come_near_in_order() -> None:
    said = await answer(refused("Exits", "Fear & greed"))
    assert said.startswith(
        f"{REFUSAL}\n\n{COMES_CLOSE}\n\n"
        "- [Exits](/guides/00000000-0000-0000-0000-000000000001)\n"
        "- [Fear & greed](/guides/00000000-0000-0000-0000-000000000002)\n\n"
    )
    assert said.replace(said[len(REFUSAL) : said.index("\n\nI only")], "") == NOTHING_FOUND


async def test_guide_reader_refusal_where_links_lead_nowhere_names_the_guides() -> None:
    said = await answer(refused("Exits", "1. Fear_less", links=False))
    assert f"{COMES_CLOSE}\n\n- **Exits**\n- **1. Fear\\_less**\n\n" in said
    assert "/guides/" not in said


@pytest.mark.parametrize("message", ["hi", "thanks a lot", " "])
async def test_guide_reader_message_that_asks_nothing_gets_no_suggestions(message: str) -> None:
    assert await answer(refused("Exits", question=message)) == NO_QUESTION


@pytest.mark.parametrize(
    "title",
    ["A](javascript:alert(1)) [b", "`](/x)`", "1. *a* _b_", "<b>c</b>", "&copy; & &amp; &#35;", "![x](y)", "\\", "[1]"],
)
async def test_guide_reader_title_of_a_near_guide_stays_the_text_of_its_link(title: str) -> None:
    rendered = MarkdownRenderer().render(await answer(refused(title)))
    (link,) = re.findall(r"<a [^>]*>.*?</a>", rendered)
    assert 'href="/guides/00000000-0000-0000-0000-000000000001"' in link
    assert unescape(re.sub(r"<[^>]*>", "", link)) == title
    named = MarkdownRenderer().render(await answer(refused(title, links=False)))
    assert f"<li><strong>{escape(title)}</strong></li>" in named


async def test_guide_reader_without_grounding_says_how_to_get_an_answer() -> None:
    assert await answer(request("What is a stop?", passage(1, STOPS), grounded=False)) == NOT_GROUNDED


async def test_guide_reader_empty_question_asks_for_one() -> None:
    assert await answer(request("  ")) == NO_QUESTION


@pytest.mark.parametrize(
    "message",
    [
        "hi",
        "Hello there!",
        "thanks",
        "Thanks a lot, that was great",
        "ok",
        "hi, how are you?",
        "Good morning",
        "?",
        "👍",
    ],
)
async def test_guide_reader_message_that_asks_nothing_is_not_answered_with_a_passage(message: str) -> None:
    found = passage(1, "Hi and hello, ok, thanks: good morning. How are you? That was great.")
    assert await answer(request(message, found)) == NO_QUESTION
    assert await answer(request(message)) == NO_QUESTION


@pytest.mark.parametrize("message", ["ok", "thank you", "Great, thanks!", "no"])
async def test_guide_reader_thanks_after_an_answer_are_not_answered_with_a_passage(message: str) -> None:
    assert await answer(request(message, passage(1, STOPS), before=["What is a trailing stop?"])) == NO_QUESTION


@pytest.mark.parametrize("message", ["and why?", "what about this?", "ok, but how?"])
async def test_guide_reader_follow_up_of_function_words_is_still_a_question(message: str) -> None:
    assert "[1]" in await answer(request(message, passage(1, STOPS), before=["What is a trailing stop?"]))


@pytest.mark.parametrize("message", ["Hi, what is a trailing stop?", "thanks! trailing stop", "What is a good day?"])
async def test_guide_reader_polite_question_is_answered(message: str) -> None:
    assert "[1]" in await answer(request(message, passage(1, STOPS)))


async def test_guide_reader_follow_up_is_read_with_the_question_before() -> None:
    text = "Fees are charged monthly. A trailing stop never moves back. Coffee is served at nine."
    said = await answer(request("And can it go lower?", passage(1, text), before=["What is a trailing stop?"]))
    assert "never moves back" in said


async def test_guide_reader_long_answer_is_kept_within_the_limit() -> None:
    many = [passage(n, f"A trailing stop number {n} follows. " * 3, title=f"Guide {n}") for n in range(1, 4)]
    short = await answer(request("trailing stop", *many, max_tokens=10))
    assert "See also" not in short
    assert "[1]" in short


async def test_guide_reader_stream_ends_once_with_a_count_of_tokens() -> None:
    streamed = await events(request("trailing stop?", passage(1, STOPS)))
    assert isinstance(streamed[-1], ReplyEnd)
    assert streamed[-1].tokens_used > 10
    assert all(isinstance(event, TextDelta) and event.text for event in streamed[:-1])
    assert len(streamed) > 10


async def test_guide_reader_pause_between_words_is_the_clocks() -> None:
    clock = ManualClock()
    stream = GuideReader(ANALYZER, clock, pace_seconds=0.5).stream(request("trailing stop?", passage(1, STOPS)))
    await anext(stream)
    second = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0)
    assert clock.sleepers == 1
    clock.advance(timedelta(seconds=1))
    assert isinstance(await second, TextDelta)
    await stream.aclose()


async def test_guide_reader_is_healthy_and_names_its_model() -> None:
    reader = GuideReader(ANALYZER, ManualClock())
    assert await reader.is_healthy()
    assert reader.default_model == "guide-reader"


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script> stop",
        "[stop](javascript:alert(1))",
        "stop *a* _b_ __c__ | d",
        "# stop",
        "> stop",
        "+ stop",
    ],
)
async def test_guide_reader_quoted_text_never_turns_into_markup(hostile: str) -> None:
    said = await answer(request("stop", passage(1, hostile, title="A *b* [c](d)", heading="<b>")))
    html = MarkdownRenderer().render(said)
    shown = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", html)).replace("&lt;", "<").replace("&gt;", ">")
    assert hostile in shown
    assert "<a" not in html


@given(st.text(max_size=200), st.text(min_size=1, max_size=300), st.text(max_size=60))
async def test_guide_reader_any_passage_and_question_give_an_answer(question: str, text: str, title: str) -> None:
    streamed = await events(request(question, passage(1, text, title=title)))
    assert isinstance(streamed[-1], ReplyEnd)
    assert any(isinstance(event, TextDelta) for event in streamed)
