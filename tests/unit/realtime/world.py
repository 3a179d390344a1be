"""A process's real time in memory: log, bus, hub, and clients that keep what they are told."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import msgspec

from adapters.memory import (
    InMemoryBus,
    InMemoryChatQueries,
    InMemoryEventLog,
    InMemoryMemberQueries,
    ManualClock,
    MemoryStore,
    SequentialIds,
)
from adapters.memory.event_log import append_events
from adapters.memory.unit_of_work import InMemoryUnitOfWork
from adapters.websocket import ConnectionManager, Hub, HubSettings
from adapters.websocket.client import SocketClient
from adapters.websocket.outbox import OutboxLimits, Transport
from application.chat.running import RunningReplyRegistry
from application.ports.observability import ProcessUsage
from application.ports.realtime import Announcement, Bus, Listener, LoggedEvent, LogSlice
from application.ports.system import Clock
from application.realtime.subscriptions import SubscriptionService
from domain.chat import ChatSession, ChatSessionId, LLMProvider, SessionSettings
from domain.errors import GuildhallError
from domain.events import GUIDES, Channel, Event
from domain.guides import GuideId, GuideUpdated
from domain.identity import Actor, Grant, GrantId, GrantSource, Member, MemberId, Role, User, UserId

Frame = Mapping[str, Any]


class CountedSockets:
    """Socket metrics that remember."""

    def __init__(self) -> None:
        self.open = self.sent = 0

    def socket_opened(self) -> None:
        """One more."""
        self.open += 1

    def socket_closed(self) -> None:
        """One less."""
        self.open -= 1

    def events_sent(self, count: int) -> None:
        """So many more."""
        self.sent += count

    def process_usage(self) -> ProcessUsage:
        """A process that works a little."""
        return ProcessUsage(cpu_seconds=1.5, resident_bytes=80_000_000, open_files=12)


class LossyBus(InMemoryBus):
    """A bus that loses everything while `is_losing`."""

    def __init__(self) -> None:
        super().__init__()
        self.is_losing = False

    def lose(self, is_losing: bool) -> None:
        self.is_losing = is_losing

    def publish(self, announcement: Announcement) -> None:
        if not self.is_losing:
            super().publish(announcement)


class Line(Bus):
    """One process's end of a bus; once it is cut the process neither tells nor hears anything."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._is_cut = False

    def cut(self) -> None:
        self._is_cut = True

    def publish(self, announcement: Announcement) -> None:
        if not self._is_cut:
            self._bus.publish(announcement)

    def listen(self, listener: Listener) -> Callable[[], None]:
        return self._bus.listen(lambda announcement: None if self._is_cut else listener(announcement))


class SlowEventLog(InMemoryEventLog):
    """A log whose answers take some turns of the loop, so that things happen between question and answer."""

    def __init__(self, store: MemoryStore) -> None:
        super().__init__(store)
        self.turns = 0
        self.asked = Counter[str]()
        self.failure: Exception | None = None

    def slow_down(self, turns_each_way: int) -> None:
        self.turns = turns_each_way

    async def read(self, channel: Channel, after: int, limit: int) -> LogSlice:
        self.asked["read"] += 1
        await self._wait()
        part = await super().read(channel, after, limit)
        await self._wait()
        return part

    async def positions(self, channels: Any) -> Mapping[Channel, int]:
        self.asked["positions"] += 1
        await self._wait()
        found = await super().positions(channels)
        await self._wait()
        return found

    async def _wait(self) -> None:
        if self.failure is not None:
            raise self.failure
        await turns(self.turns)


class FakeSocket(Transport):
    """A peer that reads, until it stops reading."""

    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self.writes: list[str] = []
        self.closed: tuple[int, str] | None = None
        self.is_gone = False
        self.heard = asyncio.Event()
        self._reads = asyncio.Event()
        self._reads.set()

    def stop_reading(self) -> None:
        self._reads.clear()

    def read_on(self) -> None:
        self._reads.set()

    async def send_text(self, text: str) -> None:
        await self._reads.wait()
        if self.is_gone:
            raise ConnectionResetError
        self._keep(text)

    def _keep(self, text: str) -> None:
        self.writes.append(text)
        decoded = msgspec.json.decode(text)
        self.frames.extend(decoded if isinstance(decoded, list) else [decoded])
        self.heard.set()

    async def close(self, code: int, reason: str) -> None:
        await self._reads.wait()
        self.closed = (code, reason)


