"""The hub of one process: hears the bus, keeps to the log, tells the sockets."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta

from adapters.websocket.client import SocketClient
from adapters.websocket.connection import STALE_AFTER, WebSocketConnection
from adapters.websocket.end_of_turn import EndOfTurn
from adapters.websocket.frames import frame
from adapters.websocket.manager import ConnectionManager
from adapters.websocket.outage import Outage
from adapters.websocket.outbox import Outbox, OutboxLimits, Transport
from adapters.websocket.passing import Passing, PassingTimes
from adapters.websocket.rights import RightsWatch
from adapters.websocket.rights_log import RightsLog
from adapters.websocket.rooms import Rooms
from adapters.websocket.subscriber import Subscriber
from application.ports.observability import HubMetrics
from application.ports.realtime import (
    Announcement,
    Bus,
    EventLog,
    LoggedEvent,
    ReplyDelta,
    RightsChanged,
    Subscriptions,
    Transient,
)
from application.ports.system import Clock, Ids
from domain.errors import TooManyRequests, Unavailable
from domain.events import Channel
from domain.identity import Actor, MemberId

GOING_AWAY = 1012
NO_ROOM = timedelta(seconds=30)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class HubSettings:
    """Intervals in seconds, and bounds of one socket."""

    log_seconds: float = 1.0
    heartbeat_seconds: float = 30.0
    rights_seconds: float = 10.0
    ends_seconds: float = 1.0
    sweep_seconds: float = 60.0
    stale_after: timedelta = STALE_AFTER
    passing: PassingTimes = field(default_factory=PassingTimes)
    max_subscriptions: int = 256
    max_sockets_per_member: int | None = 50
    held_back: int = 1_000
    outbox: OutboxLimits = field(default_factory=OutboxLimits)


class Hub:
    """All channels and sockets of this process.

    `start` it before the first socket and `close` it before the process ends.
    """

    def __init__(
        self,
        manager: ConnectionManager,
        subscriptions: Subscriptions,
        event_log: EventLog,
        bus: Bus,
        clock: Clock,
        ids: Ids,
        metrics: HubMetrics,
        settings: HubSettings | None = None,
    ) -> None:
        self.manager = manager
        self.settings = settings or HubSettings()
        self._subscriptions = subscriptions
        self._bus = bus
        self._clock = clock
        self._ids = ids
        self._metrics = metrics
        rights_log = RightsLog(event_log, self._doubt)
        self._rooms = Rooms(
            event_log, subscriptions, rights_log, self.settings.held_back, self._session_changed, metrics.events_sent
        )
        self._turn = EndOfTurn()
        self._rights = RightsWatch(subscriptions, self._lose_right)
        self._passing = Passing(str(ids.new()), self._rooms, manager, metrics, bus, clock, self.settings.passing)
        self.subscriber = Subscriber(
            self._rooms, manager, self._passing.presence, subscriptions, self.settings.max_subscriptions
        )
        self._stop_listening: Callable[[], None] | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._closing = False

    @property
    def epoch(self) -> str:
        """Names the history that offsets belong to."""
        return self._rooms.epoch

    @property
    def is_closing(self) -> bool:
        """Whether the process is going away."""
        return self._closing

    async def start(self) -> None:
        """Hear the bus and begin the regular work."""
        await self._rooms.compare_with_log()
        self._stop_listening = self._bus.listen(self._hear)
        settings = self.settings
        loop = asyncio.get_running_loop()
        self._tasks = [
            loop.create_task(work)
            for work in (
                self._rights.run(),
                self._passing.presence.run(),
                self._every(settings.log_seconds, self._rooms.compare_with_log),
                self._every(settings.heartbeat_seconds, self._ping),
                self._every(settings.rights_seconds, self._look_at_rights),
                self._every(settings.ends_seconds, self._doubt_ended),
                self._every(settings.sweep_seconds, self._sweep),
                *(self._every(seconds, work) for seconds, work in self._passing.regular_work()),
            )
        ]
        self._passing.presence.begin()

    async def close(self, deadline: float = 5.0) -> None:
        """Send everybody away with 1012 and a spread-out time to come back; returns within `deadline` seconds."""
        self._closing = True
        if self._stop_listening is not None:
            self._stop_listening()
            self._passing.presence.end()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._rooms.stop()
        connections = self.manager.all()
        for number, connection in enumerate(connections):
            self.send_away(connection, 500 + 4_500 * number // len(connections))
        waiting = [asyncio.ensure_future(connection.outbox.gone()) for connection in connections]
        if waiting:
            _, late = await asyncio.wait(waiting, timeout=deadline)
            for future in late:
                future.cancel()

    def connect(self, actor: Actor, transport: Transport) -> SocketClient:
        """A signed-in member's new socket; raises `TooManyRequests` where they hold as many as they may."""
        member_id, most = actor.require_member(), self.settings.max_sockets_per_member
        if most is not None and len(self.manager.of_user(member_id)) >= most:
            raise TooManyRequests(f"You hold {most} sockets open; close one before you open another.", NO_ROOM)
        outbox = Outbox(transport, self.settings.outbox, self._turn)
        connection = WebSocketConnection(str(self._ids.new()), member_id, actor, outbox, self._clock)
        self.manager.connect(connection)
        self._metrics.socket_opened()
        if self._closing:
            self.send_away(connection, 1_000)
        return SocketClient(self, connection)

    def disconnect(self, connection: WebSocketConnection) -> None:
        """The socket is gone."""
        self.subscriber.leave(connection)
        if self.manager.disconnect(connection.connection_id) is not None:
            self._metrics.socket_closed()

    async def refresh(self, connection: WebSocketConnection) -> Actor | None:
        """The socket's member as the database knows them now; None when they are no longer signed in."""
        actor = await self._subscriptions.current(connection.actor)
        if actor is not None and actor != connection.actor:
            connection.become(actor)
            self._rights.doubt([connection])
        return actor

    def send_away(self, connection: WebSocketConnection, retry_after_ms: int) -> None:
        """Close with 1012 and the time after which to come back."""
        connection.outbox.put(frame("system_update", change="going_away", retry_after_ms=retry_after_ms))
        connection.outbox.close(GOING_AWAY, f"server going away, reconnect in {retry_after_ms} ms")

    def _hear(self, announcement: Announcement) -> None:
        try:
            match announcement:
                case LoggedEvent():
                    self._rooms.on_event(announcement)
                case ReplyDelta():
                    self._rooms.on_delta(announcement)
                case Transient():
                    self._passing.hear(announcement)
                case RightsChanged(member_id=member_id, channel=channel):
                    self._doubt_readers(member_id, channel)
                case _:
                    pass
        except Exception:
            logger.exception("announcement_failed", extra={"kind": type(announcement).__name__})

    def _doubt_readers(self, member_id: MemberId | None, channel: Channel | None) -> None:
        if channel is not None:
            self._rights.doubt(self.manager.of_channel(channel))
        if channel is None or member_id is not None:
            self._doubt(member_id)

    def _doubt(self, member_id: MemberId | None) -> None:
        self._rights.doubt(self.manager.all() if member_id is None else self.manager.of_user(member_id))

    def _session_changed(self, channel: Channel, gone: bool) -> None:
        if gone:
            for connection in self.manager.of_channel(channel):
                self.subscriber.unsubscribe(connection, channel, "session_deleted")
        else:
            self._rights.doubt(self.manager.of_channel(channel))

    def _lose_right(self, connection: WebSocketConnection, channel: Channel) -> None:
        if connection.has_subscription(channel):
            self.subscriber.unsubscribe(connection, channel, "not_allowed")

    async def _every(self, seconds: float, work: Callable[[], Awaitable[None]]) -> None:
        name = getattr(work, "__name__", "")
        outage = Outage(name)
        while True:
            await self._clock.sleep(seconds)
            try:
                await work()
                outage.is_over()
            except Unavailable as error:
                outage.lasts(error)
            except Exception:
                logger.exception("regular_work_failed", extra={"work": name})

    async def _ping(self) -> None:
        self.manager.broadcast_to_all("ping", {})

    async def _look_at_rights(self) -> None:
        await self._rights.look_around(self.manager.all())

    async def _doubt_ended(self) -> None:
        self._rights.doubt_ended(self.manager.all(), self._clock.now())

    async def _sweep(self) -> None:
        closed = self.manager.sweep(self.settings.stale_after)
        if closed:
            logger.info("stale_sockets_closed", extra={"closed": closed})
