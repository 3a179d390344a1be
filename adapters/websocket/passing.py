"""What is told in passing and kept in no log: who is there, who writes, the figures of the processes."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from adapters.websocket.figures import WANTED, Figures
from adapters.websocket.manager import ConnectionManager
from adapters.websocket.presence import ASKED, ENDED, TOLD, Presence, PresenceTimes
from adapters.websocket.rooms import Rooms
from adapters.websocket.typists import TYPING, Typists
from application.ports.observability import ProcessMetrics
from application.ports.realtime import Bus, Transient
from application.ports.system import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class PassingTimes:
    """Who does not repeat within `typing` that they write has stopped. Figures are told every `figures_seconds`."""

    presence: PresenceTimes = field(default_factory=PresenceTimes)
    typing: timedelta = timedelta(seconds=6)
    figures_seconds: float = 5.0


class Passing:
    """Gives each passing announcement to whoever knows its kind; the rest goes to the sockets as it is."""

    def __init__(
        self,
        process: str,
        rooms: Rooms,
        manager: ConnectionManager,
        metrics: ProcessMetrics,
        bus: Bus,
        clock: Clock,
        times: PassingTimes,
    ) -> None:
        self._times = times
        self._typists = Typists(rooms, clock, times.typing)
        self._figures = Figures(process, manager, metrics, bus, clock, times.figures_seconds)
        self.presence = Presence(process, rooms, self._typists, bus, clock, times.presence)
        self._as_it_is = rooms.on_transient
        self._by_type: dict[str, Callable[[Transient], None]] = {
            TYPING: self._typists.hear,
            TOLD: self.presence.hear_told,
            ASKED: self.presence.hear_asked,
            ENDED: self.presence.hear_ended,
            WANTED: self._figures.hear_wanted,
        }

    def hear(self, event: Transient) -> None:
        """A passing event was announced."""
        self._by_type.get(event.type, self._as_it_is)(event)

    def regular_work(self) -> Sequence[tuple[float, Callable[[], Awaitable[None]]]]:
        """What is to be done again and again, and after how many seconds each time."""
        presence = self._times.presence
        return (
            (presence.look_seconds, self.presence.look),
            (presence.repeat_seconds, self.presence.repeat),
            (presence.look_seconds, self._typists.look),
            (self._times.figures_seconds, self._figures.tell),
        )
