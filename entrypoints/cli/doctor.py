"""`guildhall doctor`: what works, what does not, and what to do."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import click

from application.ports.embedding import EmbedderUnavailable
from application.ports.system import CannotStart
from application.room import MIB, require_room
from domain.errors import GuildhallError
from domain.identity import OPERATOR
from entrypoints.cli import doctor_bot
from entrypoints.cli.ending import ExitCode
from entrypoints.cli.session import Invocation, pass_invocation, prepare_data_dir
from entrypoints.cli.whereabouts import listens_at, taken
from entrypoints.cli.words import counted
from entrypoints.container import Container, sql_container
from entrypoints.settings import Settings, describe, without_use


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. A warning needs no action now."""

    name: str
    state: str
    text: str


@click.command(name="doctor")
@click.option("--settings", "show_settings", is_flag=True, help="Print every setting too, secrets masked.")
@pass_invocation
def command(invocation: Invocation, *, show_settings: bool) -> None:
    """Check settings, data folder, database, library, its vectors, owner, inbox, providers, bot, mail and port.

    Each line says what to do where something is amiss.

    Exit code 1 when something fails; a warning needs no action now.

    \b
    Examples:
      guildhall doctor
      guildhall doctor --settings
    """
    settings = invocation.settings()
    if show_settings:
        click.echo("\n".join(describe(settings)) + "\n")
    findings = [Finding("settings", "ok", "every setting is valid"), *asyncio.run(_examine(settings))]
    for finding in findings:
        click.echo(f"{finding.state:<5} {finding.name:<10} {finding.text}")
    if any(finding.state == "FAIL" for finding in findings):
        raise click.exceptions.Exit(ExitCode.DONE_WITH_FAILURES)


async def _examine(settings: Settings) -> list[Finding]:
    container = sql_container(settings)
    try:
        findings = [
            await _tried("data", lambda: _data(container)),
            await _tried("database", lambda: _database(container)),
        ]
        if findings[-1].state == "ok":
            findings.append(await _tried("library", lambda: _library(container)))
            findings.append(await _tried("meaning", lambda: _meaning(container)))
            findings.append(await _tried("owner", lambda: _owner(container)))
            findings.append(await _tried("inbox", lambda: _of_bot("inbox", doctor_bot.inbox, container)))
        findings.append(await _tried("providers", lambda: _providers(container)))
        if settings.telegram.bot_token is not None:
            findings.append(await _tried("telegram", lambda: _of_bot("telegram", doctor_bot.token, container)))
            findings.append(await _tried("webhook", lambda: _of_bot("webhook", doctor_bot.webhook, container)))
        findings.append(_mail(container))
        findings.append(_port(settings))
        findings += _unused(settings)
        return findings
    finally:
        await container.bot_connection().close()
        await container.database().dispose()


async def _tried(name: str, check: Callable[[], Awaitable[Finding]]) -> Finding:
    try:
        return await check()
    except (GuildhallError, CannotStart) as error:
        return Finding(name, "FAIL", str(error))


async def _data(container: Container) -> Finding:
    settings = container.settings()
    prepare_data_dir(settings)
    free = await require_room(container.data_disk())
    return Finding("data", "ok", f"{settings.data_dir.absolute()}, {free // MIB:,} MiB free")


async def _database(container: Container) -> Finding:
    await container.migrator().check()
    return Finding("database", "ok", f"{container.database().url}, revision {await container.migrator().current()}")


async def _library(container: Container) -> Finding:
    counts = await container.guide_reading().categories(OPERATOR)
    if not counts:
        return Finding("library", "warn", "no guides yet; run `guildhall guides import PATH`")
    if strays := sorted(counts.keys() - set(container.guide_library().categories)):
        found = counted(sum(counts[name] for name in strays), "guide")
        text = (
            f"{found} in categories that are not configured ({', '.join(strays)}): "
            "add them to GUILDHALL_GUIDES_CATEGORIES, or import the guides again with another category"
        )
        return Finding("library", "warn", text)
    return Finding(
        "library", "ok", f"{counted(sum(counts.values()), 'guide')} in {counted(len(counts), 'category', 'categories')}"
    )


async def _meaning(container: Container) -> Finding:
    embedding = container.passage_embedding()
    try:
        name = await embedding.require_embedder()
        lacking = await embedding.count_lacking()
    except EmbedderUnavailable as error:
        state = "ok" if container.settings().guides.semantic == "off" else "warn"
        return Finding("meaning", state, f"questions are answered by words only: {error}")
    if lacking:
        text = f"{lacking} passages have no vector yet; run `guildhall guides index`, or let the server do it"
        return Finding("meaning", "warn", text)
    return Finding("meaning", "ok", f"every passage has its vector of {name}")


async def _owner(container: Container) -> Finding:
    owners = await container.member_service().has_owner()
    if not owners:
        return Finding("owner", "warn", "there is no owner; run `guildhall init`")
    return Finding("owner", "ok", "there is an owner")


async def _providers(container: Container) -> Finding:
    health = await container.chat_health().check()
    text = ", ".join(f"{name} {state}" for name, state in health.providers.items())
    return Finding("providers", "ok" if health.status == "healthy" else "FAIL", text)


async def _of_bot(name: str, look: Callable[[Container], Awaitable[tuple[str, str]]], container: Container) -> Finding:
    return Finding(name, *await look(container))


def _mail(container: Container) -> Finding:
    mail = container.settings().mail
    if mail.host is not None:
        return Finding("mail", "ok", f"is handed to {mail.host}:{mail.port} ({mail.security})")
    if container.mailer().can_send:
        return Finding("mail", "ok", "is written to the terminal; set GUILDHALL_MAIL_HOST to send it")
    return Finding("mail", "warn", "nobody can reset a password or verify an email; set GUILDHALL_MAIL_HOST")


def _port(settings: Settings) -> Finding:
    if address := listens_at(settings):
        return Finding("port", "ok", f"Guildhall listens on {address}")
    where = f"{settings.http.host}:{settings.http.port}"
    if reason := taken(settings):
        return Finding(
            "port", "warn", f"{where}: {reason}; no server of this data folder wrote down that it is its own"
        )
    return Finding("port", "ok", f"{where} is free")


def _unused(settings: Settings) -> list[Finding]:
    return [
        Finding(field.path[0], "warn", f"{field.toml} is set, and nothing in this version uses it yet")
        for field in without_use(settings)
    ]
