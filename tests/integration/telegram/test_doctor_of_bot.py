"""What the doctor says of the bot, and what `guildhall bot webhook` does, against the fake Bot API."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.testing.telegram import faults
from adapters.testing.telegram.fake import FakeTelegram
from application.ports.telegram import WebhookInfo
from domain.errors import InvalidToken, Unavailable
from domain.telegram import Envelope, InboxUpdate, UpdateKey
from entrypoints.cli import doctor_bot
from entrypoints.container import Container, memory_container
from entrypoints.settings import Secret, Settings, SettingsError, TelegramSettings

PUBLIC = "https://guild.example.org"


@pytest.fixture
async def made(telegram: FakeTelegram, tmp_path: Path) -> AsyncIterator[Any]:
    containers: list[Container] = []

    def make(token: str = telegram.token, public_url: str | None = None, **fields: Any) -> Container:
        bot = TelegramSettings(bot_token=Secret(token), api_base_url=telegram.url, **fields)
        containers.append(memory_container(Settings(data_dir=tmp_path, telegram=bot, public_url=public_url)))
        return containers[-1]

    yield make
    for container in containers:
        await container.bot_connection().close()


async def test_doctor_names_the_bot_and_says_what_a_wrong_token_is(telegram: FakeTelegram, made: Any) -> None:
    assert await doctor_bot.token(made()) == ("ok", f"@{telegram.bot.username}, id {telegram.bot.id}")
    assert (await doctor_bot.token(made(updates="off")))[0] == "warn"
    with pytest.raises(InvalidToken):
        await doctor_bot.token(made(token="7000000001:wrong"))
    telegram.fail(faults.server_error(), times=None)
    with pytest.raises(Unavailable):
        await doctor_bot.token(made())


async def test_doctor_compares_the_webhook_with_the_settings(made: Any) -> None:
    polling, called = made(), made(public_url=PUBLIC, webhook_secret=Secret("a_secret_of_ours"))
    url = f"{PUBLIC}/api/v1/telegram/webhook"

    assert await doctor_bot.webhook(polling) == ("ok", "updates come by polling, 0 updates wait at Telegram")
    assert await doctor_bot.webhook(called) == (
        "FAIL",
        f"Telegram calls nobody, expected {url}; run `guildhall bot webhook set`",
    )
    await called.bot_api().set_webhook(url, "a_secret_of_ours", 40)
    state, text = await doctor_bot.webhook(called)
    assert (state, text.split(",")[0]) == ("ok", f"Telegram calls {url}")
    assert (await doctor_bot.webhook(polling))[1].endswith("run `guildhall bot webhook delete`")


async def test_doctor_tells_of_calls_that_failed_lately(made: Any) -> None:
    container = made(public_url=PUBLIC, webhook_secret=Secret("a_secret_of_ours"))
    now, url = container.clock().now(), f"{PUBLIC}/api/v1/telegram/webhook"
    api = container.bot_api()
    states = []
    for ago in (timedelta(minutes=5), timedelta(hours=2)):
        info = WebhookInfo(url, 3, last_error_date=now - ago, last_error_message="Connection refused")

        async def told(info: WebhookInfo = info) -> WebhookInfo:
            return info

        api.webhook_info = told
        states.append((await doctor_bot.webhook(container))[0])
    assert states == ["warn", "ok"]


async def test_doctor_counts_dead_letters(made: Any) -> None:
    container = made()
    assert (await doctor_bot.inbox(container))[0] == "ok"
    now = container.clock().now()
    for bot_id in (container.bot_id(), 2):
        key, envelope = UpdateKey(container.ids().new()), Envelope(1, "message", "chat:1")
        update = InboxUpdate.received(key, bot_id, envelope, b"{}", now)
        update.give_up("broken", now)
        await container.update_inbox().commit([update])
    state, text = await doctor_bot.inbox(container)
    assert state == "warn"
    assert text.startswith("1 update could not be handled")


async def test_doctor_says_that_the_webhook_needs_a_secret(made: Any) -> None:
    with pytest.raises(SettingsError, match="GUILDHALL_TELEGRAM_WEBHOOK_SECRET"):
        await doctor_bot.webhook(made(public_url=PUBLIC))
