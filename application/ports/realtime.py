"""What real time needs from outside: the log that loses nothing, and the bus that is only fast."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.chat import ChatMessageId, ChatSessionId
from domain.events import Channel, Event, MemberRightsChanged
from domain.identity import Actor, MemberId, Role


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """A durable event as it stands in a channel's log. `payload` is the event's fields as a JSON object."""

    channel: Channel
    offset: int
    type: str
    payload: bytes
    minimum_role: Role
    created_at: datetime


@dataclass(frozen=True, slots=True)
class LogSlice:
    """What a channel's log holds after an offset. `complete` is False when it no longer reaches back that far."""

    events: Sequence[LoggedEvent]
    complete: bool


class EventLog(Protocol):
    """The log of every channel. Offsets of a channel count 1, 2, 3… in the order of the commits."""

    async def epoch(self) -> str:
        """Names this history; another one means that a backup was restored."""
        ...

    async def positions(self, channels: Sequence[Channel]) -> Mapping[Channel, int]:
        """The last offset of each channel, 0 for one without events."""
        ...

    async def read(self, channel: Channel, after: int, limit: int) -> LogSlice:
        """Up to `limit` events after that offset, ascending. An offset beyond the end is not complete."""
        ...

    async def prune(self, before: datetime, limit: int) -> int:
        """Forget up to `limit` events made before that time; how many were forgotten."""
        ...


@dataclass(frozen=True, slots=True)
class ReplyDelta:
    """The next piece of a running reply. `position` is where it starts, in code points."""

    session_id: ChatSessionId
    message_id: ChatMessageId
    generation: int
    position: int
    text: str


@dataclass(frozen=True, slots=True)
class Transient:
    """A passing event that is not in the log, such as typing."""

    channel: Channel
    type: str
    payload: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class RightsChanged:
    """What a member or the readers of a channel may do has changed: look again at what their sockets hold.

    A unit of work logs a member's on `RIGHTS` too, for the processes that the bus does not reach.
    """

    member_id: MemberId | None = None
    channel: Channel | None = None


@dataclass(frozen=True, slots=True)
class ReplyWaiting:
    """Somewhere a reply was asked for: whoever produces replies may look at the queue."""


@dataclass(frozen=True, slots=True)
class ReplyStopped:
    """A reply was cancelled or its session deleted: whoever produces this generation of it stops."""

    message_id: ChatMessageId
    generation: int


@dataclass(frozen=True, slots=True)
class MailOwed:
    """Somewhere a mail was queued: whoever sends mail may look at the queue."""


@dataclass(frozen=True, slots=True)
class UpdatesArrived:
    """Somewhere updates of this bot were taken in: whoever handles them may look at the inbox."""

    bot_id: int


@dataclass(frozen=True, slots=True)
class OutgoingOwed:
    """Somewhere this bot was given something to say: whoever sends may look at the rows."""

    bot_id: int


@dataclass(frozen=True, slots=True)
class AnswerOwed:
    """Somewhere a chat began to wait for an answer of this bot's assistant."""

    bot_id: int


Announcement = (
    LoggedEvent
    | ReplyDelta
    | Transient
    | RightsChanged
    | ReplyWaiting
    | ReplyStopped
    | MailOwed
    | UpdatesArrived
    | OutgoingOwed
    | AnswerOwed
)
Listener = Callable[[Announcement], None]


def lasting(announcement: Announcement) -> tuple[Event, ...]:
    """What of an announcement is logged besides, by the transaction that announces it."""
    if isinstance(announcement, RightsChanged) and announcement.member_id is not None:
        return (MemberRightsChanged(member_id=announcement.member_id),)
    return ()


class Bus(Protocol):
    """Fast, lossy announcements to every process. Losing one costs latency, never an event."""

    def publish(self, announcement: Announcement) -> None:
        """Tell all listeners; never waits and never raises."""
        ...

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Hear every announcement from now on, in the order of publishing; returns the way to stop."""
        ...


@dataclass(frozen=True, slots=True)
class ReplySnapshot:
    """A running reply at one moment: the deltas from `len(text)` on follow on the bus."""

    session_id: ChatSessionId
    message_id: ChatMessageId
    generation: int
    text: str


class RunningReplies(Protocol):
    """The replies that are streaming in this process, with all that arrived."""

    def of_session(self, session_id: ChatSessionId) -> Sequence[ReplySnapshot]:
        """Snapshots taken now; no delta is published between this call and the next `await` of the caller."""
        ...


@dataclass(frozen=True, slots=True)
class Recovery:
    """Where a subscription goes live: after `offset` of this epoch, once the missed `events` were told in order.

    `recovered` says that nothing lies between the offset that was asked for and the first live event.
    `resync_required` says that something may: the log no longer reaches back, or it is another history.
    Neither is set where no offset was asked for.
    """

    epoch: str
    offset: int
    events: Sequence[LoggedEvent] = ()
    recovered: bool = False
    resync_required: bool = False


class Subscriptions(Protocol):
    """What sockets ask of the application: who may hear a channel, and what they missed."""

    async def authorise(self, actor: Actor, channel: str) -> Channel:
        """The channel of that name. Raises `Invalid` for no such kind of channel, `NotFound`, `NotAllowed`,
        `NotSignedIn`.
        """
        ...

    async def current(self, actor: Actor) -> Actor | None:
        """The same member as the database knows them now; None when banned, signed out or gone."""
        ...

    async def still_allowed(self, actor: Actor, channels: Sequence[Channel]) -> frozenset[Channel]:
        """Those of the channels that the actor may hear now."""
        ...

    async def recover(self, channel: Channel, epoch: str | None, offset: int | None, role: Role) -> Recovery:
        """What a reader of this role missed after (epoch, offset); without them, the current position."""
        ...

    def snapshots(self, channel: Channel) -> Sequence[ReplySnapshot]:
        """The replies that are running on the channel now; see `RunningReplies`."""
        ...
