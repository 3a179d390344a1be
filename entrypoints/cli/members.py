"""`guildhall members`: members, for the operator at the terminal."""

from collections.abc import Callable
from datetime import datetime

import click

from application.ports.identity import MemberView
from domain.identity import OPERATOR, UNKNOWN_DEVICE, Grant, Role
from entrypoints.cli.ending import Refused
from entrypoints.cli.member_data import audit, delete, export
from entrypoints.cli.member_links import link, unlink
from entrypoints.cli.one_member import Moment, line, moment, with_member
from entrypoints.cli.passwords import new_password
from entrypoints.cli.session import Invocation, pass_invocation
from entrypoints.cli.whereabouts import reached_at
from entrypoints.container import Container

GRANT_REASON = "granted at the terminal"


class _RoleChoice(click.Choice[str]):
    """A role in capitals or not; named in capitals, as everywhere."""

    def normalize_choice(self, choice: object, ctx: click.Context | None) -> str:
        """The name by which choices are compared and shown."""
        return str(choice).upper()


_ROLE = _RoleChoice([role.name for role in Role if role is not Role.PUBLIC])


@click.group(name="members")
def command() -> None:
    """Members: list, show, add, grant, revoke, ban, link, delete, export, sign-in links, passwords, the audit trail.

    LOGIN is an email, a username, a Telegram id or a member's id. Passwords are asked for, or read from a pipe.
    A running server acts on every change at once; sockets that are open and silent follow within a second or two.

    \b
    Examples:
      guildhall members add --email ada@example.org --username ada
      guildhall members grant ada SUBSCRIBER --reason "paid by bank transfer"
      guildhall members sign-in-link ada
      guildhall members list --search example.org
    """


@command.command(name="list")
@click.option("--search", default="", help="Part of an email, a username, or a Telegram name or id.")
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
        click.echo(line(member))


@command.command()
@click.argument("login")
@pass_invocation
def show(invocation: Invocation, login: str) -> None:
    """Print what is known of LOGIN: accounts, role, grants."""

    async def action(container: Container, member: MemberView) -> tuple[MemberView, list[Grant]]:
        return member, list(await container.member_service().grants(OPERATOR, member.id))

    member, given = invocation.run(with_member(login, action))
    for name, value in _facts(member).items():
        click.echo(f"{name:<10} {value}")
    for each in given:
        click.echo(f"{'grant':<10} {_grant(each)}")


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
        member = await container.account_service().register(email, username, password, UNKNOWN_DEVICE, OPERATOR)
        if role is None:
            return member
        return await container.member_service().grant(OPERATOR, member.id, Role[role.upper()], GRANT_REASON)

    click.echo(line(invocation.run(action)))


@command.command()
@click.argument("login")
@click.argument("role", type=_ROLE)
@click.option("--reason", default=GRANT_REASON, show_default=True, help="Kept with the grant.")
@click.option("--until", type=Moment(1), help="When it ends: a day, a time, or a span such as 30d. Else when revoked.")
@pass_invocation
def grant(
    invocation: Invocation, login: str, role: str, reason: str, until: Callable[[datetime], datetime] | None
) -> None:
    """Give LOGIN the role ROLE by hand.

    \b
    Examples:
      guildhall members grant ada ADMIN --reason "helps with questions"
      guildhall members grant ada SUBSCRIBER --until 30d
    """

    async def action(container: Container, member: MemberView) -> MemberView:
        ends = None if until is None else until(container.clock().now())
        return await container.member_service().grant(OPERATOR, member.id, Role[role.upper()], reason, ends)

    click.echo(line(invocation.run(with_member(login, action))))


@command.command()
@click.argument("login")
@click.argument("role", type=_ROLE)
@pass_invocation
def revoke(invocation: Invocation, login: str, role: str) -> None:
    """Take back what was granted to LOGIN by hand."""
    member = invocation.run(
        with_member(login, lambda c, m: c.member_service().revoke(OPERATOR, m.id, Role[role.upper()]))
    )
    click.echo(line(member))


@command.command()
@click.argument("login")
@pass_invocation
def grants(invocation: Invocation, login: str) -> None:
    """List what LOGIN was granted, newest first: role, source, since, until, reason."""
    for each in invocation.run(with_member(login, lambda c, m: c.member_service().grants(OPERATOR, m.id))):
        click.echo(_grant(each))


@command.command()
@click.argument("login")
@click.option("--reason", default="", help="Kept in the audit trail.")
@pass_invocation
def ban(invocation: Invocation, login: str, reason: str) -> None:
    """Shut LOGIN out of all their accounts; their sign-ins end."""
    click.echo(line(invocation.run(with_member(login, lambda c, m: c.member_service().ban(OPERATOR, m.id, reason)))))


@command.command()
@click.argument("login")
@pass_invocation
def unban(invocation: Invocation, login: str) -> None:
    """Let LOGIN in again; they sign in anew."""
    click.echo(line(invocation.run(with_member(login, lambda c, m: c.member_service().unban(OPERATOR, m.id)))))


@command.command(name="sign-in-link")
@click.argument("login")
@click.option("--url", help="Where LOGIN reaches this instance, such as https://guild.example.org.")
@pass_invocation
def sign_in_link(invocation: Invocation, login: str, url: str | None) -> None:
    """Print a link that signs LOGIN in once, within 15 minutes; it ends those made for LOGIN before.

    It leads to the public address, else to where the server of this data folder listens.
    """
    if url is not None and not url.startswith(("http://", "https://")):
        raise Refused(f"--url: found {url!r}; expected an address that begins with https:// or http://")
    base_url = url.rstrip("/") if url else reached_at(invocation.settings())
    link = invocation.run(with_member(login, lambda c, m: c.member_service().sign_in_link(OPERATOR, m.id)))
    click.echo(f"{base_url}/sign-in/link#token={link.token}")


@command.command(name="reset-password")
@click.argument("login")
@pass_invocation
def reset_password(invocation: Invocation, login: str) -> None:
    """Give LOGIN a new password, which is asked for, or read from a pipe."""
    password = new_password()
    invocation.run(with_member(login, lambda c, m: c.member_service().set_password(OPERATOR, m.id, password)))
    click.echo("The password is set.")


def _facts(member: MemberView) -> dict[str, str]:
    verified = "" if member.email is None or member.email_verified else " (not verified)"
    telegram = member.telegram
    name = f"@{telegram.username}" if telegram and telegram.username else telegram.first_name if telegram else ""
    return {
        "id": str(member.id),
        "username": member.username or "-",
        "email": f"{member.email or '-'}{verified}",
        "password": "set" if member.has_password else "none",
        "telegram": f"{telegram.telegram_id} {name}" if telegram else "-",
        "role": member.role.name,
        "state": "active" if member.is_active else "banned",
        "since": moment(member.created_at),
    }


def _grant(grant: Grant) -> str:
    source, since, until = grant.source.value, moment(grant.created_at), moment(grant.until)
    return f"{grant.role.name:<10}  {source:<12}  {since}  {until}  {grant.reason}"


for _command in (link, unlink, audit, export, delete):
    command.add_command(_command)
