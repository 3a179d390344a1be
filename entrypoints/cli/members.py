"""`guildhall members`: members, for the operator at the terminal."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import click

from application.ports.identity import MemberView
from domain.identity import OPERATOR, Role
from entrypoints.cli.session import Invocation, pass_invocation
from entrypoints.container import Container

T = TypeVar("T")
_ROLE = click.Choice([role.name for role in Role if role is not Role.PUBLIC], case_sensitive=False)


@click.group(name="members")
def command() -> None:
    """Members: list, add, grant, revoke, sign-in links, passwords. LOGIN is an email or a username."""


@command.command(name="list")
@click.option("--search", default="", help="Part of an email or username.")
@pass_invocation
def list_members(invocation: Invocation, search: str) -> None:
    """List members, newest first."""

    async def action(container: Container) -> list[MemberView]:
        service, found, cursor = container.member_service(), [], None
        while True:
            page = await service.page(OPERATOR, search=search, cursor=cursor, limit=200)
            found.extend(page.items)
            cursor = page.next_cursor
            if cursor is None:
                return found

    for member in invocation.run(action):
        click.echo(_line(member))


@command.command()
@click.option("--email")
@click.option("--username")
@click.password_option(help="Asked for when not given.")
@pass_invocation
def add(invocation: Invocation, email: str | None, username: str | None, password: str) -> None:
    """Register a member with a web account."""
    member = invocation.run(
        lambda container: container.member_service().register(email=email, username=username, password=password)
    )
    click.echo(_line(member))


@command.command()
@click.argument("login")
@click.argument("role", type=_ROLE)
@click.option("--reason", default="granted at the terminal", help="Kept with the grant.")
@pass_invocation
def grant(invocation: Invocation, login: str, role: str, reason: str) -> None:
    """Give LOGIN the role ROLE by hand."""
    member = invocation.run(
        _with_member(login, lambda c, m: c.member_service().grant(OPERATOR, m.id, Role[role.upper()], reason))
    )
    click.echo(_line(member))


@command.command()
@click.argument("login")
@click.argument("role", type=_ROLE)
@pass_invocation
def revoke(invocation: Invocation, login: str, role: str) -> None:
    """Take back what was granted to LOGIN by hand."""
    member = invocation.run(
        _with_member(login, lambda c, m: c.member_service().revoke(OPERATOR, m.id, Role[role.upper()]))
    )
    click.echo(_line(member))


@command.command(name="sign-in-link")
@click.argument("login")
@pass_invocation
def sign_in_link(invocation: Invocation, login: str) -> None:
    """Print a link that signs LOGIN in once, within 15 minutes."""
    base_url = invocation.settings().base_url
    link = invocation.run(_with_member(login, lambda c, m: c.member_service().sign_in_link(OPERATOR, m.id)))
    click.echo(f"{base_url}/sign-in/link#token={link.token}")


@command.command(name="reset-password")
@click.argument("login")
@click.password_option(help="Asked for when not given.")
@pass_invocation
def reset_password(invocation: Invocation, login: str, password: str) -> None:
    """Give LOGIN a new password."""
    invocation.run(_with_member(login, lambda c, m: c.member_service().set_password(OPERATOR, m.id, password)))
    click.echo("The password is set.")


def _with_member(
    login: str, action: Callable[[Container, MemberView], Awaitable[T]]
) -> Callable[[Container], Awaitable[T]]:
    async def run(container: Container) -> T:
        return await action(container, await container.member_service().find(OPERATOR, login))

    return run


def _line(member: MemberView) -> str:
    state = "" if member.is_active else "  banned"
    return f"{member.id}  {member.role.name:<10}  {member.username or '-'}  {member.email or '-'}{state}"
