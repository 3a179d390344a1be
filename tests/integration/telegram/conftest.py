"""A bot of ours against the fake Bot API."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.system.clock import SystemClock
from adapters.telegram.bot_api import TelegramBotApi
from adapters.telegram.connection import BotConnection
from adapters.telegram.notifier import TelegramNotifier
from adapters.testing.telegram.fake import FakeTelegram
from entrypoints.container import Container, sql_container
from entrypoints.settings import DatabaseSettings, Secret, Settings, TelegramSettings
from tests.integration.telegram.at_work import Made


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


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def made(request: pytest.FixtureRequest, telegram: FakeTelegram, tmp_path: Path) -> AsyncIterator[Made]:
    """Makes containers that talk to the fake, all over one database of each engine."""
    containers: list[Container] = []
    database = DatabaseSettings()
    if request.param == "postgres":
        database = DatabaseSettings(url=request.getfixturevalue("postgres_database"))

    def make(**given: object) -> Container:
        fields: dict[str, object] = {"bot_token": Secret(telegram.token), "api_base_url": telegram.url}
        root = {name: given.pop(name) for name in ("public_url", "http") if name in given}
        bot = TelegramSettings(**{**fields, **given})  # type: ignore[arg-type]
        settings = Settings(data_dir=tmp_path, database=database, telegram=bot, **root)  # type: ignore[arg-type]
        containers.append(sql_container(settings))
        return containers[-1]

    await make().migrator().upgrade()
    yield make
    for container in containers:
        await container.bot_connection().close()
        await container.database().dispose()
