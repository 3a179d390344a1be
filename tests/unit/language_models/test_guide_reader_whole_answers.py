"""What the guide reader quotes around the sentence that speaks to the question, so that the answer is in it."""

import re
from uuid import UUID

import pytest

from adapters.language_models._choosing import SHORT_LIST
from adapters.language_models._units import MAX_CODE_LINES
from adapters.language_models._widening import MAX_CHARACTERS, MAX_PARAGRAPH
from adapters.language_models.guide_reader import GuideReader
from adapters.memory.system import ManualClock
from application.guides.passages import passages
from application.ports.chat import GroundingPassage, ModelRequest, PromptMessage, TextDelta
from domain.chat import MessageRole
from domain.guides import GuideContent, GuideId
from tests.support.analyzer import ANALYZER

FILLER = "The shed was painted green in a rainy spring, and the door has hung a little askew ever since then. "
LONG_WORD = "Weather" * 7


async def answer(question: str, *markdown: str) -> str:
    """What is said when the first passage of each text was found, the first text as the best."""
    found = [
        GroundingPassage(number, GuideId(UUID(int=number)), f"Guide {number}", "", 0, passage(text), score=10)
        for number, text in enumerate(markdown, start=1)
    ]
    request = ModelRequest(
        model="guide-reader",
        messages=[PromptMessage(MessageRole.USER, question)],
        passages=found,
        grounded=True,
        temperature=0.7,
        max_tokens=2_000,
    )
    reader = GuideReader(ANALYZER, ManualClock(), pace_seconds=0)
    return "".join([event.text async for event in reader.stream(request) if isinstance(event, TextDelta)])


def passage(markdown: str) -> str:
    return passages(GuideContent(title="Sheds", body=markdown, category="garden"))[0].text


def quoted(said: str, number: int = 1) -> str:
    """The quotation of that passage, without its mark."""
    part = next(
        part for part in re.split(r"(?:^|\n\n)(?:See also )?\*\*Guide \d\*\*:\n\n", said) if f"[{number}]" in part
    )
    return re.sub(rf"\s*\[{number}\]", "", part)


async def test_guide_reader_answer_in_the_next_sentence_is_quoted() -> None:
    text = "Automatic snapshots of a drawing are made by the tablet app alone. It holds on to the latest twelve."
    assert quoted(await answer("How many automatic snapshots are there?", text)) == text


async def test_guide_reader_answer_in_the_sentence_before_is_quoted() -> None:
    text = "Two entries for one plant become one by *Merge*. The older entry stays. Merging duplicates can be undone."
    assert "The older entry stays." in quoted(await answer("Which one is left after merging duplicates?", text))


async def test_guide_reader_command_under_the_sentence_is_quoted_as_code() -> None:
    text = (
        "Make a key pair for the gateway.\n\n```sh\nssh-keygen -t ed25519 -f gate\n```\n\nThe lawn is mown on Fridays."
    )
    said = quoted(await answer("key pair of a gateway", text))
    assert said == "Make a key pair for the gateway.\n\n```\nssh-keygen -t ed25519 -f gate\n```"


@pytest.mark.parametrize("lead", ["The plotter runs on three systems:", "The plotter runs on three systems."])
async def test_guide_reader_list_under_the_sentence_is_quoted(lead: str) -> None:
    text = f"{lead}\n\n- Debian\n- Fedora\n- Alpine"
    assert quoted(await answer("Which systems does the plotter run on?", text)) == text


async def test_guide_reader_list_that_the_paragraphs_end_announces_is_quoted() -> None:
    text = "A plotter needs a driver. Choose one of these.\n\n- hp-gl\n- dmpl"
    assert quoted(await answer("What does a plotter need?", text)) == text


async def test_guide_reader_list_that_nothing_leads_to_is_left_out() -> None:
    text = "A plotter needs a driver. The shed is green.\n\n- rakes\n- spades"
    assert quoted(await answer("What does a plotter need?", text)) == "A plotter needs a driver. The shed is green."


@pytest.mark.parametrize("length", [SHORT_LIST, SHORT_LIST + 1])
@pytest.mark.parametrize("mark", ["-", "1."])
async def test_guide_reader_list_longer_than_seven_is_cut_after_the_seventh(length: int, mark: str) -> None:
    items = [f"{mark if mark == '-' else f'{number}.'} shelf {number}" for number in range(1, length + 1)]
    said = quoted(await answer("Where are the seeds?", "The seeds are on these:\n\n" + "\n".join(items)))
    assert said == "\n".join(
        ["The seeds are on these:\n", *items[:SHORT_LIST], *(["\n…"] if length > SHORT_LIST else [])]
    )


