"""`guildhall chat`: the assistant in the terminal."""

import click

from application.chat.asking import Answer
from application.ports.chat import ModelError
from domain.chat import LLMProvider
from domain.identity import Actor, Role
from entrypoints.cli.ending import Refused
from entrypoints.cli.session import Invocation, pass_invocation
from entrypoints.cli.unescaping import Unescaping
from entrypoints.container import Container


@click.group(name="chat")
def command() -> None:
    """The assistant."""


@command.command()
@click.argument("question")
@click.option(
    "--role",
    type=click.Choice([role.name for role in Role], case_sensitive=False),
    default=Role.PUBLIC.name,
    show_default=True,
    help="Answer from what this role may read.",
)
@click.option(
    "--provider",
    type=click.Choice([provider.value for provider in LLMProvider], case_sensitive=False),
    default=LLMProvider.LOCAL.value,
    show_default=True,
    help="Who answers.",
)
@pass_invocation
def ask(invocation: Invocation, question: str, role: str, provider: str) -> None:
    """Answer QUESTION from the guides. Nothing is kept.

    \b
    Examples:
      guildhall chat ask "How much should I risk on one trade?"
      guildhall chat ask "How do I restore a backup?" --role ADMIN
    """
    actor = Actor(member_id=None, role=Role[role.upper()])

    async def action(container: Container) -> Answer | None:
        markdown = Unescaping()
        async for piece in container.ask().stream(actor, question, LLMProvider(provider.upper())):
            if isinstance(piece, Answer):
                click.echo(markdown.finish(), nl=False)
                return piece
            click.echo(markdown.feed(piece), nl=False)
        return None

    try:
        answer = invocation.run(action)
    except ModelError as error:
        raise Refused(f"{provider} gave no answer: {error}") from error
    click.echo()
    for citation in answer.citations if answer else ():
        where = f", {citation.heading}" if citation.heading else ""
        click.echo(f"[{citation.number}] {citation.guide_title}{where}")
