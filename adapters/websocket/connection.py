"""One socket of a member."""

from datetime import datetime, timedelta

from adapters.websocket.outbox import Outbox
from application.ports.system import Clock
from domain.events import Channel
from domain.identity import Actor, MemberId

STALE_AFTER = timedelta(seconds=300)


class WebSocketConnection:
    """A signed-in member's socket. `home` is the channel whose end is the socket's end too.

    `last_ping` is the last time that the client itself was heard; what the server sends never refreshes it.
    """

    __slots__ = (
        "_clock",
        "actor",
        "connected_at",
        "connection_id",
        "home",
        "last_ping",
        "outbox",
        "role",
        "subscriptions",
        "user_id",
    )

    def __init__(self, connection_id: str, user_id: MemberId, actor: Actor, outbox: Outbox, clock: Clock) -> None:
        self._clock = clock
        self.connection_id = connection_id
        self.user_id = user_id
        self.connected_at = self.last_ping = clock.now()
        self.outbox = outbox
        self.subscriptions: set[Channel] = set()
        self.home: Channel | None = None
        self.become(actor)

    def become(self, actor: Actor) -> None:
        """Take the member's present role."""
        self.actor = actor
        self.role = actor.role

    def has_ended(self, now: datetime) -> bool:
        """Whether a grant or the sign-in of the member as they are known has ended by `now`."""
        return self.actor.changes_at is not None and self.actor.changes_at <= now

    def add_subscription(self, channel: Channel) -> None:
        """Note a channel; twice is once."""
        self.subscriptions.add(channel)

    def remove_subscription(self, channel: Channel) -> None:
        """Forget a channel; an unknown one is fine."""
        self.subscriptions.discard(channel)

    def has_subscription(self, channel: Channel) -> bool:
        """Whether the channel is subscribed."""
        return channel in self.subscriptions

    def update_last_ping(self) -> None:
        """The client itself was heard now."""
        self.last_ping = self._clock.now()

    def is_stale(self, timeout: timedelta = STALE_AFTER) -> bool:
        """Whether the client was silent for longer than `timeout`."""
        return self._clock.now() - self.last_ping > timeout
