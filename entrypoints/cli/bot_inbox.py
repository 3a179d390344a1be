"""`guildhall bot inbox`: what the bot was told, and what became of it."""

import json
from collections.abc import Mapping
from uuid import UUID

import click

from application.telegram.dead_letters import Replayed, ShownUpdate
from domain.identity import OPERATOR
from domain.telegram import InboxUpdate, UpdateKey, UpdateState
from entrypoints.cli.ending import ExitCode
from entrypoints.cli.session import Invocation, pass_invocation
from entrypoints.cli.words import counted
from entrypoints.container import Container

_STATE = click.Choice([state.name.lower() for state in UpdateState], case_sensitive=False)


@click.group(name="inbox")
def inbox() -> None:
    """The inbox: list, show, replay, dismiss. A running server takes up what is replayed within a second."""


@inbox.command(name="list")
@click.option("--state", type=_STATE, help="Only those in this state.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="How many at most.")
@pass_invocation
def list_updates(invocation: Invocation, state: str | None, limit: int) -> None:
    """List updates, latest first: key, state, kind, when it came, attempts, error. How many there are comes last."""
    in_state = None if state is None else UpdateState[state.upper()]

    async def action(container: Container) -> tuple[list[InboxUpdate], Mapping[UpdateState, int]]:
        letters, bot_id, cursor = container.dead_letters(), container.bot_id(), None
        found: list[InboxUpdate] = []
        while len(found) < limit:
            page = await letters.page(OPERATOR, bot_id, in_state, cursor, min(200, limit - len(found)))
            found.extend(page.items)
            cursor = page.next_cursor
            if cursor is None:
                break
        return found, await letters.counts(OPERATOR, bot_id)

    found, counts = invocation.run(action)
    for update in found:
        click.echo(_line(update))
    click.echo(", ".join(f"{state.name.lower()} {counts[state]}" for state in UpdateState), err=True)


@inbox.command()
@click.argument("key", type=click.UUID)
@pass_invocation
def show(invocation: Invocation, key: UUID) -> None:
    """Print the update KEY with what it says, secrets masked. That is noted in the audit trail."""

    async def action(container: Container) -> ShownUpdate:
        return await container.dead_letters().show(OPERATOR, container.bot_id(), UpdateKey(key))

    shown = invocation.run(action)
    update = shown.update
    facts = {
        "key": update.key,
        "bot": update.bot_id,
        "update_id": update.update_id,
        "state": update.state.name.lower(),
        "kind": update.kind,
        "lane": update.lane,
        "received": update.received_at.isoformat(),
        "handled": update.handled_at.isoformat() if update.handled_at else None,
        "attempts": update.attempts,
        "error": update.error_message,
    }
    for name, value in facts.items():
        if value is not None:
            click.echo(f"{name:<10} {value}")
    said = "forgotten, or no JSON" if shown.content is None else json.dumps(shown.content, indent=2)
    click.echo(f"{'says':<10} {said}")


@inbox.command()
@click.argument("key", type=click.UUID, required=False)
@click.option("--all", "is_all", is_flag=True, help="Every dead letter.")
@pass_invocation
def replay(invocation: Invocation, key: UUID | None, *, is_all: bool) -> None:
    """Have the dead letter KEY, or with --all every one, handled once more.

    Exit code 1 when some of all cannot be handled any more.
    """
    if (key is None) is not is_all:
        raise click.UsageError("expected a KEY, or --all")

    async def action(container: Container) -> Replayed:
        letters, bot_id = container.dead_letters(), container.bot_id()
        if key is None:
            return await letters.replay_all(OPERATOR, bot_id)
        await letters.replay(OPERATOR, bot_id, UpdateKey(key))
        return Replayed(1, 0)

    done = invocation.run(action)
    click.echo(f"{done.replayed} will be handled once more.")
    if done.left:
        click.echo(f"{done.left} cannot be handled any more.", err=True)
        raise click.exceptions.Exit(ExitCode.DONE_WITH_FAILURES)


@inbox.command()
@click.argument("key", type=click.UUID, required=False)
@click.option("--all-left", "is_all", is_flag=True, help="Every dead letter that `replay --all` leaves.")
@pass_invocation
def dismiss(invocation: Invocation, key: UUID | None, *, is_all: bool) -> None:
    """Remove the dead letter KEY, or with --all-left those that replaying leaves: what is no update, was forgotten, or
    was a pressed button.
    """
    if (key is None) is not is_all:
        raise click.UsageError("expected a KEY, or --all-left")

    async def action(container: Container) -> int:
        letters, bot_id = container.dead_letters(), container.bot_id()
        if key is None:
            return await letters.dismiss_left(OPERATOR, bot_id)
        await letters.dismiss(OPERATOR, bot_id, UpdateKey(key))
        return 1

    click.echo(f"{counted(invocation.run(action), 'dead letter')} dismissed.")


def _line(update: InboxUpdate) -> str:
    state, received = update.state.name.lower(), f"{update.received_at:%Y-%m-%d %H:%M:%S}"
    error = " ".join((update.error_message or "").split())
    return f"{update.key}  {state:<10}  {update.kind:<20}  {received}  {update.attempts}  {error}".rstrip()
