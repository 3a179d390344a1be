"""`guildhall guides retire | restore`: guides off the shelves and back, one or a whole collection."""

import sys
from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

import click

from application.ports.guides import GuideView
from domain.errors import Invalid
from domain.guides import GuideId
from domain.identity import OPERATOR
from entrypoints.cli.ending import Refused
from entrypoints.cli.session import Invocation, pass_invocation
from entrypoints.cli.words import counted
from entrypoints.container import Container

_DRY_RUN = click.option("--dry-run", is_flag=True, help="Show what would happen; write nothing.")
_COLLECTION = click.option("--collection", metavar="NAME", help="All that was imported under this name.")


@click.command()
@click.argument("guide", required=False)
@_COLLECTION
@_DRY_RUN
@click.option("--yes", is_flag=True, help="Don't ask before a whole collection goes.")
@pass_invocation
def retire(invocation: Invocation, guide: str | None, collection: str | None, *, dry_run: bool, yes: bool) -> None:
    """Take GUIDE, an id as `guildhall guides list` prints it, off the shelves; or a whole collection.

    Readers find it no more, and nothing is lost: `guildhall guides restore` puts it back, and so does an import of its
    file.

    \b
    Examples:
      guildhall guides retire --collection samples --dry-run
      guildhall guides retire --collection samples
    """
    found = invocation.run(lambda container: _named(container, guide, collection, active=True))
    if not dry_run and collection is not None and found and not yes:
        what = f"{counted(len(found), 'guide')} of {collection} would leave the shelves"
        if not (sys.stdin.isatty() and click.confirm(f"{what}. Go on?")):
            raise Refused(f"nothing was changed. {what}: confirm, or give --yes.")
    _apply(invocation, found, "retired", lambda container: container.guide_library().retire, dry_run=dry_run)


@click.command()
@click.argument("guide", required=False)
@_COLLECTION
@_DRY_RUN
@pass_invocation
def restore(invocation: Invocation, guide: str | None, collection: str | None, *, dry_run: bool) -> None:
    """Put GUIDE, an id as `guildhall guides list --retired` prints it, back on the shelves; or a whole collection.

    \b
    Examples:
      guildhall guides restore --collection samples
    """
    found = invocation.run(lambda container: _named(container, guide, collection, active=False))
    _apply(invocation, found, "restored", lambda container: container.guide_library().restore, dry_run=dry_run)


async def _named(
    container: Container, guide: str | None, collection: str | None, *, active: bool
) -> Sequence[GuideView]:
    """Those meant that are `active`; raises `Invalid` where there is nothing of that name."""
    if (guide is None) == (collection is None):
        raise Invalid.of("GUIDE", "expected either the id of a guide or --collection NAME")
    if collection is None:
        view = await container.guide_reading().view(OPERATOR, _id(guide or ""))
        return [view] if view.summary.is_active is active else []
    transfer = container.guide_transfer()
    found = await transfer.imported(OPERATOR, collection, retired=not active)
    if not found and not await transfer.imported(OPERATOR, collection, retired=active):
        raise Invalid.of("--collection", f"no guide was imported as {collection!r}; expected the name of a collection")
    return found


def _id(text: str) -> GuideId:
    try:
        return GuideId(UUID(text))
    except ValueError:
        raise Invalid.of("GUIDE", f"found {text!r}; expected an id as `guildhall guides list` prints it") from None


def _apply(
    invocation: Invocation,
    found: Sequence[GuideView],
    done: str,
    change: Callable[[Container], Callable[..., Awaitable[None]]],
    *,
    dry_run: bool,
) -> None:
    async def action(container: Container) -> None:
        for view in found:
            if not dry_run:
                await change(container)(OPERATOR, view.summary.id)
            click.echo(f"{view.summary.id}  {'would be ' if dry_run else ''}{done}  {view.summary.title}")

    if not found:
        click.echo(f"Nothing to do: all is {done} already.")
        return
    invocation.run(action)
