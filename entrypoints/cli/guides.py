"""`guildhall guides`: the library from and to files."""

from collections import Counter
from pathlib import Path

import click
from rich.console import Console
from rich.progress import track

from application.guides.importing import ImportAction, ImportedFile
from application.ports.guides import GuideFilter, GuideSummary
from domain.identity import OPERATOR
from entrypoints.cli.folder import collection_of, markdown_paths, read_files, write_files
from entrypoints.cli.session import Invocation, pass_invocation
from entrypoints.container import Container


@click.group(name="guides")
def command() -> None:
    """The guide library: import, export, list."""


@command.command(name="import")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--collection", help="The name under which the files are known; the folder's name by default.")
@click.option("--category", help="The category of files that name none and stand in no category's folder.")
@click.option("--prune", is_flag=True, help="Retire guides of the collection whose file is missing.")
@click.option("--dry-run", is_flag=True, help="Show what would happen; write nothing.")
@pass_invocation
def import_guides(
    invocation: Invocation, path: Path, collection: str | None, category: str | None, *, prune: bool, dry_run: bool
) -> None:
    """Import the Markdown files of PATH, a folder or one file.

    Unchanged files are skipped, changed ones updated. A file that fails is reported, does not stop the rest, and makes
    the exit code 1.
    """

    async def action(container: Container) -> list[ImportedFile]:
        return await import_folder(
            container, path, collection=collection, category=category, prune=prune, dry_run=dry_run
        )

    outcomes = invocation.run(action)
    for outcome in outcomes:
        if outcome.error is not None:
            click.echo(f"{outcome.path}: {outcome.error}", err=True)
        elif dry_run and outcome.action is not ImportAction.UNCHANGED:
            click.echo(f"{outcome.path}: would be {outcome.action}")
    click.echo(summary(outcomes, dry_run=dry_run))
    if any(outcome.action is ImportAction.FAILED for outcome in outcomes):
        raise SystemExit(1)


@command.command()
@click.argument("target", type=click.Path(path_type=Path, file_okay=False))
@pass_invocation
def export(invocation: Invocation, target: Path) -> None:
    """Write every active guide to TARGET, in the form that `import` reads."""

    async def action(container: Container) -> int:
        files = list(await container.guide_transfer().export(OPERATOR))
        write_files(target, files)
        return len(files)

    click.echo(f"{invocation.run(action)} guides written to {target}.")


@command.command(name="list")
@click.option("--category", help="Only this category.")
@pass_invocation
def list_guides(invocation: Invocation, category: str | None) -> None:
    """List the guides by title."""

    async def action(container: Container) -> list[GuideSummary]:
        reading, where, found, cursor = container.guide_reading(), GuideFilter(category=category), [], None
        while True:
            page = await reading.page(OPERATOR, where, cursor, 200)
            found.extend(page.items)
            cursor = page.next_cursor
            if cursor is None:
                return found

    for guide in invocation.run(action):
        click.echo(f"{guide.id}  {guide.category:<12}  {guide.minimum_role.name:<10}  {guide.title}")


async def import_folder(
    container: Container,
    path: Path,
    *,
    collection: str | None = None,
    category: str | None = None,
    prune: bool = False,
    dry_run: bool = False,
) -> list[ImportedFile]:
    """Import a folder's files with a progress bar on standard error; each file's outcome."""
    paths = markdown_paths(path)
    console = Console(stderr=True)
    files = track(
        read_files(path, paths),
        "Importing",
        total=len(paths),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    name = collection or collection_of(path)
    transfer = container.guide_transfer()
    return [
        outcome
        async for outcome in transfer.import_files(
            OPERATOR, name, files, default_category=category, prune=prune, dry_run=dry_run
        )
    ]


def summary(outcomes: list[ImportedFile], *, dry_run: bool = False) -> str:
    """One line that counts the outcomes."""
    counts = Counter(outcome.action for outcome in outcomes)
    text = ", ".join(f"{counts[action]} {action}" for action in ImportAction if counts[action])
    return f"{'Dry run: ' if dry_run else ''}{len(outcomes)} files: {text or 'nothing to do'}."
