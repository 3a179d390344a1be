"""One channel on its way from the log to the sockets that hear it."""

from dataclasses import dataclass, field

from adapters.websocket.connection import WebSocketConnection
from adapters.websocket.frames import event_frame
from application.ports.realtime import LoggedEvent
from domain.events import Channel
from domain.identity import Role


@dataclass(slots=True, eq=False)
class Subscription:
    """A socket on a channel. Until it is live, what happens is held back; `cursor` is the last offset it was told."""

    connection: WebSocketConnection
    channel: Channel
    is_live: bool = False
    ended: bool = False
    broken: bool = False
    cursor: int = 0
    held_back: list[tuple[int, Role, str]] = field(default_factory=list)

    def hold_back(self, offset: int, minimum_role: Role, text: str, limit: int) -> None:
        """Keep an event that happened while the missed ones are being read."""
        self.held_back.append((offset, minimum_role, text))
        if len(self.held_back) > limit:
            self.break_off()

    def break_off(self) -> None:
        """What was held back is no longer gapless: the missed events have to be read again."""
        self.broken = True
        self.held_back.clear()

    def go_live(self, cursor: int) -> None:
        """From here on the socket is told as it happens, beyond that offset."""
        self.cursor, self.is_live = cursor, True
        self.held_back.clear()

    def released(self, after: int) -> list[str]:
        """What was held back beyond that offset and this reader may see."""
        role = self.connection.role
        return [text for offset, minimum, text in self.held_back if offset > after and minimum <= role]


class ChannelFeed:
    """What this process told of a channel: every event once, in the order of the log.

    `last` is the offset told last, None until the log was asked; `seen` the highest offset heard of.
    """

    __slots__ = ("channel", "held_back_limit", "last", "reading", "seen", "subscriptions")

    def __init__(self, channel: Channel, held_back_limit: int) -> None:
        self.channel = channel
        self.held_back_limit = held_back_limit
        self.last: int | None = None
        self.seen = 0
        self.reading = False
        self.subscriptions: dict[str, Subscription] = {}

    @property
    def is_behind(self) -> bool:
        """Whether the log is known to hold more than was told."""
        return self.last is not None and self.seen > self.last

    def heard_of(self, offset: int) -> None:
        """The log reaches at least this far."""
        self.seen = max(self.seen, offset)

    def is_next(self, offset: int) -> bool:
        """Whether this offset follows what was told."""
        return self.last is not None and offset == self.last + 1

    def live(self) -> list[Subscription]:
        """The subscriptions that are told as it happens."""
        return [subscription for subscription in self.subscriptions.values() if subscription.is_live]

    def tell(self, event: LoggedEvent, epoch: str) -> int:
        """Give the next event to everybody who may see it: encoded once, queued without waiting. How many got it."""
        text, offset, minimum_role = event_frame(event, epoch), event.offset, event.minimum_role
        self.last = offset
        self.heard_of(offset)
        told = 0
        for subscription in self.subscriptions.values():
            if not subscription.is_live:
                subscription.hold_back(offset, minimum_role, text, self.held_back_limit)
            elif subscription.connection.role >= minimum_role and offset > subscription.cursor:
                subscription.connection.outbox.put(text)
                told += 1
        return told

    def restart(self, position: int) -> list[Subscription]:
        """Go on from another position, with a gap before it; gives back the live ones, which have to be told so."""
        self.last = self.seen = position
        for subscription in self.subscriptions.values():
            subscription.cursor = 0
            if not subscription.is_live:
                subscription.break_off()
        return self.live()
