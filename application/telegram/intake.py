"""Taking updates in: kept for good before anybody is told so."""

import logging
from collections.abc import Sequence

from application.ports.inbox import UpdateDecoder, UpdateInbox
from application.ports.observability import TelegramMetrics
from application.ports.system import Clock, Ids
from domain.telegram import InboxUpdate, UpdateKey

_log = logging.getLogger(__name__)


class UpdateIntake:
    """Keeps what Telegram delivers, of whatever kind. Nothing is refused that comes from Telegram."""

    def __init__(
        self, inbox: UpdateInbox, decoder: UpdateDecoder, clock: Clock, ids: Ids, metrics: TelegramMetrics
    ) -> None:
        self._inbox = inbox
        self._decoder = decoder
        self._clock = clock
        self._ids = ids
        self._metrics = metrics

    async def receive(self, bot_id: int, updates: Sequence[bytes]) -> None:
        """Return once all of them are committed; a redelivered one changes nothing. What is no update is kept too,
        as an error that nobody handles.

        Raises `Unavailable` when nothing was kept: Telegram delivers again.
        """
        now = self._clock.now()
        received = [
            InboxUpdate.received(UpdateKey(self._ids.new()), bot_id, self._decoder.envelope(raw), raw, now)
            for raw in updates
        ]
        fresh = await self._inbox.commit(received)
        malformed = sum(update.update_id is None for update in received)
        for status, count in (
            ("malformed", malformed),
            ("received", fresh - malformed),
            ("duplicate", len(received) - fresh),
        ):
            if count:
                self._metrics.updates_received(status, count)
        if len(received) > fresh:
            _log.debug("updates_seen_before", extra={"bot_id": bot_id, "count": len(received) - fresh})
