"""The command `guildhall`. Each command's module is imported when it is called, so that the first line comes fast."""

import importlib
import sys
from collections.abc import Sequence
from importlib.metadata import version
from io import TextIOWrapper
from pathlib import Path
from typing import Any

import click

from entrypoints.cli.ending import (
    ExitCode,
    NoReader,
    Stopped,
    complain,
    complain_of_usage,
    leave_output_behind,
    refusals,
)
from entrypoints.cli.session import Invocation

_COMMANDS = {
    "bot": ("entrypoints.cli.bot", "The bot alone, at Telegram or in this terminal; its webhook and inbox."),
    "chat": ("entrypoints.cli.chat", "Ask the assistant."),
    "db": ("entrypoints.cli.db", "The database: upgrade, downgrade, check, backup, restore."),
    "doctor": ("entrypoints.cli.doctor", "Check this installation and say what to do."),
    "guides": ("entrypoints.cli.guides", "The guide library: import, export, list, index."),
    "init": ("entrypoints.cli.init", "Prepare an instance and print how its owner signs in."),
    "keys": ("entrypoints.cli.keys", "The keys that sign tokens: rotate."),
    "members": ("entrypoints.cli.members", "Members: list, add, grant, revoke, sign-in links, passwords."),
    "serve": ("entrypoints.cli.serve", "Serve the web pages, the API, the sockets and the bot."),
}


class _Commands(click.Group):
    """The commands by name, loaded one at a time."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names."""
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name."""
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = importlib.import_module(_COMMANDS[cmd_name][0]).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in sorted(_COMMANDS.items())])

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Read the arguments, and write the help where they ask for it."""
        with refusals():
            return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; whatever goes wrong becomes a refusal."""
        with refusals(traceback=bool(ctx.params["traceback"])):
            return super().invoke(ctx)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--config", type=click.Path(path_type=Path), help="The TOML file with settings.")
@click.option("--data-dir", type=click.Path(path_type=Path), help="The folder of the database and the signing key.")
@click.option("--traceback", is_flag=True, help="Show where an unexpected error happened.")
@click.version_option(version("guildhall"), prog_name="guildhall")
@click.pass_context
def guildhall(context: click.Context, config: Path | None, data_dir: Path | None, *, traceback: bool) -> None:
    """Guildhall: a members' community whose guides answer.

    Results go to standard output, problems to standard error.

    \b
    Exit codes:
      0    done
      1    done, but parts of it failed; each is reported
      2    refused; each line says what is wrong and what to do
      130  stopped by Ctrl-C

    \b
    Examples:
      guildhall init
      guildhall guides import path/to/docs
      guildhall chat ask "How much should I risk on one trade?"
      guildhall serve --port 8001
    """
    context.obj = Invocation(config_path=config, data_dir=data_dir, traceback=traceback)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command line, the process's own by default; the exit code."""
    try:
        code = guildhall.main(args=arguments, prog_name="guildhall", standalone_mode=False)
        return code if isinstance(code, int) else ExitCode.DONE
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
    except click.UsageError as error:
        complain_of_usage(error)
    except click.ClickException as error:
        complain(error.format_message())
    except NoReader:
        leave_output_behind()
        return ExitCode.NO_READER
    except (Stopped, click.Abort, KeyboardInterrupt):
        complain("stopped.")
        return ExitCode.STOPPED
    return ExitCode.REFUSED


def main() -> None:
    """The process: run its command line and end with the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # A terminal that cannot show a character gets its code, never an exception.
            stream.reconfigure(errors="backslashreplace")
    sys.exit(run())


if __name__ == "__main__":
    main()
