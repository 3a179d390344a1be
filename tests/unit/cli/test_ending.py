"""How commands end: whatever is raised becomes one line and an exit code."""

import click
import pytest

from application.ports.system import CannotStart
from domain.errors import Invalid, Unavailable
from entrypoints.cli.ending import NoReader, Refused, Stopped, refusals


@pytest.mark.parametrize(
    ("raised", "said"),
    [
        (Unavailable("The database is locked."), "The database is locked."),
        (Invalid.of("PATH", "expected a folder"), "PATH: expected a folder"),
        (CannotStart("The port is in use."), "The port is in use."),
        (PermissionError(13, "Permission denied", "/srv/x"), "/srv/x: Permission denied; check the path"),
        (OSError(28, "No space left on device"), "No space left on device; check the path"),
        (KeyError("title"), "unexpected KeyError: 'title'. This is a fault in Guildhall"),
        (RuntimeError("two\nlines"), "unexpected RuntimeError: two lines."),
        (ValueError(), "unexpected ValueError: no further word."),
    ],
)
def test_refusals_of_any_error_are_one_line(raised: Exception, said: str) -> None:
    with pytest.raises(Refused) as caught, refusals():
        raise raised
    assert caught.value.message.startswith(said)
    assert len(caught.value.message.splitlines()) == 1
    assert caught.value.exit_code == 2


def test_refusals_of_long_error_are_cut_short() -> None:
    with pytest.raises(Refused) as caught, refusals():
        raise RuntimeError("word " * 1000)
    assert len(caught.value.message) < 600


def test_refusals_with_traceback_let_faults_through() -> None:
    with pytest.raises(KeyError), refusals(traceback=True):
        raise KeyError("title")
    with pytest.raises(Refused), refusals(traceback=True):
        raise Unavailable("The database is locked.")


@pytest.mark.parametrize("raised", [KeyboardInterrupt(), EOFError(), click.Abort()])
def test_refusals_of_an_interrupt_stop_the_command(raised: BaseException) -> None:
    with pytest.raises(Stopped), refusals():
        raise raised


def test_refusals_without_a_reader_end_quietly() -> None:
    with pytest.raises(NoReader), refusals():
        raise BrokenPipeError(32, "Broken pipe")


@pytest.mark.parametrize("raised", [Refused("once"), click.UsageError("twice"), click.exceptions.Exit(1), Stopped()])
def test_refusals_leave_what_is_decided_alone(raised: Exception) -> None:
    with pytest.raises(type(raised)) as caught, refusals():
        raise raised
    assert caught.value is raised
