"""`guildhall guides`: the library from and to files."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.progress import track

from application.guides.importing import ImportAction, ImportedFile
from application.ports.guides import GuideFilter, GuideSummary
from domain.errors import Invalid, Unavailable
from domain.identity import OPERATOR
from entrypoints.cli.ending import ExitCode, Refused, complain
from entrypoints.cli.folder import collection_of, markdown_paths, read_files, write_files
from entrypoints.cli.indexing import embed_after_import, index
from entrypoints.cli.session import Invocation, pass_invocation
from entrypoints.cli.shelving import restore, retire
from entrypoints.cli.words import counted
from entrypoints.container import Container

_AGAIN = "run the same command again for the rest: what is there already is skipped"


@click.group(name="guides")
def command() -> None:
    """The guide library: import, export, list, retire, restore, index."""


for _command in (index, retire, restore):
    command.add_command(_command)


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

    A file may begin with front matter: title, description, category, difficulty, tags, role, url. Without it the
    title is the first heading, and the category a folder's name where that is one.

    Unchanged files are skipped, changed ones updated: run it as often as you like. A file that fails is reported,
    does not stop the rest, and makes the exit code 1.

    \b
    Examples:
      guildhall guides import path/to/docs --dry-run
      guildhall guides import path/to/docs --category platform
      guildhall guides import path/to/docs --prune
    """
    outcomes: list[ImportedFile] = []

    async def action(container: Container) -> None:
        await import_folder(
            container, path, outcomes, collection=collection, category=category, prune=prune, dry_run=dry_run
        )

    try:
        invocation.run(action)
    except Unavailable as error:
        _report(outcomes, dry_run=dry_run)
        raise Refused(f"{error}\nthe import ended after {counted(len(outcomes), 'file')}; {_AGAIN}") from error
    except KeyboardInterrupt:
        _report(outcomes, dry_run=dry_run)
        complain(f"the import ended after {counted(len(outcomes), 'file')}; {_AGAIN}")
        raise
    _report(outcomes, dry_run=dry_run)
    click.echo(summary(outcomes, collection or collection_of(path), dry_run=dry_run))
    if not dry_run:
        invocation.run(embed_after_import)
    if any(outcome.action is ImportAction.FAILED for outcome in outcomes):
        raise click.exceptions.Exit(ExitCode.DONE_WITH_FAILURES)


def _report(outcomes: Sequence[ImportedFile], *, dry_run: bool) -> None:
    for outcome in outcomes:
        if outcome.error is not None:
            click.echo(f"{outcome.path}: {outcome.error}", err=True)
        elif dry_run and outcome.action is not ImportAction.UNCHANGED:
            click.echo(f"{outcome.path}: would be {outcome.action}")


@command.command()
@click.argument("target", type=click.Path(path_type=Path))
@pass_invocation
def export(invocation: Invocation, target: Path) -> None:
    """Write every active guide to the folder TARGET, in the form that `import` reads.

    Files of the same names are replaced, others left alone. When one cannot be written, none is.

    \b
    Example:
      guildhall guides export backup/guides
    """

    async def action(container: Container) -> int:
        files = list(await container.guide_transfer().export(OPERATOR))
        write_files(target, files)
        return len(files)

    click.echo(f"{counted(invocation.run(action), 'guide')} written to {target}.")


@command.command(name="list")
@click.option("--category", help="Only this category.")
@click.option("--retired", is_flag=True, help="Those that were retired, in place of those on the shelves.")
@pass_invocation
def list_guides(invocation: Invocation, category: str | None, *, retired: bool) -> None:
    """List the guides by title: id, category, role, title.

    \b
    Examples:
      guildhall guides list
      guildhall guides list --category risk
      guildhall guides list --retired
    """

    async def action(container: Container) -> list[GuideSummary]:
        where = GuideFilter(category=_known_category(container, category), include_retired=retired)
        reading, cursor = container.guide_reading(), None
        found: list[GuideSummary] = []
        while True:
            page = await reading.page(OPERATOR, where, cursor, 200)
            found.extend(guide for guide in page.items if guide.is_active is not retired)
            cursor = page.next_cursor
            if cursor is None:
                return found

    for guide in invocation.run(action):
        click.echo(f"{guide.id}  {guide.category:<12}  {guide.minimum_role.name:<10}  {guide.title}")


async def import_folder(
    container: Container,
    path: Path,
    outcomes: list[ImportedFile],
    *,
    collection: str | None = None,
    category: str | None = None,
    prune: bool = False,
    dry_run: bool = False,
) -> None:
    """Import a folder's files with a progress bar on a terminal's standard error; adds each file's outcome as it is
    known."""
    paths = markdown_paths(path)
    if prune and paths == [path]:
        raise Invalid.of("--prune", f"{path} is one file; expected the folder that holds the whole collection")
    default_category = _known_category(container, category)
    console = Console(stderr=True)
    files = track(
        read_files(path, paths),
        "Importing",
        total=len(paths),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    transfer = container.guide_transfer()
    async for outcome in transfer.import_files(
        OPERATOR,
        collection or collection_of(path),
        files,
        default_category=default_category,
        prune=prune,
        dry_run=dry_run,
    ):
        outcomes.append(outcome)  # noqa: PERF401 - what is done when the rest is cut off must be known


def _known_category(container: Container, given: str | None) -> str | None:
    known = container.guide_library().categories
    if given is not None and given.lower() not in known:
        raise Invalid.of("--category", f"{given!r} is none; expected one of {', '.join(known)}")
    return given.lower() if given else None


def summary(outcomes: Sequence[ImportedFile], collection: str, *, dry_run: bool = False) -> str:
    """One line that counts the outcomes."""
    counts = Counter(outcome.action for outcome in outcomes)
    text = ", ".join(f"{counts[action]} {action}" for action in ImportAction if counts[action])
    return (
        f"{'Dry run of ' if dry_run else ''}{collection}: {counted(len(outcomes), 'file')}, {text or 'nothing to do'}."
    )
