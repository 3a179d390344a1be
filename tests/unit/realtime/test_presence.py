"""Who is in a session, as its sockets are told."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from adapters.websocket import HubSettings
from adapters.websocket.outbox import OutboxLimits
from application.ports.realtime import RightsChanged
from domain.errors import NotFound
from tests.unit.realtime.company import LONGER_THAN_A_FLAP, Company, ids, is_empty
from tests.unit.realtime.world import Peer, turns

SETTINGS = HubSettings(stale_after=timedelta(seconds=90), outbox=OutboxLimits(close_seconds=0))


async def test_presence_first_arrival_is_told_to_the_others_and_all_to_who_arrives() -> None:
    async with Company() as world:
        ben = await world.present(world.ben)

        assert world.told(world.first) == [("presence", ids(world.ada)), ("user_joined", str(world.ben.member_id))]
        assert world.told(ben) == [("presence", ids(world.ada, world.ben))]
        assert ben.types() == ["subscribed", "presence"]
        assert world.first.of_type("user_joined") == [
            {
                "type": "user_joined",
                "channel": world.channel,
                "session_id": str(world.shared.id),
                "user_id": str(world.ben.member_id),
            }
        ]


async def test_presence_second_socket_of_a_member_is_told_to_nobody() -> None:
    async with Company() as world:
        await world.present(world.ben)
        before = world.told(world.first)
        second = await world.present(world.ben)
        own = await world.present(world.ada)

        assert world.told(world.first) == before
        assert world.told(second) == world.told(own) == [("presence", ids(world.ada, world.ben))]


async def test_presence_one_socket_of_two_going_is_told_to_nobody() -> None:
    async with Company() as world:
        ben, _ = await world.present(world.ben), await world.present(world.ben)
        await ben.cut()
        await world.pass_time(LONGER_THAN_A_FLAP)

        assert [kind for kind, _ in world.told(world.first)] == ["presence", "user_joined"]


async def unsubscribe(world: Company, peer: Peer) -> None:
    peer.client.unsubscribe(world.channel)


async def disconnect(_: Company, peer: Peer) -> None:
    await peer.cut()


async def lose_the_right(world: Company, _: Peer) -> None:
    async with world.unit_of_work() as work:
        loaded = await work.chat_sessions.get(world.shared.id)
        loaded.participants = (world.ada.require_member(),)
        await work.chat_sessions.save(loaded)
        work.announce(RightsChanged(channel=world.channel))
        await work.commit()


async def be_banned(world: Company, _: Peer) -> None:
    async with world.unit_of_work() as work:
        member = await work.members.get(world.ben.require_member())
        assert member.user is not None
        member.user.is_active = False
        await work.members.save(member, world.clock.now())
        work.announce(RightsChanged(member_id=member.id))
        await work.commit()


async def fall_silent(world: Company, _: Peer) -> None:
    for _ in range(5):
        await world.pass_time(30)
        world.first.client.heard()


@pytest.mark.parametrize("go", [unsubscribe, disconnect, lose_the_right, be_banned, fall_silent])
async def test_presence_last_socket_going_is_told(go: Callable[[Company, Peer], Awaitable[None]]) -> None:
    async with Company(SETTINGS) as world:
        ben = await world.present(world.ben)
        await go(world, ben)
        await world.pass_time(LONGER_THAN_A_FLAP)
        again = await world.present(world.ada)

        assert world.told(world.first)[1:] == [
            ("user_joined", str(world.ben.member_id)),
            ("user_left", str(world.ben.member_id)),
        ]
        assert world.told(again) == [("presence", ids(world.ada))]
        assert [kind for kind, _ in world.told(ben)] == ["presence"]


async def test_presence_who_just_went_counts_until_the_flap_is_over() -> None:
    async with Company() as world:
        ben = await world.present(world.ben)
        await ben.cut()
        await world.pass_time(2)
        meanwhile = await world.present(world.ada)
        await world.pass_time(2)
        afterwards = await world.present(world.ada)

        assert world.told(meanwhile)[0] == ("presence", ids(world.ada, world.ben))
        assert world.told(afterwards) == [("presence", ids(world.ada))]


async def test_presence_short_flap_is_told_to_nobody() -> None:
    async with Company() as world:
        ben = await world.present(world.ben)
        for _ in range(3):
            await ben.cut()
            await world.pass_time(2)
            ben = await world.present(world.ben)
        await world.pass_time(LONGER_THAN_A_FLAP)

        assert [kind for kind, _ in world.told(world.first)] == ["presence", "user_joined"]
        assert world.told(ben) == [("presence", ids(world.ada, world.ben))]


async def test_presence_comes_afresh_with_every_subscription() -> None:
    async with Company() as world:
        place = world.first.of_type("subscribed")[0]
        await world.first.subscribe(world.channel)
        await world.first.subscribe(world.channel, place["epoch"], place["offset"])
        await world.pass_time(LONGER_THAN_A_FLAP)

        assert world.first.types() == ["subscribed", "presence"] * 3
        assert "offset" not in world.first.of_type("presence")[-1]


async def test_presence_comes_before_what_was_missed() -> None:
    async with Company() as world:
        place = world.first.of_type("subscribed")[0]
        world.shared.revise(world.clock.now(), title="Another title")
        world.commit(*world.shared.collect_events())
        later = world.peer(world.ben)
        await later.subscribe(world.channel, place["epoch"], place["offset"])
        await turns(5)

        assert later.types() == ["subscribed", "presence", "session_updated"]


async def test_presence_is_for_sessions_and_participants_only() -> None:
    async with Company() as world:
        stranger = world.peer(await world.member(name="cleo"))
        await stranger.subscribe("guides")
        with pytest.raises(NotFound):
            await stranger.subscribe(world.channel)
        await world.present(world.ben)
        await world.pass_time(1)

        assert stranger.types() == ["subscribed"]
        assert len(world.told(world.first)) == 2


async def test_presence_in_a_deleted_session_is_over() -> None:
    async with Company() as world:
        ben = await world.present(world.ben)
        async with world.unit_of_work() as work:
            loaded = await work.chat_sessions.get(world.shared.id)
            loaded.delete()
            await work.chat_sessions.delete(loaded)
            await work.commit()
        await world.pass_time(LONGER_THAN_A_FLAP)

        assert [peer.frames[-1]["reason"] for peer in (world.first, ben)] == ["session_deleted"] * 2
        assert is_empty(world)


async def test_presence_when_all_have_gone_leaves_nothing_behind() -> None:
    async with Company() as world, world.another_process() as (there, _):
        peers = [world.first, await world.present(world.ben)]
        for actor in (world.ada, world.ben):
            peers.append(world.peer(actor, there))
            await peers[-1].subscribe(world.channel)
        world.first.client.send("pong")
        await world.pass_time(15)
        held = not is_empty(world)
        for peer in peers:
            await peer.cut()
        await world.pass_time(30)

        assert held
        assert is_empty(world)
