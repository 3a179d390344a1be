"""`guildhall init`: everything a new instance needs, and nothing twice."""

from pathlib import Path

import click

from application.identity.members import SignInLink
from domain.identity import OPERATOR
from entrypoints.cli.guides import import_folder, summary
from entrypoints.cli.session import Invocation, pass_invocation
from entrypoints.container import Container

SAMPLES = Path(__file__).parent.parent / "samples" / "guides"
SAMPLE_COLLECTION = "samples"


@click.command(name="init")
@click.option("--no-samples", is_flag=True, help="Leave an empty library empty.")
@pass_invocation
def command(invocation: Invocation, *, no_samples: bool) -> None:
    """Prepare an instance: database, sample guides in an empty library, an owner, and a link that signs them in."""
    base_url = invocation.settings().base_url

    async def action(container: Container) -> SignInLink:
        await container.migrator().upgrade()
        click.echo(f"Database ready: revision {await container.migrator().current()}.")
        if not no_samples and await container.guide_library().is_empty():
            outcomes = await import_folder(container, SAMPLES, collection=SAMPLE_COLLECTION)
            click.echo(f"Sample guides: {summary(outcomes)}")
        owner, created = await container.member_service().bootstrap_owner()
        click.echo(f"Owner {'created' if created else 'found'}: {owner.username or owner.email}.")
        return await container.member_service().sign_in_link(OPERATOR, owner.id)

    link = invocation.run(action, check_schema=False)
    click.echo(f"\nSign in once within 15 minutes:\n  {base_url}/sign-in/link#token={link.token}\n")
