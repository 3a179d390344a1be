"""getUpdates: one poller at a time, none beside a webhook."""

import asyncio

from adapters.testing.telegram.arguments import Arguments
from adapters.testing.telegram.errors import Json, conflict
from adapters.testing.telegram.updates import UpdateQueue
from application.ports.system import Clock

LONGEST_POLL = 50
_BY_WEBHOOK = "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
_BY_POLLER = "terminated by other getUpdates request; make sure that only one bot instance is running"


class Polling:
    """Answers getUpdates from the queue. An offset confirms what came before it, a negative one keeps the last."""

    def __init__(self, clock: Clock, updates: UpdateQueue) -> None:
        self._clock = clock
        self._updates = updates
        self._waiting: asyncio.Future[str] | None = None
        self._has_settled = False

    @property
    def is_waiting(self) -> bool:
        """Whether a long poll is open, and its time runs."""
        return self._waiting is not None and self._has_settled

    def end(self, reason: str) -> None:
        """Refuse the open long poll, when there is one, with 409."""
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(reason)

    async def get_updates(self, arguments: Arguments, *, webhook_is_set: bool) -> list[Json]:
        """Updates from the offset on: up to 100, at once when there are some, else after `timeout` seconds at most."""
        if webhook_is_set:
            raise conflict(_BY_WEBHOOK)
        limit = arguments.integer("limit", 100, 1, 100)
        timeout = arguments.integer("timeout", 0, 0, LONGEST_POLL)
        self._updates.allow(arguments.lenient_json("allowed_updates"))
        self._confirm(arguments.integer("offset"))
        self.end(_BY_POLLER)
        found = self._updates.pending()[:limit]
        if not found and timeout:
            await self._wait(timeout)
            found = self._updates.pending()[:limit]
        return [one.body for one in found]

    def _confirm(self, offset: int) -> None:
        if offset > 0:
            self._updates.confirm_before(offset)
        elif offset < 0:
            self._updates.keep_last(-offset)

    async def _wait(self, seconds: float) -> None:
        ended = self._waiting = asyncio.get_running_loop().create_future()
        self._has_settled = False
        self._updates.changed.clear()
        arrived = asyncio.ensure_future(self._updates.changed.wait())
        expired = asyncio.ensure_future(self._clock.sleep(seconds))
        try:
            await asyncio.sleep(0)
            self._has_settled = True
            await asyncio.wait({ended, arrived, expired}, return_when=asyncio.FIRST_COMPLETED)
            if ended.done():
                raise conflict(ended.result())
        finally:
            arrived.cancel()
            expired.cancel()
            await asyncio.gather(arrived, expired, return_exceptions=True)
            if self._waiting is ended:
                self._waiting = None
