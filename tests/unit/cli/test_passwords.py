"""Passwords come from a pipe, or are typed twice."""

import io
import sys
from collections.abc import Callable, Iterator

import click
import pytest

from domain.errors import Invalid
from entrypoints.cli.passwords import new_password


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Lines typed at a terminal that shows none of them."""

    def types(*lines: str) -> None:
        left: Iterator[str] = iter(lines)
        monkeypatch.setattr(sys, "stdin", _Terminal())
        monkeypatch.setattr(click.termui, "hidden_prompt_func", lambda _prompt: next(left))

    return types


@pytest.mark.parametrize("given", ["secret words\n", "secret words\r\n", "secret words", "secret words\nmore\n"])
def test_password_from_a_pipe_is_its_first_line(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(given))
    assert new_password() == "secret words"


@pytest.mark.parametrize("given", ["", "\n"])
def test_password_from_an_empty_pipe_is_refused(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(given))
    with pytest.raises(Invalid, match="standard input"):
        new_password()


def test_password_typed_twice_alike_is_taken(typed: Callable[..., None]) -> None:
    typed("secret words", "secret words")
    assert new_password() == "secret words"


def test_password_typed_differently_is_asked_again(
    typed: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    typed("secret words", "secret word", "other words", "other words")
    assert new_password() == "other words"
    assert "match" in capsys.readouterr().out
