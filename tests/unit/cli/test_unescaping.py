"""Markdown at the terminal: escapes are taken out, in whatever pieces it arrives; code stays as it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrypoints.cli.unescaping import Unescaping

CASES = [
    ("“Backups \\> Restoring”", "“Backups > Restoring”"),
    ("about \\~5 \\_minutes\\_ \\[1\\] [1]", "about ~5 _minutes_ [1] [1]"),
    ("C:\\\\temp and \\n", "C:\\temp and \\n"),
    ("run `echo \\$HOME`, then \\*wait\\*", "run `echo \\$HOME`, then *wait*"),
    ("a \\` is \\~ no code", "a ` is ~ no code"),
    ("``a ` \\~`` \\~", "``a ` \\~`` ~"),
    ("```\ngrep \\~ \\`x\n\n\\*\n```\n\n\\*", "```\ngrep \\~ \\`x\n\n\\*\n```\n\n*"),
    ("a lone ` here\n\n\\~ there", "a lone ` here\n\n~ there"),
    ("a lone ` here\n \n\n\\~ there\n", "a lone ` here\n \n\n~ there\n"),
    ("ends in \\", "ends in \\"),
]


def shown(pieces: list[str]) -> str:
    markdown = Unescaping()
    return "".join([*map(markdown.feed, pieces), markdown.finish()])


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_unescaping_text_at_once_loses_its_escapes_outside_of_code(text: str, expected: str) -> None:
    assert shown([text]) == expected


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_unescaping_text_letter_by_letter_reads_the_same(text: str, expected: str) -> None:
    assert shown(list(text)) == expected


@given(st.lists(st.text(alphabet="a\\`~*\n ", max_size=6), max_size=8))
def test_unescaping_any_pieces_read_as_their_whole(pieces: list[str]) -> None:
    assert shown(pieces) == shown(["".join(pieces)])


def test_unescaping_plain_words_are_shown_at_once() -> None:
    assert Unescaping().feed("Put the stop ") == "Put the stop "
