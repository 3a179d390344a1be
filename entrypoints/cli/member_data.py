"""`guildhall members audit | export | delete`: the trail, and what is kept of a member."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

import click

from application.ports.audit import AuditFilter
from application.ports.identity import MemberView
from application.ports.system import CannotStart
from application.realtime.events import plain
from domain.identity import OPERATOR, AuditAction, AuditEntry
from entrypoints.cli.ending import Refused
from entrypoints.cli.one_member import Moment, moment, with_member
from entrypoints.cli.session import Invocation, pass_invocation
from entrypoints.container import Container
from entrypoints.http.exported import json_document

PAGE = 200


@click.command()
@click.argument("login", required=False)
@click.option("--action", type=click.Choice(sorted(action.value for action in AuditAction)), help="What was done.")
@click.option("--since", type=Moment(-1), help="A day, a time, or how long ago: 7d, 12h.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=100, show_default=True, help="How many at most.")
@pass_invocation
def audit(
    invocation: Invocation,
    login: str | None,
    action: str | None,
    since: Callable[[datetime], datetime] | None,
    limit: int,
) -> None:
    """Print the audit trail, newest first: time, action, by whom, to whom, from where, details.

    With LOGIN only what they did or what was done to them.

    \b
    Examples:
      guildhall members audit --since 1d
      guildhall members audit ada --action role.granted
    """

    async def read(container: Container, member: MemberView | None) -> list[AuditEntry]:
        where = AuditFilter(
            member_id=None if member is None else member.id,
            action=None if action is None else AuditAction(action),
            since=None if since is None else since(container.clock().now()),
        )
        return await _lines(container, where, limit)

    async def of_everybody(container: Container) -> list[AuditEntry]:
        return await read(container, None)

    for entry in invocation.run(of_everybody if login is None else with_member(login, read)):
        click.echo(_line(entry))


@click.command()
@click.argument("login")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="A file, readable by you alone.")
@pass_invocation
def export(invocation: Invocation, login: str, output: Path | None) -> None:
    """Print all that is kept of LOGIN as one JSON document. No secret and no hash is in it."""

    async def action(container: Container, member: MemberView) -> None:
        if output is None:
            async for piece in json_document(await container.data_rights().export(OPERATOR, member.id)):
                sys.stdout.write(piece.decode())
            return
        # The trail says that an export was made: where it cannot be written, none begins.
        with _whole(output) as file:
            async for piece in json_document(await container.data_rights().export(OPERATOR, member.id)):
                file.write(piece)

    invocation.run(with_member(login, action))


@click.command()
@click.argument("login")
@click.option("--yes", is_flag=True, help="Don't ask. What the member owns is lost.")
@pass_invocation
def delete(invocation: Invocation, login: str, *, yes: bool) -> None:
    """Delete LOGIN with all they own, for good: accounts, conversations, saved guides, sign-ins.

    What they wrote in others' conversations and the audit trail stay without the person.
    """

    async def action(container: Container, member: MemberView) -> None:
        await container.data_rights().delete(OPERATOR, member.id)

    if not yes and not (sys.stdin.isatty() and click.confirm(f"All that {login} owns will be lost. Go on?")):
        raise Refused(f"nothing was changed. All that {login} owns would be lost: confirm, or give --yes.")
    invocation.run(with_member(login, action))
    click.echo("The member is deleted.")


async def _lines(container: Container, where: AuditFilter, limit: int) -> list[AuditEntry]:
    found: list[AuditEntry] = []
    cursor = None
    while len(found) < limit:
        page = await container.audit_service().page(OPERATOR, where, cursor, min(PAGE, limit - len(found)))
        found.extend(page.items)
        cursor = page.next_cursor
        if cursor is None:
            break
    return found


def _line(entry: AuditEntry) -> str:
    by = str(entry.actor_id or entry.details.get("by") or "-")
    details = json.dumps(plain(dict(entry.details)), ensure_ascii=False)
    where = entry.ip or "-"
    return (
        f"{moment(entry.at)}  {entry.action:<24}  {by}  {entry.resource_type} {entry.resource_id}  {where}  {details}"
    )


@contextmanager
def _whole(output: Path) -> Iterator[BinaryIO]:
    """Write beside the file and put it in its place at the end, so that half of it is never taken for all."""
    draft = output.with_name(f".guildhall-{uuid4().hex}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            yield file
        draft.replace(output)
    except OSError as error:
        raise CannotStart(
            f"{output}: the data cannot be written there: {error.strerror}. "
            "Nothing was exported; check the folder, its rights and its free space."
        ) from error
    finally:
        # Where not even that can be asked for, there is nothing to remove.
        with suppress(OSError):
            draft.unlink()
