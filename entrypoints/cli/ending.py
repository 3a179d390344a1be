"""How a command ends: exit codes, and one line for each problem in place of a traceback."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum

import click

from application.ports.system import CannotStart
from domain.errors import GuildhallError


class ExitCode(IntEnum):
    """What a caller's script can tell apart."""

    DONE = 0
    DONE_WITH_FAILURES = 1
    REFUSED = 2
    STOPPED = 130
    NO_READER = 141


class Refused(click.ClickException):
    """Something is wrong that the operator can put right: one line a problem, exit code 2."""

    exit_code = ExitCode.REFUSED


class Stopped(Exception):
    """Ctrl-C, or the end of the input where an answer was needed."""


class NoReader(Exception):
    """Whoever read the output has gone."""


@contextmanager
def refusals(*, traceback: bool = False) -> Iterator[None]:
    """Raise `Refused` in place of whatever went wrong; with `traceback`, faults of ours go through as they are."""
    try:
        yield
    except (click.ClickException, click.exceptions.Exit, Stopped, NoReader):
        raise
    except (KeyboardInterrupt, EOFError, click.Abort):
        raise Stopped from None
    except BrokenPipeError:
        raise NoReader from None
    except (GuildhallError, CannotStart) as error:
        raise Refused(str(error)) from error
    except OSError as error:
        where = f"{error.filename}: " if error.filename is not None else ""
        raise Refused(f"{where}{error.strerror or error}; check the path, its rights and the free space.") from error
    except Exception as error:
        if traceback:
            raise
        raise Refused(unexpected(error)) from error


def unexpected(error: Exception) -> str:
    """One line about a fault that nobody foresaw."""
    said = " ".join(str(error).split())[:300]
    return (
        f"unexpected {type(error).__name__}: {said or 'no further word'}. This is a fault in Guildhall; "
        "run `guildhall --traceback …` with the same arguments and report what it prints."
    )


def complain(message: str) -> None:
    """Write each line of the message to standard error."""
    for line in message.splitlines():
        click.echo(f"guildhall: {line}", err=True)


def complain_of_usage(error: click.UsageError) -> None:
    """One line that says what is wrong with the arguments and where to read more."""
    path = error.ctx.command_path if error.ctx is not None else "guildhall"
    complain(f"{' '.join(error.format_message().split()).rstrip('.')}; see `{path} --help`.")


def leave_output_behind() -> None:
    """Let what is still buffered go nowhere: nobody reads it, and the interpreter would complain at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
