"""Saying things on Telegram."""

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from adapters.telegram._floods import FloodJudge
from adapters.telegram._plainer import plainer
from adapters.telegram.connection import BotConnection
from application.ports.sending import Ambiguous, Delivery, HeldBack, Notifier, Refused, RetryAt, Sent
from application.ports.system import Clock
from domain.telegram import Outgoing, SendDraft

if TYPE_CHECKING:
    from telegram.error import TelegramError

    from adapters.telegram._client import Client

DEADLINE_SECONDS = 20.0
UNREACHABLE_PAUSE, LONGEST_PAUSE = timedelta(seconds=2), timedelta(seconds=30)
UNKNOWN_TOKEN_PAUSE = timedelta(minutes=1)
_SIMPLER = 4
_NEVER = datetime.min.replace(tzinfo=UTC)

_log = logging.getLogger(__name__)


class TelegramNotifier(Notifier):
    """Sends through the Bot API, once each.

    A text is never lost to its formatting: where Telegram refuses entities, buttons or a topic, the same words are
    sent without them. What could not leave at all is due again shortly, and is not ambiguous.
    """

    def __init__(self, connection: BotConnection, clock: Clock, deadline_seconds: float = DEADLINE_SECONDS) -> None:
        self._connection = connection
        self._clock = clock
        self._deadline_seconds = deadline_seconds
        self._floods = FloodJudge()
        self._away = Away()

    async def send(self, content: Outgoing | SendDraft) -> Delivery:
        client = await self._connection.client()
        try:
            async with asyncio.timeout(self._deadline_seconds):
                return await self._send(client, content)
        except TimeoutError:
            return Ambiguous(f"Telegram did not answer within {self._deadline_seconds:g} s.")

    async def _send(self, client: "Client", content: Outgoing | SendDraft) -> Delivery:
        delivery = await self._try(client, content)
        for _ in range(_SIMPLER):
            if not isinstance(delivery, Refused) or (simpler := plainer(content, delivery.reason)) is None:
                break
            _log.warning("telegram_refused_formatting", extra={"reason": delivery.reason})
            content = simpler
            delivery = await self._try(client, content)
        return delivery

    async def _try(self, client: "Client", content: Outgoing | SendDraft) -> Delivery:
        from telegram.error import TelegramError

        from adapters.telegram._methods import perform
        from adapters.telegram._outcomes import final

        try:
            message_id = await perform(client, content)
        except TelegramError as error:
            error.message = self._connection.redacted(error.message)
            if (delivery := final(error, content)) is not None:
                return delivery
            return self._later(error, content.chat_id)
        self._away.ended()
        return Sent(message_id)

    def _later(self, error: "TelegramError", chat_id: int) -> RetryAt:
        from telegram.error import InvalidToken

        from adapters.telegram._client import Flooded
        from adapters.telegram._outcomes import is_crowded

        now = self._clock.now()
        if isinstance(error, Flooded):
            return RetryAt(now + timedelta(seconds=error.seconds), self._floods.held(chat_id, now))
        if is_crowded(error):
            return RetryAt(now + UNREACHABLE_PAUSE, HeldBack.CHAT)
        pause = UNKNOWN_TOKEN_PAUSE if isinstance(error, InvalidToken) else UNREACHABLE_PAUSE
        if self._away.is_news(now, pause):
            seconds = (self._away.until - now).total_seconds()
            _log.warning("telegram_unreachable", extra={"reason": error.message, "seconds": seconds})
        return RetryAt(self._away.until, HeldBack.BOT)


class Away:
    """How long to wait while Telegram is away: each time twice as long, up to half a minute, until it answers."""

    def __init__(self) -> None:
        self.until, self._pause = _NEVER, timedelta(0)

    def is_news(self, now: datetime, pause: timedelta) -> bool:
        """Wait, at first for this pause; False for one more that failed while there is a wait already."""
        if now < self.until:
            return False
        self._pause = max(pause, min(2 * self._pause, LONGEST_PAUSE))
        self.until = now + self._pause
        return True

    def ended(self) -> None:
        """Telegram answered."""
        self.until, self._pause = _NEVER, timedelta(0)
