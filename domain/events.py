"""What happened, as members hear of it: each event is a row in the log of every channel it names."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar, NewType
from uuid import UUID

Channel = NewType("Channel", str)

GUIDES = Channel("guides")
SYSTEM = Channel("system")
RIGHTS = Channel("rights")
"""Where processes tell each other whose rights changed. No socket can subscribe to it."""


@lru_cache(maxsize=1024)
def session_channel(session_id: UUID) -> Channel:
    """The channel of one chat session: its participants."""
    return Channel(f"session:{session_id}")


def user_channel(member_id: UUID) -> Channel:
    """A member's own channel: their sessions and notifications."""
    return Channel(f"user:{member_id}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Event(ABC):
    """Base of durable events. The fields of a subclass are what goes on the wire.

    An event names the object and its version, so that applying it twice is harmless.
    """

    type: ClassVar[str]

    @abstractmethod
    def channels(self) -> tuple[Channel, ...]:
        """The channels whose log gets this event."""

    def minimum_role(self) -> int:
        """Readers of the channel below this role do not get the event."""
        return 0


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberRightsChanged(Event):
    """What a member may do has changed: every process looks again at what their sockets hold."""

    type: ClassVar[str] = "member_rights_changed"
    member_id: UUID

    def channels(self) -> tuple[Channel, ...]:
        """Only what processes read."""
        return (RIGHTS,)


class Recorder:
    """Mixin of aggregates: events are recorded where the change is made and collected by the unit of work."""

    __slots__ = ()
    _events: list[Event]

    def record(self, event: Event) -> None:
        """Remember an event until the aggregate is saved."""
        self._events.append(event)

    def collect_events(self) -> list[Event]:
        """Hand over what was recorded, once."""
        events = list(self._events)
        self._events.clear()
        return events
