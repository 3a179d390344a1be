"""`guildhall init`: everything a new instance needs, and nothing twice."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import click

from application.guides.importing import ImportedFile
from application.identity.members import SignInLink
from application.ports.identity import MemberView
from domain.errors import Conflict
from domain.identity import OPERATOR
from entrypoints.cli.ending import complain
from entrypoints.cli.guides import import_folder, summary
from entrypoints.cli.indexing import embed_after_import
from entrypoints.cli.session import Invocation, T, pass_invocation
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

    Run it as often as you like, beside a running server too: what is there is kept. While the owner has no password,
    each run prints a new link and ends those before; `guildhall members sign-in-link` makes one at any time.

    \b
    Examples:
      guildhall init
      guildhall --data-dir /srv/guildhall init --no-samples
    """
    settings = invocation.settings()

    async def prepare(container: Container) -> tuple[MemberView, SignInLink | None]:
        await container.migrator().upgrade()
        click.echo(f"Database ready: revision {await container.migrator().current()}.")
        if not no_samples and await container.guide_library().is_empty():
            outcomes: list[ImportedFile] = []
            await import_folder(container, SAMPLES, outcomes, collection=SAMPLE_COLLECTION)
            click.echo(f"Sample guides: {summary(outcomes, SAMPLE_COLLECTION)}")
        await embed_after_import(container)
        owner, created = await container.member_service().bootstrap_owner()
        click.echo(f"Owner {'created' if created else 'found'}: {owner.username or owner.email}.")
        if owner.has_password:
            return owner, None
        return owner, await container.member_service().sign_in_link(OPERATOR, owner.id)

    owner, link = invocation.run(_again_after_conflict(prepare), check_schema=False)
    if not settings.public_url and not listens_at(settings) and (reason := taken(settings)):
        complain(
            f"warning: {settings.http.host}:{settings.http.port} cannot be served on: {reason}; choose another port."
        )
    click.echo(_way_in(owner, link, reached_at(settings)))


def _way_in(owner: MemberView, link: SignInLink | None, base_url: str) -> str:
    if link is not None:
        return f"\nSign in once within 15 minutes:\n  {base_url}/sign-in/link#token={link.token}\n"
    login = owner.username or owner.email
    return (
        f"\nSign in as {login} with the password:\n  {base_url}/sign-in\n"
        f"Forgotten? `guildhall members sign-in-link {login}` prints a link that signs in once.\n"
    )


def _again_after_conflict(
    action: Callable[[Container], Awaitable[T]],
) -> Callable[[Container], Awaitable[T]]:
    """Two that prepare one database at once meet in what each makes first; the later one finds it on its next try."""

    async def run(container: Container) -> T:
        for _ in range(_ATTEMPTS - 1):
            try:
                return await action(container)
            except Conflict:
                await asyncio.sleep(_PAUSE)
        return await action(container)

    return run
