"""What a client hears."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Place:
    """A position in a channel's log: offsets of different epochs have nothing to do with each other."""

    epoch: str
    offset: int


@dataclass(frozen=True, slots=True)
class Event:
    """One frame of a channel. `place` is None for what is in no log: pieces of running replies, typing."""

    type: str
    channel: str
    place: Place | None
    body: Mapping[str, Any]

    @property
    def is_resync(self) -> bool:
        """Whether the server cannot tell what was missed: read the state anew, then go on with what follows."""
        return self.type == "resync_required"


def event_of(frame: Mapping[str, Any]) -> Event:
    """The event that a frame with a channel carries."""
    return Event(frame["type"], frame["channel"], place_of(frame), frame)


def place_of(frame: Mapping[str, Any]) -> Place | None:
    """Where in its channel's log a frame stands; None when it stands in none."""
    epoch, offset = frame.get("epoch"), frame.get("offset")
    return Place(epoch, offset) if isinstance(epoch, str) and isinstance(offset, int) else None