@pytest.mark.parametrize("extra", [0, 1])
async def test_guide_reader_code_of_more_lines_than_fit_is_left_out_visibly(extra: int) -> None:
    code = "```\n" + "\n".join(f"step {number}" for number in range(MAX_CODE_LINES + extra)) + "\n```"
    said = quoted(await answer("How is the pump primed?", f"The pump is primed thus:\n\n{code}"))
    assert said == "The pump is primed thus:\n\n" + ("…" if extra else code)


async def test_guide_reader_sentence_of_a_long_paragraph_comes_with_its_neighbours() -> None:
    neighbours = "The pump has a valve. It opens at three bar. A spring closes it. Oil it in May."
    text = f"{FILLER * 4}{neighbours} {FILLER * 2}"
    said = quoted(await answer("When does it open, at how many bar?", text))
    assert said == neighbours


async def test_guide_reader_sentence_that_refers_to_nothing_comes_without_the_one_before() -> None:
    text = f"{FILLER * 4}Nails rust. The valve opens at three bar. A spring closes it. Oil it in May. {FILLER}"
    said = quoted(await answer("At how many bar does the valve open?", text))
    assert said == "The valve opens at three bar. A spring closes it. Oil it in May."


async def test_guide_reader_neighbours_of_a_long_paragraph_are_few_characters() -> None:
    text = f"The valve opens at three bar. {FILLER * 2}{'Long ' * 60}words. {FILLER * 3}"
    said = quoted(await answer("At how many bar does the valve open?", text))
    assert said == f"The valve opens at three bar. {FILLER * 2}".strip()
    assert len(said) <= MAX_PARAGRAPH


async def test_guide_reader_what_comes_along_stays_within_the_length_of_an_answer() -> None:
    lead, item = f"{FILLER * 2}The valve matters, see below.", f"- {LONG_WORD * 3}"
    said = quoted(await answer("What of the valve?", f"{lead}\n\n" + "\n".join([item] * 7)))
    fitting = (MAX_CHARACTERS - len(lead)) // (len(item) + 1)
    assert 0 < fitting < SHORT_LIST
    assert said == f"{lead}\n\n" + "\n".join([item] * fitting) + "\n\n…"


async def test_guide_reader_steps_that_do_not_fit_are_left_out_together() -> None:
    steps = "\n".join(f"{number}. {LONG_WORD * 4}" for number in range(1, 6))
    said = quoted(await answer("What of the valve?", f"The valve matters. Mend it like this.\n\n{steps}"))
    assert said == "The valve matters. Mend it like this."


async def test_guide_reader_long_list_of_steps_that_does_not_fit_is_cut() -> None:
    steps = [f"{number}. {LONG_WORD * 3}" for number in range(1, SHORT_LIST + 2)]
    said = quoted(await answer("What of the valve?", "The valve matters. Mend it like this.\n\n" + "\n".join(steps)))
    fitting = (MAX_CHARACTERS - len("The valve matters. Mend it like this.")) // (len(steps[0]) + 1)
    assert said == "The valve matters. Mend it like this.\n\n" + "\n".join(steps[:fitting]) + "\n\n…"


async def test_guide_reader_code_under_a_paragraph_that_is_not_quoted_to_its_end_is_left_out() -> None:
    text = f"The valve opens at three bar. {FILLER * 6}\n\n```\nvarnish --twice\n```"
    assert "varnish" not in await answer("At how many bar does the valve open?", text)


async def test_guide_reader_passage_without_a_word_of_the_question_is_quoted_from_its_start() -> None:
    text = "Rakes hang left. Spades stand right.\n\nPots are stacked."
    assert quoted(await answer("Where do implements belong?", text)) == "Rakes hang left. Spades stand right."
    text = "Rakes hang left.\n\nPots are stacked. Saws are not."
    assert quoted(await answer("Where do implements belong?", text)) == "Rakes hang left.\n\nPots are stacked."


async def test_guide_reader_see_also_quotes_no_more_than_its_sentence() -> None:
    valve = "The valve opens at three bar. A spring closes it.\n\n- red\n- blue"
    said = await answer("At how many bar does the valve open?", valve, valve)
    assert quoted(said, 1) == "The valve opens at three bar. A spring closes it."
    assert quoted(said, 2) == "The valve opens at three bar."


async def test_guide_reader_item_that_answers_best_leaves_the_rest_of_its_list() -> None:
    tools = "- Rakes hang left.\n- The valve key lies in the valve box.\n- Spades stand.\n- Pots.\n- Saws."
    text = f"Every tool below has a place.\n\n{tools}"
    said = quoted(await answer("Where is the key of the valve box?", text))
    assert "valve key" in said
    assert "Rakes" not in said
