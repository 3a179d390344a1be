"""Whatever is lost, cut or slow on the way: what a client was told equals the log."""

import asyncio
from dataclasses import dataclass, field

from hypothesis import example, given, settings
from hypothesis import strategies as st

from adapters.websocket import HubSettings
from adapters.websocket.outbox import OutboxLimits
from domain.identity import Actor, Role
from tests.support.apart import run_apart
from tests.unit.realtime.world import Frame, Peer, World, turns

SMALL = HubSettings(held_back=3, outbox=OutboxLimits(frames=4, batch_frames=2, close_seconds=0))
WEIGHTS = {
    "publish": 8,
    "turns": 5,
    "connect": 3,
    "resubscribe": 3,
    "slow_log": 3,
    "lose": 2,
    "stop_reading": 2,
    "read_on": 2,
    "second": 2,
    "cut": 1,
    "forget": 1,
    "restart": 1,
    "another_history": 1,
}
STEP = st.tuples(st.sampled_from([name for name, weight in WEIGHTS.items() for _ in range(weight)]), st.integers(0, 11))

REPLACED_WHILE_READ = [
    ("lose", 7),
    ("publish", 9),
    ("publish", 4),
    ("slow_log", 9),
    ("turns", 10),
    ("publish", 4),
    ("lose", 8),
    ("connect", 3),
    ("publish", 0),
    ("another_history", 5),
    ("second", 3),
]


@dataclass
class Reader:
    """A client that follows the protocol: it applies what it is told and comes back with its last place."""

    actor: Actor
    peer: Peer | None = None
    read: int = 0
    epoch: str | None = None
    start: int = 0
    place: int | None = None
    asked: list[int | None] = field(default_factory=list)
    told: list[int] = field(default_factory=list)
    subscribing: list[asyncio.Task[None]] = field(default_factory=list)

    def connect(self, world: World) -> None:
        self.peer, self.read = world.peer(self.actor), 0
        self.subscribe()

    def subscribe(self) -> None:
        if self.peer is not None and all(task.done() for task in self.subscribing):
            self.apply()
            self.asked.append(self.place)
            place = (self.epoch, self.place) if self.place is not None else (None, None)
            self.subscribing.append(asyncio.ensure_future(self.peer.try_subscribe("guides", *place)))

    def apply(self) -> None:
        if self.peer is None:
            return
        for frame in self.peer.frames[self.read :]:
            self._apply_one(frame)
        self.read = len(self.peer.frames)

    async def cut(self) -> None:
        if self.peer is not None:
            for task in self.subscribing:
                task.cancel()
            await asyncio.gather(*self.subscribing, return_exceptions=True)
            self.subscribing.clear()
            self.apply()
            self.asked.clear()
            await self.peer.cut()
            self.peer = None

    def _apply_one(self, frame: Frame) -> None:
        if frame["type"] == "subscribed":
            asked = self.asked.pop(0)
            if frame["recovered"]:
                self.told = [offset for offset in self.told if offset <= (asked or 0)]
                self.place, self.start = asked, min(self.start, asked or 0)
            else:
                self._start_from(frame)
        elif frame["type"] == "resync_required" and "channel" in frame:
            self._start_from(frame)
        elif frame["type"] == "guide_updated":
            assert frame["epoch"] == self.epoch
            assert frame["offset"] > (self.place or 0), "an event was repeated or came out of order"
            self.place = frame["offset"]
            self.told.append(frame["offset"])

    def _start_from(self, frame: Frame) -> None:
        self.epoch, self.start, self.place = frame["epoch"], frame["offset"], frame["offset"]
        self.told = []


async def _step(world: World, readers: list[Reader], name: str, number: int) -> None:
    at_once = {
        "publish": lambda: world.guide_changed(Role.ADMIN if number % 3 == 0 else Role.PUBLIC),
        "lose": lambda: world.bus.lose(number % 2 == 1),
        "slow_log": lambda: world.log.slow_down(number // 2),
        "forget": lambda: world.forget(1 + number // 3),
        "another_history": world.begin_another_history,
    }
    if name in at_once:
        at_once[name]()
    elif name == "turns":
        await turns(1 + number)
    elif name == "second":
        await world.pass_time(1)
    elif name == "restart":
        await asyncio.gather(*(reader.cut() for reader in readers))
        await world.restart()
    else:
        await _reader_step(world, readers[number % 3], name)


async def _reader_step(world: World, reader: Reader, name: str) -> None:
    if name == "connect":
        await reader.cut()
        reader.connect(world)
    elif name == "resubscribe":
        reader.subscribe()
    elif name == "cut":
        await reader.cut()
    elif reader.peer is not None:
        if name == "stop_reading":
            reader.peer.socket.stop_reading()
        else:
            reader.peer.socket.read_on()


async def _play(steps: list[tuple[str, int]]) -> None:
    async with World(SMALL) as world:
        readers = [Reader(await world.member(name=name)) for name in ("ada", "ben")]
        readers.append(Reader(await world.member(Role.ADMIN, "cleo")))
        for reader in readers:
            reader.connect(world)
        for name, value in steps:
            await _step(world, readers, name, value)
            for reader in readers:
                reader.apply()
        world.bus.is_losing, world.log.turns = False, 0
        await world.pass_time(2)
        for reader in readers:
            await _finish(world, reader)


async def _finish(world: World, reader: Reader) -> None:
    for _ in range(8):
        if reader.peer is not None:
            reader.peer.socket.read_on()
            await turns(50)
            reader.apply()
        if reader.peer is None or reader.peer.is_over:
            await reader.cut()
            reader.connect(world)
        await world.pass_time(2)
        reader.apply()
        if reader.peer is not None and not reader.peer.is_over:
            break
    visible = [e.offset for e in world.history if e.minimum_role <= reader.actor.role and e.offset > reader.start]
    assert reader.epoch == world.store.epoch
    assert reader.told == visible
    await reader.cut()


@settings(max_examples=2 * settings().max_examples)
@example(REPLACED_WHILE_READ)
@given(st.lists(STEP, min_size=20, max_size=60))
def test_recovery_any_interleaving_equals_log(steps: list[tuple[str, int]]) -> None:
    run_apart(_play(steps))

    assert steps is not None