class Peer:
    """One client and its socket, served as an entrypoint serves it."""

    def __init__(self, world: "World", actor: Actor, hub: Hub | None = None) -> None:
        self.socket = FakeSocket()
        self.client: SocketClient = (hub or world.hub).connect(actor, self.socket)
        self._task = asyncio.ensure_future(self._serve())

    @property
    def frames(self) -> list[Frame]:
        return self.socket.frames

    @property
    def is_over(self) -> bool:
        """Whether the server is through with this socket."""
        return self._task.done()

    def of_type(self, *types: str) -> list[Frame]:
        return [frame for frame in self.frames if frame["type"] in types]

    def types(self) -> list[str]:
        return [frame["type"] for frame in self.frames]

    async def subscribe(
        self, channel: str, epoch: str | None = None, offset: int | None = None, **options: bool
    ) -> None:
        await self.client.subscribe(channel, epoch, offset, **options)

    async def try_subscribe(self, channel: str, epoch: str | None, offset: int | None) -> None:
        try:
            await self.subscribe(channel, epoch, offset)
        except GuildhallError as error:
            self.client.send("error", error_code=error.code, error_message=error.message)

    async def cut(self) -> None:
        self.socket.is_gone = True
        self.socket.read_on()
        self.client.leave()
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _serve(self) -> None:
        try:
            await self.client.run()
        finally:
            self.client.leave()


class World:
    """A store, a bus that may lose, and one hub at a time over them."""

    def __init__(self, settings: HubSettings | None = None, clock: Clock | None = None) -> None:
        self.manual_clock = ManualClock()
        self.clock: Clock = clock or self.manual_clock
        self.metrics = CountedSockets()
        self.store, self.bus, self.ids = MemoryStore(), LossyBus(), SequentialIds()
        self.log = SlowEventLog(self.store)
        self.running = RunningReplyRegistry(self.bus)
        self.settings = settings or HubSettings(outbox=OutboxLimits(close_seconds=0))
        self.history: list[LoggedEvent] = []
        self.hub = self._new_hub()

    async def __aenter__(self) -> "World":
        await self.hub.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.hub.close(deadline=0)
        await turns(5)

    async def restart(self) -> None:
        """The process ends and a new one begins on the same log."""
        await self.hub.close(deadline=0)
        self.hub = self._new_hub()
        await self.hub.start()

    def unit_of_work(self) -> InMemoryUnitOfWork:
        return InMemoryUnitOfWork(self.store, self.bus, self.clock)

    async def member(self, role: Role = Role.PUBLIC, name: str = "ada") -> Actor:
        now = self.clock.now()
        user = User(UserId(self.ids.new()), None, name, None, created_at=now, updated_at=now)
        member = Member(MemberId(self.ids.new()), created_at=now, updated_at=now, user=user)
        if role > Role.PUBLIC:
            member.grants.append(Grant(GrantId(self.ids.new()), role, GrantSource.MANUAL, None, "test", None, now))
        async with self.unit_of_work() as work:
            await work.members.add(member, now)
            await work.commit()
        return Actor(member_id=member.id, role=role)

    async def session(self, owner: Actor, *others: Actor) -> ChatSession:
        session = ChatSession.start(
            ChatSessionId(self.ids.new()),
            owner.require_member(),
            self.clock.now(),
            title="Sizing",
            llm_provider=LLMProvider.LOCAL,
            llm_model="reader",
            settings=SessionSettings(),
        )
        session.participants += tuple(other.require_member() for other in others)
        async with self.unit_of_work() as work:
            await work.chat_sessions.add(session)
            await work.commit()
        return session

    def peer(self, actor: Actor, hub: Hub | None = None) -> Peer:
        return Peer(self, actor, hub)

    @asynccontextmanager
    async def another_process(self) -> AsyncIterator[tuple[Hub, Line]]:
        """A second hub over the same store and bus, and its end of the bus."""
        line = Line(self.bus)
        hub = self._new_hub(line)
        await hub.start()
        try:
            yield hub, line
        finally:
            await hub.close(deadline=0)

    def commit(self, *events: Event) -> list[LoggedEvent]:
        """Write events into the log and announce them."""
        logged = append_events(self.store, events, self.clock.now())
        self.history += logged
        for event in logged:
            self.bus.publish(event)
        return logged

    def guide_changed(self, audience: Role = Role.PUBLIC) -> LoggedEvent:
        """One event on the channel `guides`."""
        event = GuideUpdated(guide_id=GuideId(self.ids.new()), version=1, change="created", audience=audience)
        return self.commit(event)[0]

    def forget(self, count: int) -> None:
        """Prune the oldest events of the channel `guides`."""
        if log := self.store.logs.get(GUIDES):
            log.events = log.events[count:]

    def begin_another_history(self) -> None:
        """A backup was restored: another epoch, and nothing in the logs."""
        self.store.epoch += "'"
        self.store.logs.clear()
        self.history.clear()

    async def pass_time(self, seconds: float) -> None:
        """Let the clock go on, a second at a time."""
        while seconds > 0:
            await turns(10)
            self.manual_clock.advance(timedelta(seconds=min(1.0, seconds)))
            seconds -= 1.0
        await turns(50)

    def _new_hub(self, bus: Bus | None = None) -> Hub:
        subscriptions = SubscriptionService(
            InMemoryChatQueries(self.store), InMemoryMemberQueries(self.store), self.log, self.running, self.clock
        )
        manager = ConnectionManager(self.clock)
        return Hub(manager, subscriptions, self.log, bus or self.bus, self.clock, self.ids, self.metrics, self.settings)


async def turns(count: int) -> None:
    """Let everybody else run that many times."""
    for _ in range(count):
        await asyncio.sleep(0)
