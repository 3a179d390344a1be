"""Snippets of messages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.words import CLOSE, OPEN, SNIPPET_WORDS, holds_all, snippet, words


@pytest.mark.parametrize(
    ("content", "terms", "expected"),
    [
        ("Stop the loss", ["loss", "stop"], f"{OPEN}Stop{CLOSE} the {OPEN}loss{CLOSE}"),
        ("Stopping losses", ["stop"], f"{OPEN}Stopping{CLOSE} losses"),
        ("Stopping losses", ["stop", "loss"], None),
        ("CRÊPES", ["crepes"], f"{OPEN}CRÊPES{CLOSE}"),
        ("½ price", ["2"], f"{OPEN}½{CLOSE} price"),
        ("...", ["a"], None),
        ("", ["a"], None),
        ("a", [], None),
    ],
)
def test_snippet_of_content_marks_all_hits_or_is_none(content: str, terms: list[str], expected: str | None) -> None:
    assert (snippet(content, terms) if holds_all(content, terms) else None) == expected


@given(content=st.text(max_size=200), data=st.data())
def test_snippet_of_any_content_is_found_by_its_own_words(content: str, data: st.DataObject) -> None:
    own = words(content)
    if not own:
        assert not holds_all(content, ["a"])
        return
    terms = data.draw(st.lists(st.sampled_from(own), min_size=1, max_size=3))
    found = snippet(content, terms)
    assert holds_all(content, terms)
    assert found.count(OPEN) == found.count(CLOSE) + content.count(OPEN) - content.count(CLOSE)
    assert OPEN in found


@given(position=st.integers(0, 99))
def test_snippet_of_long_content_is_short_and_holds_the_hit(position: int) -> None:
    content = " ".join("target" if number == position else f"word{number}" for number in range(100))
    found = snippet(content, ["target"])
    assert f"{OPEN}target{CLOSE}" in found
    assert len(found.split()) <= SNIPPET_WORDS
