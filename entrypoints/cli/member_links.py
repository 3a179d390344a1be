"""`guildhall members link | unlink`: a member's Telegram account, by the operator."""

import click

from application.ports.identity import MemberView
from domain.identity import MAX_TELEGRAM_ID, OPERATOR
from entrypoints.cli.one_member import line, with_member
from entrypoints.cli.session import Invocation, pass_invocation
from entrypoints.container import Container


@click.command()
@click.argument("login")
@click.argument("telegram_id", type=click.IntRange(1, MAX_TELEGRAM_ID))
@pass_invocation
def link(invocation: Invocation, login: str, telegram_id: int) -> None:
    """Make LOGIN and the Telegram account TELEGRAM_ID one member: the older of the two, with what both own.

    Neither side is asked: be sure that both are the same person. The account has to have written to the bot, or signed
    in with Telegram, before. Members link their accounts themselves by a code.

    \b
    Examples:
      guildhall members link ada 5000000000
    """

    async def action(container: Container, member: MemberView) -> MemberView:
        survivor = await container.linking_by_operator().link(OPERATOR, member.id, telegram_id)
        return await container.member_service().get(OPERATOR, survivor)

    click.echo(line(invocation.run(with_member(login, action))))


@click.command()
@click.argument("login")
@pass_invocation
def unlink(invocation: Invocation, login: str) -> None:
    """Make LOGIN's web account and Telegram account two members again; their sign-ins end.

    What LOGIN owns stays with the web account, and the Telegram account starts afresh.
    """

    async def action(container: Container, member: MemberView) -> MemberView:
        await container.linking_by_operator().unlink(OPERATOR, member.id)
        return await container.member_service().get(OPERATOR, member.id)

    click.echo(line(invocation.run(with_member(login, action))))
