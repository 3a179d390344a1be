"""A server for made-up requests, and the people who send them."""

import asyncio
from collections.abc import Coroutine, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any, TypeVar

from dependency_injector import providers

from adapters.memory import ManualClock, PlainPasswordHasher
from adapters.memory.rate_limiter import InMemoryRateLimiter
from entrypoints.container import Container, sql_container
from entrypoints.settings import LimitSettings, Secret, TelegramSettings
from tests.integration.http.house import House, client_of, settings
from tests.integration.http.mailbox import Mailbox
from tests.integration.http.served import served
from tests.support.telegram import BOT_TOKEN

T = TypeVar("T")

PATIENCE = 30.0


@dataclass(frozen=True)
class Stage:
    """A served house whose loop runs in another thread, so that synchronous code can send to it."""

    house: House
    mailbox: Mailbox
    url: str
    loop: asyncio.AbstractEventLoop

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of the coroutine, run by the server's loop."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(PATIENCE)


class _Hurried(ManualClock):
    """A week later at each look: what was counted before is over."""

    def now(self) -> datetime:
        self.advance(timedelta(days=7))
        return super().now()


def _container(folder: Path) -> Container:
    limits = LimitSettings(
        messages_per_minute=0, searches_per_minute=0, sessions_per_hour=0, exports_per_hour=0, exports_at_once=100
    )
    container = sql_container(settings(folder, limits=limits, telegram=TelegramSettings(bot_token=Secret(BOT_TOKEN))))
    # The limits of signing in are no settings; those and the slow hash have tests of their own.
    container.rate_limiter.override(providers.Object(InMemoryRateLimiter(_Hurried())))
    container.hasher.override(providers.Singleton(PlainPasswordHasher))
    return container


async def _play(folder: Path, raised: "Future[Stage]", ends: asyncio.Event) -> None:
    container = _container(folder)
    mailbox = Mailbox(container)
    await container.migrator().upgrade()
    # People are made past the network: only what is looked at goes over it.
    async with served(container, with_lifespan=True) as server, client_of(server.app) as client:
        house = House(container, server.app, client)
        url = f"http://127.0.0.1:{server.port}"
        raised.set_result(Stage(house, mailbox, url, asyncio.get_running_loop()))
        await ends.wait()


@contextmanager
def stage_in(folder: Path) -> Iterator[Stage]:
    """Serve the application on SQLite in this folder until the block ends."""
    raised: Future[Stage] = Future()
    ends = asyncio.Event()

    def play() -> None:
        try:
            asyncio.run(_play(folder, raised, ends))
        except BaseException as error:
            if raised.done():
                raise
            raised.set_exception(error)

    thread = Thread(target=play, name="stage")
    thread.start()
    try:
        stage = raised.result(PATIENCE)
        try:
            yield stage
        finally:
            stage.loop.call_soon_threadsafe(ends.set)
    finally:
        thread.join(PATIENCE)
