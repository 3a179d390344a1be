"""Words of a text as index terms."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.text.analyzer import SnowballAnalyzer

ANALYZER = SnowballAnalyzer()


def values(text: str) -> list[str]:
    return [term.value for term in ANALYZER.terms(text)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Configuring", "configured"),
        ("Café", "cafe\u0301"),
        ("STRASSE", "straße"),
        ("e-mail", "email"),
        ("10,000", "10000"),
        ("O'Reilly", "oreilly"),
        ("organisation", "organization"),
        ("colours", "color"),
        ("analysed", "analyze"),
        ("licence", "license"),
        ("centre", "center"),
        ("exercise", "exercises"),
        ("guide's", "guides"),
        ("\ufb01le", "files"),
    ],
)
def test_analyzer_spellings_of_one_word_give_one_term(one: str, other: str) -> None:
    assert values(one)[0] == values(other)[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("stop-loss", ["stoploss", "stop", "loss"]),
        ("max_open_trades", ["maxopentrad", "max", "open", "trade"]),
        ("minRoi", ["minroi", "min", "roi"]),
        ("--dry-run", ["dryrun", "dri", "run"]),
        ("GitHub", ["github"]),
        ("HTTPServerError", ["httpservererror", "http", "server", "error"]),
        ("__init__", ["init"]),
        ("v2.1", ["v2p1"]),
        ("1.6.2", ["1p6p2", "1p6"]),
    ],
)
def test_analyzer_compounds_are_indexed_whole_and_in_parts(text: str, expected: list[str]) -> None:
    assert values(text) == expected


@pytest.mark.parametrize("text", ["I'm", "don't", "we'll", "the", "Does"])
def test_analyzer_function_words_are_recognised_as_stop_words(text: str) -> None:
    assert [ANALYZER.is_stop_word(value) for value in values(text)] == [True]


@pytest.mark.parametrize("text", ["ill", "ID", "well"])
def test_analyzer_words_that_look_like_contractions_keep_their_meaning(text: str) -> None:
    assert not ANALYZER.is_stop_word(values(text)[0])


def test_analyzer_other_scripts_are_kept_as_they_are() -> None:
    assert values("Привет 日本語") == ["привет", "日本語"]


@given(st.text(max_size=200))
def test_analyzer_any_text_gives_plain_terms_with_true_places(text: str) -> None:
    for term in ANALYZER.terms(text):
        assert re.fullmatch(r"[^\W_]+", term.value)
        assert 0 <= term.start < term.end <= len(text)


@given(st.text(max_size=100))
def test_analyzer_same_text_gives_the_same_terms(text: str) -> None:
    assert ANALYZER.terms(text) == SnowballAnalyzer().terms(text)
