"""The fake Bot API, and python-telegram-bot's client in front of it."""

from collections.abc import AsyncIterator

import httpx
import pytest
import telegram

from adapters.testing.telegram import FakeTelegram
from adapters.testing.telegram.fixtures import fake_telegram
from tests.integration.telegram_fake.client import client_of

# A plugin is named in the first conftest of a tree only; here the fixture is taken by its name.
__all__ = ["fake_telegram"]


@pytest.fixture(autouse=True)
def _durations(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the client will do by itself one day, and warns of until then."""
    monkeypatch.setenv("PTB_TIMEDELTA", "true")


@pytest.fixture
async def bot(fake_telegram: FakeTelegram) -> AsyncIterator[telegram.Bot]:
    """A client with the bot's token."""
    async with client_of(fake_telegram) as client:
        yield client


@pytest.fixture
async def raw(fake_telegram: FakeTelegram) -> AsyncIterator[httpx.AsyncClient]:
    """HTTP without a client's care."""
    base = f"{fake_telegram.base_url}{fake_telegram.token}/"
    async with httpx.AsyncClient(base_url=base, trust_env=False, timeout=5) as client:
        yield client
