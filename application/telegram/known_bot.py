"""Who the bot is, for those who lead people to it."""

import asyncio
import logging
from datetime import datetime, timedelta

from application.ports.system import Clock
from application.ports.telegram import BotApi, BotIdentity
from domain.errors import InvalidToken, Unavailable

PATIENCE = timedelta(seconds=2)
PAUSE = timedelta(seconds=30)

_log = logging.getLogger(__name__)


class KnownBot:
    """Asks Telegram once, and remembers. While Telegram is away nobody waits for it longer than `PATIENCE`, and it is
    asked again after `PAUSE`.
    """

    def __init__(self, api: BotApi, clock: Clock) -> None:
        self._api = api
        self._clock = clock
        self._found: BotIdentity | None = None
        self._ask_from: datetime | None = None
        self._asking = asyncio.Lock()

    async def identity(self) -> BotIdentity | None:
        """None while Telegram does not tell."""
        async with self._asking:
            now = self._clock.now()
            if self._found is None and (self._ask_from is None or now >= self._ask_from):
                self._found = await self._asked()
                self._ask_from = self._clock.now() + PAUSE
            return self._found

    async def _asked(self) -> BotIdentity | None:
        try:
            async with asyncio.timeout(PATIENCE.total_seconds()):
                return await self._api.me()
        except (Unavailable, InvalidToken, TimeoutError) as error:
            _log.warning("bot_unknown", extra={"reason": str(error) or "no answer in time"})
            return None
