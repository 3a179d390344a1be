"""A bot of ours against the fake Bot API."""

from collections.abc import AsyncIterator

import pytest

from adapters.system.clock import SystemClock
from adapters.telegram.bot_api import TelegramBotApi
from adapters.telegram.connection import BotConnection
from adapters.telegram.notifier import TelegramNotifier
from adapters.testing.telegram.fake import FakeTelegram


@pytest.fixture
async def telegram() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram(webhook_stands_for="http://127.0.0.1:9") as running:
        yield running


@pytest.fixture
async def connection(telegram: FakeTelegram) -> AsyncIterator[BotConnection]:
    connection = BotConnection(telegram.token, telegram.url)
    yield connection
    await connection.close()


@pytest.fixture
def notifier(connection: BotConnection) -> TelegramNotifier:
    return TelegramNotifier(connection, SystemClock(), deadline_seconds=2)


@pytest.fixture
def bot_api(connection: BotConnection) -> TelegramBotApi:
    return TelegramBotApi(connection)
