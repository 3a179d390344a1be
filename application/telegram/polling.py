"""Asking Telegram for updates, where it does not call us."""

import logging
from collections.abc import Sequence
from datetime import timedelta

from application.ports.inbox import UpdateDecoder
from application.ports.system import Clock
from application.ports.telegram import BotApi
from application.telegram.intake import UpdateIntake
from domain.errors import Conflict, Unavailable

POLL_SECONDS, POLL_LIMIT = 30, 100
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=1), timedelta(seconds=30)

_log = logging.getLogger(__name__)


class Poller:
    """Fills the inbox by long polls. What was taken in is confirmed to Telegram after its commit, never before.

    A process that dies in between gets it again, and the inbox knows it already.
    """

    def __init__(self, api: BotApi, intake: UpdateIntake, decoder: UpdateDecoder, clock: Clock, bot_id: int) -> None:
        self._api = api
        self._intake = intake
        self._decoder = decoder
        self._clock = clock
        self._bot_id = bot_id
        self._offset: int | None = None
        self._nameless: Sequence[bytes] = ()

    async def run(self) -> None:
        """Poll until cancelled. Raises `InvalidToken` when Telegram does not know the bot's token."""
        pause = FIRST_PAUSE
        while True:
            try:
                await self.poll()
            except (Unavailable, Conflict) as error:
                hint = _HINT if isinstance(error, Conflict) else None
                _log.warning("polling_waits", extra={"reason": error.message, "hint": hint})
                await self._clock.sleep(pause.total_seconds())
                pause = min(2 * pause, LONGEST_PAUSE)
            else:
                pause = FIRST_PAUSE

    async def poll(self) -> int:
        """Once: ask, keep, and confirm with the next question; how many came.

        Raises `Unavailable` too when nothing that came has an id: nothing can be confirmed then, and the same comes
        again, which is kept once.
        """
        updates = await self._api.updates(self._offset, POLL_SECONDS, POLL_LIMIT)
        if not updates:
            # Everything is confirmed. After a week of silence ids begin anywhere, below the last one, too.
            self._offset = None
            return 0
        if updates != self._nameless:
            await self._intake.receive(self._bot_id, updates)
        ids = [update_id for raw in updates if (update_id := self._decoder.envelope(raw).update_id) is not None]
        if not ids:
            self._nameless = updates
            raise Unavailable("Telegram sent only what has no update_id.")
        self._offset = max(ids) + 1
        return len(updates)


_HINT = "a webhook is set (guildhall bot webhook delete), or another process polls with the same token"
