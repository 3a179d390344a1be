"""`guildhall db`: the database."""

import sys
from pathlib import Path

import click

from entrypoints.cli.ending import Refused
from entrypoints.cli.session import Invocation, pass_invocation
from entrypoints.cli.whereabouts import running
from entrypoints.container import Container


@click.group(name="db")
def command() -> None:
    """The database: its schema and copies of it.

    \b
    Examples:
      guildhall db backup before.db
      guildhall db upgrade
      guildhall db check
      guildhall db restore before.db
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
    """Say whether the schema is the one this version needs, and a SQLite file whole.

    Exit code 2 and what to do when it is not.
    """

    async def action(container: Container) -> str | None:
        await container.migrator().check_whole()
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


@command.command()
@click.argument("file", type=click.Path(path_type=Path))
@pass_invocation
def restore(invocation: Invocation, file: Path) -> None:
    """Put the backup FILE in the place of the SQLite database. Stop the server and the bot first.

    The database before is kept beside it. Keys are not part of a backup: keep signing.keys with it. For PostgreSQL use
    pg_restore.

    \b
    Example:
      guildhall db restore backups/guildhall-2026-11-21.db
    """
    settings = invocation.settings()
    if address := running(settings):
        raise Refused(
            f"Guildhall runs on {address} with the data folder {settings.data_dir}; stop it, then try again. "
            "Nothing was changed."
        )

    async def action(container: Container) -> tuple[str, Path | None, str]:
        revision, kept = await container.restore(file, container.clock().now())
        return revision, kept, container.migrator().head()

    revision, kept, newest = invocation.run(action, check_schema=False)
    click.echo(f"Restored {file}: the database is at revision {revision}.")
    if kept is not None:
        click.echo(f"The database before is kept as {kept}.")
    if revision != newest:
        click.echo(f"It is behind {newest}: run `guildhall db upgrade` before the server starts.")
