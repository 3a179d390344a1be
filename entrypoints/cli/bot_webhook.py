"""`guildhall bot webhook`: where Telegram calls."""

import asyncio
from collections.abc import Awaitable, Callable

import click

from application.ports.system import CannotStart
from entrypoints.cli.ending import complain
from entrypoints.cli.session import Invocation, pass_invocation
from entrypoints.container import Container, sql_container


@click.group(name="webhook")
def webhook() -> None:
    """The webhook: what Telegram knows of it."""


@webhook.command(name="set")
@pass_invocation
def set_(invocation: Invocation) -> None:
    """Have Telegram call this instance, at its public_url, with the secret of telegram.webhook_secret."""

    async def action(container: Container) -> str:
        settings = container.settings()
        if settings.webhook_url is None:
            raise CannotStart("There is no public_url; set GUILDHALL_PUBLIC_URL to where Telegram reaches you.")
        if settings.telegram.webhook_secret is None:
            raise CannotStart(
                "There is no webhook secret; set GUILDHALL_TELEGRAM_WEBHOOK_SECRET to 8 letters and digits or more."
            )
        secret, connections = settings.telegram.webhook_secret.reveal(), settings.telegram.webhook_connections
        await container.bot_api().set_webhook(settings.webhook_url, secret, connections)
        return settings.webhook_url

    click.echo(f"Telegram calls {_run(invocation, action)} from now on.")
    if not invocation.settings().has_webhook:
        complain("warning: nothing listens there as it is set up; set GUILDHALL_TELEGRAM_UPDATES=webhook.")


@webhook.command()
@click.option("--drop-pending", is_flag=True, help="Forget the updates that wait at Telegram.")
@pass_invocation
def delete(invocation: Invocation, *, drop_pending: bool) -> None:
    """Have Telegram call nobody; updates wait there for polls."""

    async def action(container: Container) -> str:
        await container.bot_api().delete_webhook(drop_pending=drop_pending)
        return "Telegram calls nobody from now on."

    click.echo(_run(invocation, action))


@webhook.command()
@pass_invocation
def info(invocation: Invocation) -> None:
    """What Telegram says of the webhook."""

    async def action(container: Container) -> str:
        info = await container.bot_api().webhook_info()
        expected = container.settings().webhook_url if container.settings().has_webhook else ""
        lines = [
            f"url          {info.url or 'none'}"
            + ("" if info.url == expected else f" (expected {expected or 'none'})"),
            f"waiting      {info.pending_update_count}",
        ]
        if info.max_connections is not None:
            lines.append(f"connections  {info.max_connections}")
        if info.ip_address is not None:
            lines.append(f"address      {info.ip_address}")
        if info.last_error_date is not None:
            lines.append(f"last error   {info.last_error_date:%Y-%m-%d %H:%M:%S} UTC: {info.last_error_message}")
        if info.allowed_updates:
            lines.append(f"updates      {', '.join(info.allowed_updates)}")
        return "\n".join(lines)

    click.echo(_run(invocation, action))


def _run(invocation: Invocation, action: Callable[[Container], Awaitable[str]]) -> str:
    """What to print; the database is not needed."""
    container = sql_container(invocation.settings())

    async def call() -> str:
        try:
            return await action(container)
        finally:
            await container.bot_connection().close()

    return asyncio.run(call())
