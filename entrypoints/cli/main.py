"""The command `guildhall`. Each command's module is imported when it is called, so that the first line comes fast."""

import importlib
from importlib.metadata import version
from pathlib import Path

import click

from entrypoints.cli.session import Invocation

_COMMANDS = {
    "chat": ("entrypoints.cli.chat", "Ask the assistant."),
    "db": ("entrypoints.cli.db", "The database: upgrade, downgrade, check, backup."),
    "doctor": ("entrypoints.cli.doctor", "Check this installation and say what to do."),
    "guides": ("entrypoints.cli.guides", "The guide library: import, export, list."),
    "init": ("entrypoints.cli.init", "Prepare an instance and print a sign-in link for its owner."),
    "members": ("entrypoints.cli.members", "Members: list, add, grant, revoke, sign-in links, passwords."),
    "serve": ("entrypoints.cli.serve", "Serve the web pages, the API and the sockets."),
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


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--config", type=click.Path(path_type=Path), help="The TOML file with settings.")
@click.option("--data-dir", type=click.Path(path_type=Path), help="The folder of the database and the signing key.")
@click.version_option(version("guildhall"), prog_name="guildhall")
@click.pass_context
def main(context: click.Context, config: Path | None, data_dir: Path | None) -> None:
    """Guildhall: a members' community whose guides answer."""
    context.obj = Invocation(config_path=config, data_dir=data_dir)


if __name__ == "__main__":
    main()
