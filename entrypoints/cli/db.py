"""`guildhall db`: the database."""

import sys
from pathlib import Path

import click

from entrypoints.cli.ending import Refused
from entrypoints.cli.session import Invocation, pass_invocation
from entrypoints.container import Container


@click.group(name="db")
def command() -> None:
    """The database: its schema and copies of it.

    \b
    Examples:
      guildhall db backup before.db
      guildhall db upgrade
      guildhall db check
    """


@command.command()
@click.argument("revision", default="head")
@pass_invocation
def upgrade(invocation: Invocation, revision: str) -> None:
    """Bring the schema to REVISION (the newest by default), in one transaction."""

    async def action(container: Container) -> str | None:
        await container.migrator().upgrade(revision)
        return await container.migrator().current()

    current = invocation.run(action, check_schema=False)
    click.echo(f"The database is at revision {current}.")


@command.command()
@click.argument("revision")
@click.option("--yes", is_flag=True, help="Don't ask. What only newer revisions hold is lost.")
@pass_invocation
def downgrade(invocation: Invocation, revision: str, *, yes: bool) -> None:
    """Take the schema back to REVISION. What only newer revisions hold is lost."""
    if not yes and not (sys.stdin.isatty() and click.confirm("What only newer revisions hold will be lost. Go on?")):
        raise Refused("nothing was changed. What only newer revisions hold would be lost: confirm, or give --yes.")

    async def action(container: Container) -> str | None:
        await container.migrator().downgrade(revision)
        return await container.migrator().current()

    current = invocation.run(action, check_schema=False)
    click.echo(f"The database is at revision {current or 'base'}.")


@command.command()
@pass_invocation
def check(invocation: Invocation) -> None:
    """Say whether the schema is the one this version needs; exit code 2 and what to do when it is not."""

    async def action(container: Container) -> str | None:
        return await container.migrator().current()

    current = invocation.run(action)
    click.echo(f"The database is at revision {current}, as this version needs it.")


@command.command()
@click.argument("target", type=click.Path(path_type=Path))
@pass_invocation
def backup(invocation: Invocation, target: Path) -> None:
    """Copy the SQLite database to the file TARGET while it is in use. TARGET appears whole or not at all.

    For PostgreSQL use pg_dump.

    \b
    Example:
      guildhall db backup backups/guildhall-$(date +%F).db
    """

    async def action(container: Container) -> None:
        await container.backup(target)

    invocation.run(action)
    click.echo(f"Copied to {target}.")
