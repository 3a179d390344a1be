"""Somebody writes: told to the session, and ended when they fall silent or go."""

import pytest

from adapters.memory import InMemoryChatQueries
from application.realtime.typing import TypingService
from domain.identity import Actor
from tests.unit.realtime.company import Company
from tests.unit.realtime.world import Peer, turns


async def types(world: Company, actor: Actor, *, is_typing: bool = True) -> None:
    await TypingService(InMemoryChatQueries(world.store), world.bus).tell(actor, world.shared.id, is_typing=is_typing)
    await turns(5)


def shown(peer: Peer) -> list[bool]:
    return [frame["is_typing"] for frame in peer.of_type("typing_indicator")]


async def test_typing_that_is_not_repeated_ends_by_itself() -> None:
    async with Company() as world:
        await types(world, world.ben)
        await world.pass_time(5)
        before = shown(world.first)
        await world.pass_time(2)
        await world.pass_time(20)

        assert before == [True]
        assert world.first.of_type("typing_indicator")[1:] == [
            {
                "type": "typing_indicator",
                "channel": world.channel,
                "session_id": str(world.shared.id),
                "user_id": str(world.ben.member_id),
                "is_typing": False,
            }
        ]


async def test_typing_that_is_repeated_goes_on() -> None:
    async with Company() as world:
        for _ in range(5):
            await types(world, world.ben)
            await world.pass_time(4)

        assert shown(world.first) == [True] * 5


async def test_typing_that_was_stopped_is_told_once() -> None:
    async with Company() as world:
        await types(world, world.ben)
        await types(world, world.ben, is_typing=False)
        await world.pass_time(20)

        assert shown(world.first) == [True, False]


@pytest.mark.parametrize("says_so", [True, False])
async def test_typing_member_who_leaves_is_told_as_not_typing_at_once(says_so: bool) -> None:
    async with Company() as world, world.another_process() as (there, _):
        elsewhere = world.peer(world.ada, there)
        await elsewhere.subscribe(world.channel)
        ben = await world.present(world.ben)
        await world.pass_time(1)
        await types(world, world.ben)
        if says_so:
            ben.client.unsubscribe(world.channel)
        else:
            await ben.cut()
        await turns(5)
        here = shown(world.first)
        await world.pass_time(1)

        assert here == shown(elsewhere) == [True, False]


async def test_typing_member_who_subscribes_again_or_keeps_another_socket_goes_on() -> None:
    async with Company() as world:
        ben, other = await world.present(world.ben), await world.present(world.ben)
        await types(world, world.ben)
        await other.cut()
        await ben.subscribe(world.channel)
        await turns(5)

        assert shown(world.first) == [True]


async def test_typing_leaves_nothing_behind() -> None:
    async with Company() as world:
        await types(world, world.ada)
        await types(world, world.ben)
        held = len(world.hub._passing._typists._writing)
        await world.first.cut()
        await world.pass_time(7)

        assert (held, world.hub._passing._typists._writing) == (2, {})
