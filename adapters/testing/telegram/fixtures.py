"""pytest fixtures around the fake: `pytest_plugins = ["adapters.testing.telegram.fixtures"]` in a `conftest.py`.

Needs pytest and pytest-asyncio, which Guildhall itself does not install.
"""

from collections.abc import AsyncIterator

import pytest_asyncio

from adapters.testing.telegram.fake import FakeTelegram


@pytest_asyncio.fixture
async def fake_telegram() -> AsyncIterator[FakeTelegram]:
    """A running server with a bot and nobody else; gone after the test."""
    async with FakeTelegram() as telegram:
        yield telegram
