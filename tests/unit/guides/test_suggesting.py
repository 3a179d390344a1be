"""What the start page suggests to ask about."""

import pytest

from application.guides.library import GuideDraft
from application.guides.suggesting import readable_title, suggested
from domain.identity import GUEST, OPERATOR
from entrypoints.container import memory_container

READABLE = (
    ("Position sizing", "Position sizing"),
    ("1. Position sizing", "Position sizing"),
    ("02 - moving  averages", "Moving averages"),
    ("3.2.1 Reading a chart", "Reading a chart"),
    ("Chapter 3: Risk of ruin", "Risk of ruin"),
    ("10 rules for traders", "10 rules for traders"),
    ("Über das Risiko", "Über das Risiko"),
    ("仓位管理", "仓位管理"),
)
UNREADABLE = (
    *("01-introduction", "01-introduction.md", "Introduction", "README", "api_reference", "how-to-install", "2", ""),
    *(
        "Table of contents",
        "Release notes for May",
        "Release 1.2.3",
        "The `run` command",
        "docs/first steps",
        "1. 2. 3.",
    ),
    "A title of so many words that nobody would press a button with it",
)


@pytest.mark.parametrize(("title", "text"), READABLE)
def test_suggestion_of_readable_title_is_made(title: str, text: str) -> None:
    assert readable_title(title) == text


@pytest.mark.parametrize("title", UNREADABLE)
def test_suggestion_of_unreadable_title_is_not_made(title: str) -> None:
    assert readable_title(title) is None


def test_suggestions_are_mixed_over_categories() -> None:
    manual = [f"Working with part {letter} of it" for letter in "xyz"]

    assert suggested([manual, ["01-intro", "Risk of ruin"], []], 3) == [manual[0], "Risk of ruin", manual[1]]
    assert suggested([manual, ["Risk of ruin"], ["Order types"]], 3) == [manual[0], "Risk of ruin", "Order types"]


def test_suggestions_name_each_subject_once() -> None:
    assert suggested([["Order types", "1. Order types"], ["order TYPES"]], 3) == ["Order types"]


async def test_suggestions_of_a_library_leave_numbered_files_and_hidden_guides_out() -> None:
    container = memory_container()
    library, reading = container.guide_library(), container.guide_reading()
    for number in range(40):
        await library.create(OPERATOR, GuideDraft(title=f"{number:02}-page", category="platform", body="Text."))
    await library.create(OPERATOR, GuideDraft(title="First steps here", category="platform", body="Text."))
    await library.create(OPERATOR, GuideDraft(title="Position sizing", category="risk", body="Text."))
    await library.create(OPERATOR, GuideDraft(title="Order types", category="trading", body="Text."))

    assert await reading.suggestions(GUEST, 3) == ["Position sizing", "Order types"]


async def test_suggestions_of_an_empty_library_are_none() -> None:
    assert await memory_container().guide_reading().suggestions(GUEST, 3) == []
