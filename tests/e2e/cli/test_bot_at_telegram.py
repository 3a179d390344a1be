"""`guildhall bot` and `guildhall serve` as processes, against the fake Bot API."""

import asyncio
import signal
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.testing.telegram.fake import FakeTelegram
from tests.e2e.cli.conftest import Command
from tests.e2e.conftest import Instance, Outcome

PUBLIC, SECRET = "https://guild.example.org", "a_secret_of_the_webhook"
URL = f"{PUBLIC}/api/v1/telegram/webhook"


@pytest.fixture
async def telegram() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram(webhook_stands_for="http://127.0.0.1:9") as running:
        yield running


def at(telegram: FakeTelegram, instance: Instance, **settings: str) -> Instance:
    """The instance with this bot."""
    bot = {"GUILDHALL_TELEGRAM_BOT_TOKEN": telegram.token, "GUILDHALL_TELEGRAM_API_BASE_URL": telegram.url}
    return replace(instance, settings={**bot, **settings})


async def ended(process: "subprocess.Popen[str]", told: signal.Signals) -> Outcome:
    """How it ended, when it was told so."""
    process.send_signal(told)
    out, err = await asyncio.to_thread(process.communicate, timeout=30)
    return Outcome(process.returncode, out, err)


@pytest.mark.parametrize(("told", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
async def test_bot_alone_answers_until_it_is_told_to_end(
    telegram: FakeTelegram, instance: Instance, told: signal.Signals, code: int
) -> None:
    ada = telegram.user("Ada")
    ada.sends("/start")
    process = at(telegram, instance).start("bot")
    try:
        welcome = await telegram.next_message(ada, within=30)
        assert welcome.text.startswith("Welcome, Ada.")
    finally:
        outcome = await ended(process, told)
    assert outcome.code == code, outcome.err
    assert "Traceback" not in outcome.err
    assert telegram.token not in outcome.err
    assert "bot_stopped" in outcome.err


async def test_serve_answers_the_bot_beside_the_web(telegram: FakeTelegram, instance: Instance) -> None:
    ada = telegram.user("Ada")
    ada.sends("How much should I risk on one trade?")
    process = at(telegram, instance, GUILDHALL_HTTP_PORT="0").start("serve")
    try:
        answer = await telegram.next_message(ada, within=30)
        await telegram.until(lambda: "[1]" in answer.text and answer.buttons, within=20)
    finally:
        outcome = await ended(process, signal.SIGTERM)
    assert outcome.code == 0, outcome.err
    assert "Traceback" not in outcome.err


async def test_bot_with_a_wrong_token_is_refused_in_one_line(telegram: FakeTelegram, instance: Instance) -> None:
    wrong = at(telegram, instance, GUILDHALL_TELEGRAM_BOT_TOKEN="7000000001:wrong")
    outcome = await asyncio.to_thread(wrong.run, "bot")
    assert outcome.code == 2
    assert outcome.problems[-1] == "guildhall: Telegram does not know the token in telegram.bot_token."


def said_by(telegram: FakeTelegram, guildhall: Command, **settings: str) -> Callable[..., Awaitable[Outcome]]:
    """The commands of this process, in a thread: the fake goes on beside them."""
    given = {**at(telegram, Instance(Path())).settings, **settings}

    async def say(*words: str) -> Outcome:
        return await asyncio.to_thread(lambda: guildhall(*words, **given))

    return say


async def test_webhook_is_set_told_and_deleted_at_the_terminal(telegram: FakeTelegram, guildhall: Command) -> None:
    settings = {"GUILDHALL_PUBLIC_URL": PUBLIC, "GUILDHALL_TELEGRAM_WEBHOOK_SECRET": SECRET}
    say = said_by(telegram, guildhall, GUILDHALL_TELEGRAM_WEBHOOK_CONNECTIONS="7", **settings)

    assert (await say("bot", "webhook", "set")).out == f"Telegram calls {URL} from now on.\n"
    (request,) = telegram.calls("setWebhook")
    assert (request["secret_token"], request["max_connections"]) == (SECRET, "7")
    told = (await say("bot", "webhook", "info")).out
    assert told.startswith(f"url          {URL}\nwaiting      0\nconnections  7\n")
    assert (await say("bot", "webhook", "delete")).code == 0
    assert f"expected {URL}" in (await say("bot", "webhook", "info")).out
    refused = await say("bot")
    assert refused.code == 2
    assert "guildhall serve" in refused.err


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({}, "GUILDHALL_PUBLIC_URL"),
        ({"GUILDHALL_PUBLIC_URL": "http://127.0.0.1:8000"}, "GUILDHALL_TELEGRAM_WEBHOOK_SECRET"),
    ],
)
async def test_webhook_without_what_it_needs_says_what_to_set(
    telegram: FakeTelegram, guildhall: Command, settings: dict[str, str], named: str
) -> None:
    outcome = await said_by(telegram, guildhall, **settings)("bot", "webhook", "set")
    assert outcome.code == 2
    assert named in outcome.err
    assert telegram.calls("setWebhook") == []
