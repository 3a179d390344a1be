"""`guildhall members`: members, for the operator at the terminal."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import click

from application.ports.identity import MemberView
from domain.identity import OPERATOR, Role
from entrypoints.cli.ending import Refused
from entrypoints.cli.passwords import new_password
from entrypoints.cli.session import Invocation, pass_invocation
from entrypoints.cli.whereabouts import reached_at
from entrypoints.container import Container

T = TypeVar("T")
GRANT_REASON = "granted at the terminal"
_ROLE = click.Choice([role.name for role in Role if role is not Role.PUBLIC], case_sensitive=False)


@click.group(name="members")
def command() -> None:
    """Members: list, add, grant, revoke, sign-in links, passwords.

    LOGIN is an email or a username. Passwords are asked for, or read from a pipe.

    \b
    Examples:
      guildhall members add --email ada@example.org --username ada
      guildhall members grant ada SUBSCRIBER --reason "paid by bank transfer"
      guildhall members sign-in-link ada
      guildhall members list --search example.org
    """


@command.command(name="list")
@click.option("--search", default="", help="Part of an email or username.")
@pass_invocation
def list_members(invocation: Invocation, search: str) -> None:
    """List members, newest first: id, role, username, email."""

    async def action(container: Container) -> list[MemberView]:
        service, cursor = container.member_service(), None
        found: list[MemberView] = []
        while True:
            page = await service.page(OPERATOR, search=search, cursor=cursor, limit=200)
            found.extend(page.items)
            cursor = page.next_cursor
            if cursor is None:
                return found

    for member in invocation.run(action):
        click.echo(_line(member))


@command.command()
@click.option("--email", help="Unique; an email, a username or both are needed.")
@click.option("--username", help="Unique, 3 to 64 characters, not all digits.")
@click.option("--role", type=_ROLE, help="Grant this role at once.")
@pass_invocation
def add(invocation: Invocation, email: str | None, username: str | None, role: str | None) -> None:
    """Register a member with a web account. The password is asked for, or read from a pipe.

    \b
    Examples:
      guildhall members add --email ada@example.org --username ada
      pass guildhall/ada | guildhall members add --username ada --role ADMIN
    """
    password = new_password()

    async def action(container: Container) -> MemberView:
        service = container.member_service()
        member = await service.register(email=email, username=username, password=password)
        if role is None:
            return member
        return await service.grant(OPERATOR, member.id, Role[role.upper()], GRANT_REASON)

    click.echo(_line(invocation.run(action)))


@command.command()
@click.argument("login")
@click.argument("role", type=_ROLE)
@click.option("--reason", default=GRANT_REASON, show_default=True, help="Kept with the grant.")
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
@click.option("--url", help="Where LOGIN reaches this instance, such as https://guild.example.org.")
@pass_invocation
def sign_in_link(invocation: Invocation, login: str, url: str | None) -> None:
    """Print a link that signs LOGIN in once, within 15 minutes.

    It leads to the public address, else to where the server of this data folder listens.
    """
    if url is not None and not url.startswith(("http://", "https://")):
        raise Refused(f"--url: found {url!r}; expected an address that begins with https:// or http://")
    base_url = url.rstrip("/") if url else reached_at(invocation.settings())
    link = invocation.run(_with_member(login, lambda c, m: c.member_service().sign_in_link(OPERATOR, m.id)))
    click.echo(f"{base_url}/sign-in/link#token={link.token}")


@command.command(name="reset-password")
@click.argument("login")
@pass_invocation
def reset_password(invocation: Invocation, login: str) -> None:
    """Give LOGIN a new password, which is asked for, or read from a pipe."""
    password = new_password()
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
