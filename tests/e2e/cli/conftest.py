"""The command line in this process: the same code as `guildhall …`, its exit code and what it printed."""

import io
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import structlog

from entrypoints.cli.main import run
from tests.e2e.conftest import Instance, Outcome

Command = Callable[..., Outcome]


@pytest.fixture
def command_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Callable[[Instance], Command]:
    """Gives the commands of an instance, run in this process; keywords in capitals are settings."""

    def on(instance: Instance) -> Command:
        def command(*arguments: object, given: str = "", **settings: str) -> Outcome:
            capsys.readouterr()
            with monkeypatch.context() as patched:
                patched.chdir(tmp_path)
                patched.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given.encode()), encoding="utf-8"))
                for name, value in {"GUILDHALL_DATA_DIR": str(instance.folder), **settings}.items():
                    patched.setenv(name, value)
                with _logging_as_before():
                    code = run([str(argument) for argument in arguments])
            said = capsys.readouterr()
            return Outcome(code, said.out, said.err)

        return command

    return on


@contextmanager
def _logging_as_before() -> Iterator[None]:
    """A server sends all log lines to its standard error, which ends here with the command."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        logging.captureWarnings(capture=False)
        structlog.reset_defaults()


@pytest.fixture
def guildhall(command_on: Callable[[Instance], Command], instance: Instance) -> Command:
    """The commands of a prepared instance."""
    return command_on(instance)


def assert_refused(outcome: Outcome, *words: str, lines: int = 1) -> None:
    """Exit code 2, one line for each problem, all of the words said, and no result."""
    assert outcome.code == 2, outcome
    assert len(outcome.problems) == lines, outcome.err
    assert all(line.startswith("guildhall: ") for line in outcome.problems), outcome.err
    assert "Traceback" not in outcome.err
    assert not [word for word in words if word not in outcome.err], outcome.err
    assert outcome.out == ""
