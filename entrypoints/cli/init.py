"""`guildhall init`: everything a new instance needs, and nothing twice."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import click

from application.guides.importing import ImportedFile
from application.identity.members import SignInLink
from domain.errors import Conflict
from domain.identity import OPERATOR
from entrypoints.cli.ending import complain
from entrypoints.cli.guides import import_folder, summary
from entrypoints.cli.indexing import embed_after_import
from entrypoints.cli.session import Invocation, pass_invocation
from entrypoints.cli.whereabouts import listens_at, reached_at, taken
from entrypoints.container import Container

SAMPLES = Path(__file__).parent.parent / "samples" / "guides"
SAMPLE_COLLECTION = "samples"
_ATTEMPTS = 5
_PAUSE = 0.2


@click.command(name="init")
@click.option("--no-samples", is_flag=True, help="Leave an empty library empty.")
@pass_invocation
def command(invocation: Invocation, *, no_samples: bool) -> None:
    """Prepare an instance: database, sample guides in an empty library, an owner, and a link that signs them in.

    Run it as often as you like, beside a running server too: what is there is kept, and only the link is new.
    It ends those that the owner was given before.

    \b
    Examples:
      guildhall init
      guildhall --data-dir /srv/guildhall init --no-samples
    """
    settings = invocation.settings()

    async def prepare(container: Container) -> SignInLink:
        await container.migrator().upgrade()
        click.echo(f"Database ready: revision {await container.migrator().current()}.")
        if not no_samples and await container.guide_library().is_empty():
            outcomes: list[ImportedFile] = []
            await import_folder(container, SAMPLES, outcomes, collection=SAMPLE_COLLECTION)
            click.echo(f"Sample guides: {summary(outcomes, SAMPLE_COLLECTION)}")
        await embed_after_import(container)
        owner, created = await container.member_service().bootstrap_owner()
        click.echo(f"Owner {'created' if created else 'found'}: {owner.username or owner.email}.")
        return await container.member_service().sign_in_link(OPERATOR, owner.id)

    link = invocation.run(_again_after_conflict(prepare), check_schema=False)
    if not settings.public_url and not listens_at(settings) and (reason := taken(settings)):
        complain(
            f"warning: {settings.http.host}:{settings.http.port} cannot be served on: {reason}; choose another port."
        )
    click.echo(f"\nSign in once within 15 minutes:\n  {reached_at(settings)}/sign-in/link#token={link.token}\n")


def _again_after_conflict(
    action: Callable[[Container], Awaitable[SignInLink]],
) -> Callable[[Container], Awaitable[SignInLink]]:
    """Two that prepare one database at once meet in what each makes first; the later one finds it on its next try."""

    async def run(container: Container) -> SignInLink:
        for _ in range(_ATTEMPTS - 1):
            try:
                return await action(container)
            except Conflict:
                await asyncio.sleep(_PAUSE)
        return await action(container)

    return run
