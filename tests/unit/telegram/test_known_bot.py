"""Who the bot is, for pages: asked once, and nobody waits for a Telegram that is away."""

import asyncio
from datetime import timedelta

import pytest

from adapters.memory.system import ManualClock
from application.ports.telegram import BotApi, BotIdentity
from application.telegram.known_bot import PAUSE, KnownBot
from domain.errors import InvalidToken, Unavailable

GUILD = BotIdentity(99, "guild_bot")


class Telegram(BotApi):
    """Says who the bot is, once its troubles are over."""

    def __init__(self, *troubles: Exception) -> None:
        self.troubles = list(troubles)
        self.asked = 0

    async def me(self) -> BotIdentity:
        self.asked += 1
        await asyncio.sleep(0)
        if self.troubles:
            raise self.troubles.pop(0)
        return GUILD


async def test_known_bot_many_pages_at_once_ask_telegram_once() -> None:
    telegram = Telegram()
    known = KnownBot(telegram, ManualClock())

    assert await asyncio.gather(*(known.identity() for _ in range(20))) == [GUILD] * 20
    assert await known.identity() == GUILD
    assert telegram.asked == 1


@pytest.mark.parametrize("trouble", [Unavailable("away"), InvalidToken("unknown"), TimeoutError()])
async def test_known_bot_while_telegram_fails_is_none_and_asked_again_after_a_pause(trouble: Exception) -> None:
    telegram, clock = Telegram(trouble), ManualClock()
    known = KnownBot(telegram, clock)
    assert await known.identity() is None
    clock.advance(PAUSE - timedelta(seconds=1))
    assert await known.identity() is None
    assert telegram.asked == 1

    clock.advance(timedelta(seconds=1))
    assert await known.identity() == GUILD
