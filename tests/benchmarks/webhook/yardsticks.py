"""The servers to compare with: `python -m tests.benchmarks.webhook.yardsticks PORT SECRET KIND`.

`ptb` is python-telegram-bot's application with its own webhook server, `aiogram` its dispatcher behind aiohttp. Each
has one handler that does nothing, keeps nothing, and runs on uvloop as we do. `bare` answers 200 to whatever comes: it
shows what the load itself can bring.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import uvloop

from adapters.testing.telegram import FakeTelegram
from tests.benchmarks.webhook.load import PATH


async def _ptb(port: int, secret: str) -> None:
    from telegram.ext import Application, MessageHandler, filters

    async def nothing(_update: object, _context: object) -> None:
        """Nothing is done with it."""

    async with FakeTelegram() as telegram:
        application: Any = Application.builder().token(telegram.token).base_url(telegram.base_url).build()
        application.add_handler(MessageHandler(filters.ALL, nothing))
        async with application:
            await application.start()
            await application.updater.start_webhook(
                listen="127.0.0.1",
                port=port,
                url_path=PATH,
                webhook_url="http://127.0.0.1:9/never-called",
                secret_token=secret,
            )
            await asyncio.Event().wait()


async def _aiogram(port: int, secret: str) -> None:
    from aiogram import Bot, Dispatcher
    from aiogram.webhook.aiohttp_server import SimpleRequestHandler, setup_application
    from aiohttp import web

    async def nothing(_message: object) -> None:
        """Nothing is done with it."""

    dispatcher = Dispatcher(disable_fsm=True)
    dispatcher.message.register(nothing)
    application = web.Application()
    handler = SimpleRequestHandler(dispatcher=dispatcher, bot=Bot("99:made-up"), secret_token=secret)
    handler.register(application, path=PATH)
    setup_application(application, dispatcher)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.Event().wait()


class _Bare(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Answer here."""
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]

    def data_received(self, _data: bytes) -> None:
        """A call is small enough to come at once."""
        self._transport.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")


async def _bare(port: int, _secret: str) -> None:
    await asyncio.get_running_loop().create_server(_Bare, "127.0.0.1", port)
    await asyncio.Event().wait()


KINDS: Mapping[str, Callable[[int, str], Awaitable[None]]] = {"ptb": _ptb, "aiogram": _aiogram, "bare": _bare}


async def _serve(port: int, secret: str, kind: str) -> None:
    await KINDS[kind](port, secret)


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1]), sys.argv[2], sys.argv[3]))
