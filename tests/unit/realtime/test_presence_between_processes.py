"""Processes agree over the bus on who is in a session, whatever is lost on it and whoever dies."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from adapters.websocket import Hub
from domain.identity import Actor
from tests.support.apart import run_apart
from tests.unit.realtime.company import LONGER_THAN_A_FLAP, Company, ids, is_empty
from tests.unit.realtime.world import Peer, turns

LEASE_AND_FLAP = 30.0


async def there(world: Company, hub: Hub, actor: Actor) -> Peer:
    """A socket of another process that hears the session."""
    peer = world.peer(actor, hub)
    await peer.subscribe(world.channel)
    await world.pass_time(1)
    return peer


def joined_and_left(world: Company, peer: Peer) -> list[str]:
    return [kind for kind, _ in world.told(peer)[1:]]


async def test_presence_in_another_process_is_told_here_and_there() -> None:
    async with Company() as world, world.another_process() as (other, _):
        await world.pass_time(1)
        ben = await there(world, other, world.ben)
        own = await there(world, other, world.ada)
        await ben.cut()
        await world.pass_time(LONGER_THAN_A_FLAP)

        both = [("user_joined", str(world.ben.member_id)), ("user_left", str(world.ben.member_id))]
        assert world.told(world.first)[1:] == both
        assert world.told(ben) == world.told(own)[:1] == [("presence", ids(world.ada, world.ben))]
        assert world.told(own)[1:] == both[1:]


async def test_presence_process_that_begins_later_knows_at_once_who_is_there() -> None:
    async with Company() as world:
        await world.pass_time(3)
        async with world.another_process() as (other, _):
            await world.pass_time(1)
            ben = await there(world, other, world.ben)

            assert world.told(ben) == [("presence", ids(world.ada, world.ben))]


async def test_presence_of_a_process_that_died_silently_is_forgotten() -> None:
    async with Company() as world, world.another_process() as (other, line):
        await there(world, other, world.ben)
        await world.pass_time(60)
        before = joined_and_left(world, world.first)
        line.cut()
        await world.pass_time(14)
        meanwhile = joined_and_left(world, world.first)
        await world.pass_time(LEASE_AND_FLAP - 14)
        again = await world.present(world.ada)

        assert (before, meanwhile) == (["user_joined"], ["user_joined"])
        assert joined_and_left(world, world.first) == ["user_joined", "user_left"]
        assert world.told(again) == [("presence", ids(world.ada))]
        assert not world.hub._passing.presence._leases


async def test_presence_of_a_process_that_ends_is_over_soon() -> None:
    async with Company() as world:
        async with world.another_process() as (other, _):
            await there(world, other, world.ben)
        await world.pass_time(7)
        meanwhile = joined_and_left(world, world.first)
        await world.pass_time(3)

        assert meanwhile == ["user_joined"]
        assert joined_and_left(world, world.first) == ["user_joined", "user_left"]


async def test_presence_of_who_comes_back_from_a_process_that_ended_is_no_news() -> None:
    async with Company() as world:
        async with world.another_process() as (other, _):
            await there(world, other, world.ben)
        await world.pass_time(7)
        back = await world.present(world.ben)
        await world.pass_time(LONGER_THAN_A_FLAP)

        assert joined_and_left(world, world.first) == ["user_joined"]
        assert world.told(back) == [("presence", ids(world.ada, world.ben))]


async def test_presence_of_who_moves_between_processes_is_no_news() -> None:
    async with Company() as world, world.another_process() as (other, _):
        ben = await there(world, other, world.ben)
        for hub in (world.hub, other):
            await ben.cut()
            await world.pass_time(2)
            ben = await there(world, hub, world.ben)
        await world.pass_time(LONGER_THAN_A_FLAP)

        assert joined_and_left(world, world.first) == ["user_joined"]


async def test_presence_announcement_that_was_lost_is_made_good() -> None:
    async with Company() as world, world.another_process() as (other, _):
        world.bus.lose(True)
        ben = await there(world, other, world.ben)
        lost = joined_and_left(world, world.first)
        world.bus.lose(False)
        await world.pass_time(11)
        found = joined_and_left(world, world.first)
        world.bus.lose(True)
        await ben.cut()
        await world.pass_time(1)
        world.bus.lose(False)
        await world.pass_time(LEASE_AND_FLAP)

        assert (lost, found) == ([], ["user_joined"])
        assert joined_and_left(world, world.first) == ["user_joined", "user_left"]


STEP = st.tuples(
    st.sampled_from(["connect"] * 4 + ["cut"] * 3 + ["unsubscribe", "lose", "second", "second", "long", "restart"]),
    st.integers(0, 11),
)


@dataclass
class Visitor:
    """A client that keeps the list of who is there as it is told."""

    actor: Actor
    peer: Peer | None = None
    present: set[str] = field(default_factory=set)
    read: int = 0

    async def cut(self) -> None:
        if self.peer is not None:
            await self.peer.cut()
        self.peer, self.read = None, 0

    def apply(self) -> None:
        frames = self.peer.frames[self.read :] if self.peer else []
        self.read += len(frames)
        for frame in frames:
            if frame["type"] == "presence":
                self.present = set(frame["user_ids"])
            elif frame["type"] == "user_joined":
                assert frame["user_id"] not in self.present
                self.present.add(frame["user_id"])
            elif frame["type"] == "user_left":
                self.present.remove(frame["user_id"])


class Play:
    """Two processes, and clients that come and go; the second process ends and begins again."""

    def __init__(self, world: Company, processes: AsyncExitStack) -> None:
        self.world = world
        self.processes = processes
        self.visitors = [Visitor(actor) for actor in (world.ada, world.ben) * 2]

    async def begin(self) -> None:
        self.other, _ = await self.processes.enter_async_context(self.world.another_process())

    async def step(self, name: str, number: int) -> None:
        visitor = self.visitors[number % 4]
        match name:
            case "connect":
                await self.connect(visitor, (self.world.hub, self.other)[number // 4 % 2])
            case "cut":
                await visitor.cut()
            case "unsubscribe":
                await self.unsubscribe(visitor)
            case "restart":
                await self.end()
                await self.begin()
            case "lose":
                self.world.bus.lose(number % 2 == 1)
            case _:
                await self.world.pass_time(20 if name == "long" else 1)

    async def connect(self, visitor: Visitor, hub: Hub) -> None:
        await visitor.cut()
        visitor.peer = self.world.peer(visitor.actor, hub)
        await visitor.peer.subscribe(self.world.channel)

    async def unsubscribe(self, visitor: Visitor) -> None:
        if visitor.peer is not None:
            visitor.peer.client.unsubscribe(self.world.channel)
            await turns(5)
            await visitor.cut()

    async def end(self) -> None:
        await asyncio.gather(*(visitor.cut() for visitor in self.visitors))
        await self.processes.aclose()

    def check(self) -> None:
        present = {str(visitor.actor.member_id) for visitor in self.visitors if visitor.peer is not None}
        for visitor in self.visitors:
            visitor.apply()
            assert visitor.peer is None or visitor.present == present
        assert {
            str(member) for member in self.world.hub._passing.presence._roster.present(self.world.channel)
        } == present


async def _play(steps: list[tuple[str, int]]) -> None:
    async with Company() as world, AsyncExitStack() as processes:
        await world.first.cut()
        play = Play(world, processes)
        await play.begin()
        for name, number in steps:
            await play.step(name, number)
            for visitor in play.visitors:
                visitor.apply()
        world.bus.lose(False)
        await world.pass_time(60)
        play.check()
        await play.end()
        await world.pass_time(60)
        assert is_empty(world)


@given(st.lists(STEP, min_size=10, max_size=40))
def test_presence_any_interleaving_ends_in_what_is_true(steps: list[tuple[str, int]]) -> None:
    run_apart(_play(steps))

    assert steps is not None
