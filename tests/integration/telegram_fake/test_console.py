"""The fake at a terminal: a process of its own that a bot speaks to, fed by lines."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
import telegram
from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from adapters.testing.telegram import BOT_TOKEN, FakeTelegram
from adapters.testing.telegram.console import Person
from tests.integration.telegram_fake.client import client_of

ROOT = Path(__file__).resolve().parents[3]
PATIENCE = 30


@asynccontextmanager
async def console(*options: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """The command, killed at the end when it still runs."""
    running = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "adapters.testing.telegram",
        *options,
        cwd=ROOT,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield running
    finally:
        if running.returncode is None:
            running.kill()
        await running.communicate()


async def url_of(running: asyncio.subprocess.Process) -> str:
    """Where it says that it listens."""
    assert running.stdout is not None
    line = (await running.stdout.readline()).decode()
    found = re.search(r"http://127\.0\.0\.1:\d+", line)
    assert found, line
    return found[0]


async def test_console_lines_become_updates_and_a_signal_ends_it_well() -> None:
    async with asyncio.timeout(PATIENCE), console("--port", "0", "--user", "7") as running:
        url = await url_of(running)
        assert running.stdin is not None
        running.stdin.write(b"/start\nna\xefve\n")
        running.stdin.close()
        texts: list[str] = []
        async with telegram.Bot(BOT_TOKEN, base_url=f"{url}/bot") as bot:
            while len(texts) < 2:
                updates = await bot.get_updates(timeout=5)
                texts = [update.message.text or "" for update in updates if update.message]
            assert [update.effective_user.id for update in updates if update.effective_user] == [7, 7]
            await bot.send_message(7, "Welcome")
        running.send_signal(signal.SIGTERM)
        assert running.stdout is not None
        said = (await running.stdout.read()).decode()
        assert await running.wait() == 0

    assert texts == ["/start", "na\N{REPLACEMENT CHARACTER}ve"]
    assert "Welcome" in said


async def test_console_port_that_is_taken_is_said_in_one_line(fake_telegram: FakeTelegram) -> None:
    port = str(httpx.URL(fake_telegram.url).port)
    async with asyncio.timeout(PATIENCE), console("--port", port) as running:
        _, errors = await running.communicate()

    assert running.returncode == 1
    assert errors.decode().startswith(f"Cannot listen on 127.0.0.1:{port}")
    assert errors.count(b"\n") == 1


@pytest.mark.parametrize(
    ("number", "said"), [("9", "There is no button 9."), ("2", "Button 2 opens https://a.example")]
)
async def test_console_number_that_cannot_be_pressed_is_said_and_not_sent(
    fake_telegram: FakeTelegram, number: str, said: str
) -> None:
    shown: list[str] = []
    person = Person(fake_telegram, fake_telegram.user("Ada", started=True, id=1), shown.append)
    watching = asyncio.create_task(person.watch())
    async with client_of(fake_telegram) as bot:
        await bot.send_message(1, "Which?", reply_markup=keyboard())
        await fake_telegram.until(lambda: "[2: There]" in "".join(shown))
        person.types(f" {number}\n")
        person.types("\n")
        updates = await bot.get_updates()
    watching.cancel()

    assert said in shown[-1]
    assert updates == ()


async def test_console_shows_edits_and_notes_of_pressed_buttons(fake_telegram: FakeTelegram) -> None:
    shown: list[str] = []
    person = Person(fake_telegram, fake_telegram.user("Ada", started=True, id=1), shown.append)
    watching = asyncio.create_task(person.watch())
    async with client_of(fake_telegram) as bot:
        sent = await bot.send_message(1, "Which?", reply_markup=keyboard())
        await fake_telegram.until(lambda: "[1: Here]" in "".join(shown))
        person.types("1")
        (update,) = await bot.get_updates()
        assert update.callback_query is not None
        await bot.answer_callback_query(update.callback_query.id, "Pressed")
        await bot.edit_message_text("This one.", 1, sent.message_id)
        await fake_telegram.until(lambda: "This one." in "".join(shown) and "Pressed" in "".join(shown))
    watching.cancel()

    assert update.callback_query.data == "here"
    assert f"message {sent.message_id} is now:" in "".join(shown)


def keyboard() -> InlineKeyboardMarkup:
    """A button to press and a link."""
    here = InlineKeyboardButton("Here", callback_data="here")
    return InlineKeyboardMarkup([[here, InlineKeyboardButton("There", url="https://a.example")]])
