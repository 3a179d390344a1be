"""The bot in a process of its own: at Telegram, or on the terminal."""

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from typing import Any

from application.ports.system import CannotStart
from domain.identity import TelegramProfile
from entrypoints.beside import Beside
from entrypoints.container import Container, sql_container
from entrypoints.replying import ReplyWork
from entrypoints.settings import Settings
from entrypoints.telegram_bot.bot import Bot, create_bot, create_console_bot
from entrypoints.telegram_bot.console import Console, Lines, standard_input


def run_bot(settings: Settings) -> None:
    """Poll and answer until SIGTERM, or Ctrl-C, which raises `KeyboardInterrupt` once everything has ended well.

    Raises `CannotStart` without a token or where Telegram is to call the web server, and `InvalidToken`.
    """
    if settings.telegram.bot_token is None:
        raise CannotStart(
            "There is no bot token: set GUILDHALL_TELEGRAM_BOT_TOKEN to what BotFather gave you, "
            "or try the bot without Telegram: `guildhall bot --console`."
        )
    if settings.telegram.updates == "off":
        raise CannotStart("telegram.updates is off; set GUILDHALL_TELEGRAM_UPDATES to polling.")
    if settings.has_webhook:
        raise CannotStart(
            "Telegram is to call the webhook, which `guildhall serve` answers, with the bot in it. To poll instead, "
            "set GUILDHALL_TELEGRAM_UPDATES=polling and run `guildhall bot webhook delete`."
        )
    asyncio.run(_run_bot(settings))


def run_console(settings: Settings, profile: TelegramProfile, *, is_scripted: bool) -> None:
    """Speak with the bot on the terminal, as this person, until the end of the input, SIGTERM or Ctrl-C, as `run_bot`.
    `is_scripted` input is read a line at a time, each when all was said about the one before.
    """
    asyncio.run(_run_console(settings, profile, is_scripted=is_scripted))


async def _run_bot(settings: Settings) -> None:
    container = sql_container(settings)
    await container.migrator().check()
    container.configure_logging()
    ending: asyncio.Future[signal.Signals] = asyncio.get_running_loop().create_future()
    with _told(ending):
        async with _at_work(container, create_bot(container, polls=True)) as working:
            either: set[asyncio.Future[Any]] = {working, ending}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    if ending.done() and ending.result() is signal.SIGINT:
        raise KeyboardInterrupt


async def _run_console(settings: Settings, profile: TelegramProfile, *, is_scripted: bool) -> None:
    container = sql_container(settings)
    await container.migrator().check()
    container.configure_logging()
    container.notifier.override(container.console_notifier)
    container.pacer.override(container.console_pacer)
    console = Console(container, container.console_notifier(), profile)
    ending: asyncio.Future[signal.Signals] = asyncio.get_running_loop().create_future()
    with _told(ending):
        async with _at_work(container, create_console_bot(container)) as working:
            speaking = asyncio.create_task(console.speak(Lines(standard_input()), is_scripted=is_scripted))
            any_of: set[asyncio.Future[Any]] = {working, speaking, ending}
            await asyncio.wait(any_of, return_when=asyncio.FIRST_COMPLETED)
            if speaking.done():
                speaking.result()
            speaking.cancel()
    if ending.done() and ending.result() is signal.SIGINT:
        raise KeyboardInterrupt


@asynccontextmanager
async def _at_work(container: Container, bot: Bot) -> AsyncIterator[asyncio.Task[None]]:
    """The bot and the replies of the assistant, ended well; raises what ended the bot."""
    seconds = container.settings().http.shutdown_seconds / 2
    replies = ReplyWork(container)
    sweeping = Beside(container.clock(), {"bot-sweeper": container.bot_sweeper().run})
    replies.start()
    sweeping.start()
    working = asyncio.create_task(bot.run(), name="bot")
    try:
        yield working
    finally:
        await bot.stop(timedelta(seconds=seconds))
        working.cancel()
        await asyncio.wait({working})
        await sweeping.stop(1.0)
        await replies.stop(seconds)
        await container.bot_connection().close()
        await container.database().dispose()
    if not working.cancelled():
        working.result()


@contextmanager
def _told(ending: "asyncio.Future[signal.Signals]") -> Iterator[None]:
    """The first signal to end is told, the next one is the operating system's."""
    loop = asyncio.get_running_loop()
    signals = (signal.SIGINT, signal.SIGTERM)

    def tell(told: signal.Signals) -> None:
        for each in signals:
            loop.remove_signal_handler(each)
        ending.set_result(told)

    for each in signals:
        loop.add_signal_handler(each, tell, each)
    try:
        yield
    finally:
        for each in signals:
            loop.remove_signal_handler(each)
