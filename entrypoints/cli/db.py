"""`guildhall db`: the database."""

from pathlib import Path

import click

from entrypoints.cli.session import Invocation, pass_invocation
from entrypoints.container import Container


@click.group(name="db")
def command() -> None:
    """The database: its schema and copies of it."""


@command.command()
@click.argument("revision", default="head")
@pass_invocation
def upgrade(invocation: Invocation, revision: str) -> None:
    """Bring the schema to REVISION (the newest by default)."""

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
    if not yes:
        click.confirm("What only newer revisions hold will be lost. Go on?", abort=True)

    async def action(container: Container) -> str | None:
        await container.migrator().downgrade(revision)
        return await container.migrator().current()

    current = invocation.run(action, check_schema=False)
    click.echo(f"The database is at revision {current or 'base'}.")


@command.command()
@pass_invocation
def check(invocation: Invocation) -> None:
    """Say whether the schema is the one this version needs."""

    async def action(container: Container) -> str | None:
        return await container.migrator().current()

    current = invocation.run(action)
    click.echo(f"The database is at revision {current}, as this version needs it.")


@command.command()
@click.argument("target", type=click.Path(path_type=Path))
@pass_invocation
def backup(invocation: Invocation, target: Path) -> None:
    """Copy the SQLite database to TARGET while it is in use."""

    async def action(container: Container) -> None:
        await container.backup(target)

    invocation.run(action)
    click.echo(f"Copied to {target}.")
