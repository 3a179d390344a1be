"""Sockets keep only what their member may still hear."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from datetime import datetime

from adapters.websocket.connection import WebSocketConnection
from adapters.websocket.frames import frame
from adapters.websocket.outage import Outage
from application.ports.realtime import Subscriptions
from domain.errors import Unavailable
from domain.events import Channel

NOT_SIGNED_IN = 4001

logger = logging.getLogger(__name__)


class RightsWatch:
    """Looks again at sockets whose rights may have changed, with the role from the database.

    `on_lost` ends a subscription that its member may no longer hear.
    """

    def __init__(self, subscriptions: Subscriptions, on_lost: Callable[[WebSocketConnection, Channel], None]) -> None:
        self._subscriptions = subscriptions
        self._on_lost = on_lost
        self._doubtful: dict[str, WebSocketConnection] = {}
        self._wake = asyncio.Event()
        self._outage = Outage("rights_check")

    def doubt(self, connections: Iterable[WebSocketConnection]) -> None:
        """Look again at these as soon as possible."""
        self._doubtful.update({connection.connection_id: connection for connection in connections})
        self._wake.set()

    def doubt_ended(self, connections: Iterable[WebSocketConnection], now: datetime) -> None:
        """Look again at those of whom a grant or the sign-in has ended by `now`; reads nothing for the others.

        What could not be looked at is not looked at more often for that.
        """
        ended = [each for each in connections if each.has_ended(now) and each.connection_id not in self._doubtful]
        if ended:
            self.doubt(ended)

    async def run(self) -> None:
        """Look at whatever is in doubt, for ever. What could not be looked at stays in doubt."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            await self.settle()

    async def settle(self) -> None:
        """Look at all that is in doubt now."""
        for connection_id in tuple(self._doubtful):
            # Taken out before the look: what changes meanwhile puts it in doubt anew.
            connection = self._doubtful.pop(connection_id, None)
            if connection is not None and not await self._look(connection, thoroughly=True):
                self._doubtful[connection_id] = connection

    async def look_around(self, connections: Iterable[WebSocketConnection]) -> None:
        """The regular look at everybody, for changes that were announced elsewhere; and at what is still in doubt."""
        for connection in connections:
            await self._look(connection, thoroughly=False)
        await self.settle()

    async def _look(self, connection: WebSocketConnection, *, thoroughly: bool) -> bool:
        if connection.outbox.closing is not None:
            return True
        try:
            before = connection.actor
            actor = await self._subscriptions.current(before)
            if actor is None:
                sign_out(connection, "You are no longer signed in.")
                return True
            if connection.actor is before:
                connection.become(actor)
            if thoroughly or actor.role is not before.role:
                await self._check_channels(connection)
            self._outage.is_over()
        except Unavailable as error:
            self._outage.lasts(error)
            return False
        except Exception:
            logger.exception("rights_check_failed", extra={"connection_id": connection.connection_id})
            return False
        return True

    async def _check_channels(self, connection: WebSocketConnection) -> None:
        channels = tuple(connection.subscriptions)
        kept = await self._subscriptions.still_allowed(connection.actor, channels)
        for channel in channels:
            if channel not in kept:
                self._on_lost(connection, channel)


def sign_out(connection: WebSocketConnection, message: str) -> None:
    """Tell a socket why, and close it with 4001."""
    connection.outbox.put(frame("error", error_code="not_signed_in", error_message=message))
    connection.outbox.close(NOT_SIGNED_IN, "not signed in")
