"""What operators hear on `system_metrics`: the sockets of each process and what the process takes."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta

import msgspec

from adapters.websocket.hubs import HUBS
from adapters.websocket.manager import ConnectionManager
from application.ports.observability import ProcessMetrics
from application.ports.realtime import Bus, Transient
from application.ports.system import Clock
from domain.events import Channel

SYSTEM_METRICS = Channel("system_metrics")
WANTED = "figures_wanted"


class Figures:
    """Tells the figures of this process every `seconds` while a socket of any process hears them. Nothing is kept.

    A process whose sockets hear them says so on the bus as often, and every process tells its own on it.
    """

    def __init__(
        self, process: str, manager: ConnectionManager, metrics: ProcessMetrics, bus: Bus, clock: Clock, seconds: float
    ) -> None:
        self._process = process
        self._manager = manager
        self._metrics = metrics
        self._bus = bus
        self._clock = clock
        self._lasting = timedelta(seconds=2 * seconds)
        self._wanted_until: datetime | None = None

    def hear_wanted(self, _: Transient) -> None:
        """Somewhere somebody hears the figures."""
        self._wanted_until = self._clock.now() + self._lasting

    async def tell(self) -> None:
        """Ask for all figures if somebody hears them here; tell one's own if somebody does anywhere."""
        if self._manager.of_channel(SYSTEM_METRICS):
            self._bus.publish(Transient(HUBS, WANTED, {}))
        if self._wanted_until is not None and self._wanted_until > self._clock.now():
            self._bus.publish(Transient(SYSTEM_METRICS, "system_metrics", self._now()))

    def _now(self) -> Mapping[str, object]:
        stats = self._manager.stats()
        kinds = Counter[str]()
        for channel, sockets in stats.connections_by_channel.items():
            kinds[channel.partition(":")[0]] += sockets
        figures = {
            "process": self._process,
            "at": self._clock.now(),
            "uptime_seconds": stats.uptime.total_seconds(),
            "sockets": {
                "total_connections": stats.total_connections,
                "unique_users": stats.unique_users,
                "connections_by_channel": kinds,
                "oldest": stats.oldest,
                "newest": stats.newest,
            },
            "usage": asdict(self._metrics.process_usage()),
        }
        plain: Mapping[str, object] = msgspec.to_builtins(figures)
        return plain
