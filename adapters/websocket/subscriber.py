"""How a socket gets onto a channel, and off it: nothing missed, nothing twice."""

import asyncio

from adapters.websocket.connection import WebSocketConnection
from adapters.websocket.feed import Subscription
from adapters.websocket.frames import event_frame, frame
from adapters.websocket.manager import ConnectionManager
from adapters.websocket.presence import Presence
from adapters.websocket.rooms import Room, Rooms
from application.ports.realtime import Recovery, Subscriptions
from domain.errors import Conflict
from domain.events import Channel

SESSION_GONE = 4004
ENCODED_AT_ONCE = 500


class Subscriber:
    """Subscribes and unsubscribes sockets.

    The order matters: register (what happens is held back), read the log, check the right again, and then in one
    step tell who is there and what was missed, release what was held back beyond it, and go live with the snapshots.
    """

    def __init__(
        self,
        rooms: Rooms,
        manager: ConnectionManager,
        presence: Presence,
        subscriptions: Subscriptions,
        max_subscriptions: int,
    ) -> None:
        self._rooms = rooms
        self._manager = manager
        self._presence = presence
        self._subscriptions = subscriptions
        self._max_subscriptions = max_subscriptions

    async def subscribe(
        self, connection: WebSocketConnection, name: str, epoch: str | None, offset: int | None
    ) -> Channel:
        """Subscribe a socket. A channel that is subscribed already starts again.

        Raises what `Subscriptions.authorise` and `recover` raise, and `Conflict` over the most subscriptions.
        """
        await connection.outbox.room()
        channel = await self._subscriptions.authorise(connection.actor, name)
        self._take_off(connection, channel)
        if len(connection.subscriptions) >= self._max_subscriptions:
            raise Conflict(
                f"A socket holds at most {self._max_subscriptions} subscriptions; end one or open another socket."
            )
        subscription = Subscription(connection, channel)
        room = self._rooms.enter(subscription)
        self._manager.subscribe(connection, channel)
        try:
            await self._rooms.open(room)
            recovery, missed = await self._read(subscription, epoch, offset)
            await self._subscriptions.authorise(connection.actor, channel)
        except BaseException:
            self._drop(subscription)
            raise
        if not subscription.ended:
            self._go_live(room, subscription, recovery, missed)
        return channel

    def unsubscribe(self, connection: WebSocketConnection, channel: Channel, reason: str) -> None:
        """End a subscription and say so; the socket closes when it was there for this channel."""
        self._end(connection, channel)
        connection.outbox.put(frame("unsubscribed", channel=channel, reason=reason))
        if connection.home == channel:
            connection.outbox.close(SESSION_GONE, reason)

    def leave(self, connection: WebSocketConnection) -> None:
        """End all subscriptions of a socket that is gone."""
        for channel in tuple(connection.subscriptions):
            self._end(connection, channel)

    async def _read(
        self, subscription: Subscription, epoch: str | None, offset: int | None
    ) -> tuple[Recovery, list[str]]:
        connection, channel = subscription.connection, subscription.channel
        while True:
            subscription.broken = False
            recovery = await self._subscriptions.recover(channel, epoch, offset, connection.role)
            missed = await _encoded(recovery)
            if recovery.epoch != self._rooms.epoch:
                await self._rooms.compare_with_log()
            elif not subscription.broken:
                return recovery, missed

    def _go_live(self, room: Room, subscription: Subscription, recovery: Recovery, missed: list[str]) -> None:
        outbox, channel = subscription.connection.outbox, subscription.channel
        place = {"channel": channel, "epoch": recovery.epoch, "offset": recovery.offset}
        outbox.put(frame("subscribed", **place, recovered=recovery.recovered))
        self._presence.enter(subscription.connection, channel)
        if recovery.resync_required:
            outbox.put(frame("resync_required", **place, reason="not_recoverable"))
        outbox.put_recovered([*missed, *subscription.released(recovery.offset)])
        subscription.go_live(recovery.offset)
        room.replies.join(subscription)

    def _end(self, connection: WebSocketConnection, channel: Channel) -> None:
        self._take_off(connection, channel)
        self._presence.leave(connection, channel)

    def _take_off(self, connection: WebSocketConnection, channel: Channel) -> None:
        self._rooms.leave(channel, connection.connection_id)
        self._manager.unsubscribe(connection, channel)

    def _drop(self, subscription: Subscription) -> None:
        if not subscription.ended:
            self._end(subscription.connection, subscription.channel)


async def _encoded(recovery: Recovery) -> list[str]:
    texts: list[str] = []
    for event in recovery.events:
        texts.append(event_frame(event, recovery.epoch))
        if len(texts) % ENCODED_AT_ONCE == 0:
            await asyncio.sleep(0)
    return texts
