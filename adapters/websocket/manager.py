"""All sockets of this process."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from adapters.websocket.connection import STALE_AFTER, WebSocketConnection
from adapters.websocket.frames import frame
from adapters.websocket.outbox import TOO_SLOW
from application.ports.system import Clock
from domain.events import Channel
from domain.identity import MemberId, Role

Key = TypeVar("Key")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionStats:
    """Figures of this process. `oldest` and `newest` are when those sockets connected; None without sockets."""

    total_connections: int
    unique_users: int
    connections_by_user: Mapping[MemberId, int]
    connections_by_channel: Mapping[Channel, int]
    oldest: datetime | None
    newest: datetime | None
    uptime: timedelta


class ConnectionManager:
    """Knows every socket by id, by member and by channel. Sending never waits for anybody."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._started_at = clock.now()
        self._connections: dict[str, WebSocketConnection] = {}
        self._by_user: dict[MemberId, dict[str, WebSocketConnection]] = {}
        self._by_channel: dict[Channel, dict[str, WebSocketConnection]] = {}

    def connect(self, connection: WebSocketConnection) -> None:
        """Add a socket; a member may have several."""
        self._connections[connection.connection_id] = connection
        self._by_user.setdefault(connection.user_id, {})[connection.connection_id] = connection

    def disconnect(self, connection_id: str) -> WebSocketConnection | None:
        """Forget a socket and its subscriptions; an unknown one is a no-op."""
        connection = self._connections.pop(connection_id, None)
        if connection is None:
            return None
        _discard(self._by_user, connection.user_id, connection_id)
        for channel in tuple(connection.subscriptions):
            self.unsubscribe(connection, channel)
        return connection

    def subscribe(self, connection: WebSocketConnection, channel: Channel) -> None:
        """Note that the socket hears the channel."""
        connection.add_subscription(channel)
        self._by_channel.setdefault(channel, {})[connection.connection_id] = connection

    def unsubscribe(self, connection: WebSocketConnection, channel: Channel) -> None:
        """Note that the socket no longer hears the channel."""
        connection.remove_subscription(channel)
        _discard(self._by_channel, channel, connection.connection_id)

    def get(self, connection_id: str) -> WebSocketConnection | None:
        """One socket."""
        return self._connections.get(connection_id)

    def all(self) -> tuple[WebSocketConnection, ...]:
        """Every socket."""
        return tuple(self._connections.values())

    def of_user(self, user_id: MemberId) -> tuple[WebSocketConnection, ...]:
        """A member's sockets."""
        return tuple(self._by_user.get(user_id, {}).values())

    def of_channel(self, channel: Channel) -> tuple[WebSocketConnection, ...]:
        """The sockets that hear a channel."""
        return tuple(self._by_channel.get(channel, {}).values())

    def broadcast_to_all(self, kind: str, fields: Mapping[str, object]) -> int:
        """Send one frame to every socket, outside of any log; how many it was queued for."""
        return _tell(self.all(), frame(kind, **fields))

    def broadcast_to_user(self, user_id: MemberId, kind: str, fields: Mapping[str, object]) -> int:
        """Send one frame to a member's sockets, outside of any log."""
        return _tell(self.of_user(user_id), frame(kind, **fields))

    def broadcast_to_channel(
        self, channel: Channel, kind: str, fields: Mapping[str, object], minimum_role: Role = Role.PUBLIC
    ) -> int:
        """Send one frame to a channel's sockets whose member has the role, outside of the log."""
        reached = [connection for connection in self.of_channel(channel) if connection.role >= minimum_role]
        return _tell(reached, frame(kind, channel=channel, **fields))

    def sweep(self, timeout: timedelta = STALE_AFTER) -> int:
        """Close the sockets that were silent for longer than `timeout` or that stopped reading; how many."""
        closed = 0
        for connection in self.all():
            if connection.outbox.is_stalled():
                connection.outbox.overflow()
            elif connection.is_stale(timeout):
                connection.outbox.close(TOO_SLOW, f"nothing heard for {timeout.total_seconds():.0f} s")
            else:
                continue
            closed += 1
        return closed

    def stats(self) -> ConnectionStats:
        """Figures at this moment."""
        connected = sorted(connection.connected_at for connection in self._connections.values())
        return ConnectionStats(
            total_connections=len(connected),
            unique_users=len(self._by_user),
            connections_by_user=Counter({user: len(sockets) for user, sockets in self._by_user.items()}),
            connections_by_channel=Counter({channel: len(sockets) for channel, sockets in self._by_channel.items()}),
            oldest=connected[0] if connected else None,
            newest=connected[-1] if connected else None,
            uptime=self._clock.now() - self._started_at,
        )


def _tell(connections: Iterable[WebSocketConnection], text: str) -> int:
    reached = 0
    for connection in connections:
        connection.outbox.put(text)
        reached += 1
    return reached


def _discard(index: dict[Key, dict[str, WebSocketConnection]], key: Key, connection_id: str) -> None:
    members = index.get(key, {})
    members.pop(connection_id, None)
    if not members:
        index.pop(key, None)
