"""A signed-in client, as the entrypoint that owns its socket sees it."""

from datetime import datetime
from typing import TYPE_CHECKING

from adapters.websocket.connection import WebSocketConnection
from adapters.websocket.frames import frame
from domain.events import Channel
from domain.identity import Actor

if TYPE_CHECKING:
    from adapters.websocket.hub import Hub


class SocketClient:
    """One socket's part of the hub."""

    __slots__ = ("_connection", "_hub")

    def __init__(self, hub: "Hub", connection: WebSocketConnection) -> None:
        self._hub = hub
        self._connection = connection

    @property
    def connection_id(self) -> str:
        """Names the socket in `welcome`, logs and statistics."""
        return self._connection.connection_id

    @property
    def actor(self) -> Actor:
        """The member, with the role known last."""
        return self._connection.actor

    def welcome(self, token_expires_at: datetime | None, max_frame_bytes: int) -> None:
        """Queue the frame that says the socket is ready; sent again when the client authenticates again."""
        settings = self._hub.settings
        self.send(
            "welcome",
            connection_id=self.connection_id,
            user_id=str(self._connection.user_id),
            epoch=self._hub.epoch,
            heartbeat_seconds=settings.heartbeat_seconds,
            stale_after_seconds=settings.stale_after.total_seconds(),
            max_frame_bytes=max_frame_bytes,
            token_expires_at=token_expires_at,
        )

    def send(self, kind: str, /, **fields: object) -> None:
        """Queue one frame; fields that are None are left out."""
        self._connection.outbox.put(frame(kind, **fields))

    def heard(self) -> None:
        """The client itself said something."""
        self._connection.update_last_ping()

    def become(self, actor: Actor) -> None:
        """The client proved again who they are."""
        self._connection.become(actor)

    async def refresh(self) -> Actor | None:
        """The member as the database knows them now; None when no longer signed in."""
        return await self._hub.refresh(self._connection)

    async def subscribe(
        self, channel: str, epoch: str | None = None, offset: int | None = None, *, home: bool = False
    ) -> Channel:
        """Subscribe; with `home` the socket closes with 4004 when this channel ends. Raises typed errors."""
        subscribed = await self._hub.subscriber.subscribe(self._connection, channel, epoch, offset)
        if home:
            self._connection.home = subscribed
        return subscribed

    def unsubscribe(self, channel: str) -> None:
        """End a subscription; an unknown one is answered the same way."""
        self._hub.subscriber.unsubscribe(self._connection, Channel(channel), "requested")

    def close(self, code: int, reason: str) -> None:
        """Close after what is queued."""
        self._connection.outbox.close(code, reason)

    def abandon(self) -> None:
        """Send nothing more: the client is gone."""
        self._connection.outbox.abandon()

    async def run(self) -> None:
        """Send until the socket closes; returns when nothing can be sent any more."""
        await self._connection.outbox.run()

    def leave(self) -> None:
        """The socket is gone."""
        self._hub.disconnect(self._connection)
