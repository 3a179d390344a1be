"""What the hub promises each socket."""

import asyncio
from datetime import timedelta

import pytest

from adapters.websocket import HubSettings
from adapters.websocket.outbox import OutboxLimits
from application.ports.realtime import LoggedEvent, RightsChanged, Transient
from domain.errors import Conflict, NotFound
from domain.events import GUIDES, Channel
from domain.identity import Role
from tests.unit.realtime.world import World, turns


async def test_hub_event_is_encoded_once_for_all() -> None:
    async with World() as world:
        peers = [world.peer(await world.member(name=name)) for name in ("ada", "ben")]
        for peer in peers:
            await peer.subscribe("guides")
        await turns(5)
        event = world.guide_changed()
        await turns(5)

    assert peers[0].socket.writes[1] is peers[1].socket.writes[1]
    assert event.payload[1:].decode() in peers[0].socket.writes[1]


async def test_hub_lost_announcement_is_read_within_a_second() -> None:
    async with World() as world:
        peer = world.peer(await world.member())
        await peer.subscribe("guides")
        world.bus.lose(True)
        world.guide_changed()
        await turns(20)
        before = peer.of_type("guide_updated")
        await world.pass_time(1)

        after = peer.of_type("guide_updated")

    assert (before, [frame["offset"] for frame in after]) == ([], [1])


async def test_hub_gap_is_filled_from_the_log_in_order() -> None:
    async with World() as world:
        peer = world.peer(await world.member())
        await peer.subscribe("guides")
        world.bus.lose(True)
        for _ in range(3):
            world.guide_changed()
        world.bus.lose(False)
        world.guide_changed()
        await turns(20)

        offsets = [frame["offset"] for frame in peer.of_type("guide_updated")]

    assert offsets == [1, 2, 3, 4]


async def test_hub_repeated_announcement_is_dropped() -> None:
    async with World() as world:
        peer = world.peer(await world.member())
        await peer.subscribe("guides")
        world.bus.publish(world.guide_changed())
        await turns(20)

        offsets = [frame["offset"] for frame in peer.of_type("guide_updated")]

    assert offsets == [1]


async def test_hub_failing_log_is_tried_again() -> None:
    async with World() as world:
        peer = world.peer(await world.member())
        await peer.subscribe("guides")
        world.bus.lose(True)
        world.guide_changed()
        world.guide_changed()
        world.bus.lose(False)
        world.log.failure = RuntimeError("the disk is gone")
        world.guide_changed()
        await world.pass_time(2)
        world.log.failure = None
        await world.pass_time(2)

        offsets = [frame["offset"] for frame in peer.of_type("guide_updated")]

    assert offsets == [1, 2, 3]


async def test_hub_log_that_forgot_the_gap_asks_for_a_resync() -> None:
    async with World() as world:
        peer = world.peer(await world.member())
        await peer.subscribe("guides")
        world.bus.lose(True)
        for _ in range(3):
            world.guide_changed()
        world.forget(2)
        await world.pass_time(1)
        world.bus.lose(False)
        world.guide_changed()
        await turns(5)

        told = [(frame["type"], frame["offset"]) for frame in peer.frames[1:]]

    assert told == [("resync_required", 3), ("guide_updated", 4)]


async def test_hub_each_role_hears_its_own_events() -> None:
    async with World() as world:
        peers = [world.peer(await world.member(role, role.name.lower())) for role in (Role.PUBLIC, Role.ADMIN)]
        for peer in peers:
            await peer.subscribe("guides")
        world.guide_changed(Role.SUBSCRIBER)
        world.guide_changed(Role.PUBLIC)
        await turns(5)

        heard = [[frame["offset"] for frame in peer.of_type("guide_updated")] for peer in peers]

    assert heard == [[2], [1, 2]]


async def test_hub_refused_subscription_leaves_nothing_behind() -> None:
    async with World() as world:
        ada, ben = await world.member(), await world.member(name="ben")
        session = await world.session(ada)
        peer = world.peer(ben)

        with pytest.raises(NotFound):
            await peer.subscribe(f"session:{session.id}")

        assert world.hub.manager.stats().connections_by_channel == {}


async def test_hub_failed_recovery_leaves_nothing_behind() -> None:
    async with World() as world:
        peer = world.peer(await world.member())
        world.log.failure = RuntimeError("the disk is gone")

        with pytest.raises(RuntimeError):
            await peer.subscribe("guides")
        world.log.failure = None

        assert world.hub.manager.stats().connections_by_channel == {}


async def test_hub_right_lost_while_subscribing_is_noticed() -> None:
    async with World() as world:
        ada = await world.member()
        session = await world.session(ada)
        peer = world.peer(ada)
        world.log.turns = 5

        subscribing = asyncio.ensure_future(peer.subscribe(f"session:{session.id}"))
        await turns(8)
        async with world.unit_of_work() as work:
            loaded = await work.chat_sessions.get(session.id)
            loaded.delete()
            await work.chat_sessions.delete(loaded)
            await work.commit()

        with pytest.raises(NotFound):
            await subscribing
        assert world.hub.manager.stats().connections_by_channel == {}


async def test_hub_too_many_subscriptions_are_refused() -> None:
    async with World(HubSettings(max_subscriptions=1, outbox=OutboxLimits(close_seconds=0))) as world:
        peer = world.peer(await world.member())
        await peer.subscribe("guides")
        await peer.subscribe("guides")

        with pytest.raises(Conflict):
            await peer.subscribe("system")


async def test_hub_transient_event_reaches_the_channel() -> None:
    async with World() as world:
        peer = world.peer(await world.member())
        await peer.subscribe("system")
        world.bus.publish(Transient(Channel("system"), "system_update", {"change": "restarting"}))
        world.bus.publish(Transient(GUIDES, "system_update", {"change": "elsewhere"}))
        await turns(5)

        updates = peer.of_type("system_update")

    assert updates == [{"type": "system_update", "channel": "system", "change": "restarting"}]


async def test_hub_unreadable_payload_is_told_and_survived() -> None:
    async with World() as world:
        ada = await world.member()
        session = await world.session(ada)
        peer = world.peer(ada)
        channel = Channel(f"session:{session.id}")
        await peer.subscribe(channel)
        world.bus.publish(
            LoggedEvent(channel, 1, "message_completed", b'{"message":7}', Role.PUBLIC, world.clock.now())
        )
        world.bus.publish(LoggedEvent(channel, 2, "session_updated", b"{ }", Role.PUBLIC, world.clock.now()))
        await turns(10)

        types = peer.types()

    assert types == ["subscribed", "presence", "message_completed", "session_updated"]


async def test_hub_banned_member_is_closed_at_once() -> None:
    async with World() as world:
        ada = await world.member()
        peer = world.peer(ada)
        async with world.unit_of_work() as work:
            member = await work.members.get(ada.require_member())
            assert member.user is not None
            member.user.is_active = False
            await work.members.save(member, world.clock.now())
            work.announce(RightsChanged(member_id=ada.member_id))
            await work.commit()
        await turns(10)

        closed = peer.socket.closed

    assert closed is not None
    assert closed[0] == 4001


async def test_hub_removed_participant_is_unsubscribed_at_once() -> None:
    async with World() as world:
        ada, ben = await world.member(), await world.member(name="ben")
        session = await world.session(ada)
        peer = world.peer(ada)
        await peer.subscribe(f"session:{session.id}")
        async with world.unit_of_work() as work:
            loaded = await work.chat_sessions.get(session.id)
            loaded.participants = (ben.require_member(),)
            await work.chat_sessions.save(loaded)
            await work.commit()
        world.bus.publish(RightsChanged(channel=Channel(f"session:{session.id}")))
        await turns(10)

        ended = peer.of_type("unsubscribed")

    assert [frame["reason"] for frame in ended] == ["not_allowed"]


async def test_hub_changed_session_looks_at_rights_again() -> None:
    async with World() as world:
        ada = await world.member()
        session = await world.session(ada)
        peer = world.peer(ada)
        await peer.subscribe(f"session:{session.id}", home=True)
        world.store.tables.chat_sessions.pop(session.id)
        session.revise(world.clock.now(), title="Another title")
        world.commit(*session.collect_events())
        await turns(20)

        types, closed = peer.types(), peer.socket.closed

    assert types[0] == "subscribed"
    assert types[-1] == "unsubscribed"
    assert closed == (4004, "not_allowed")


async def test_hub_pings_and_sweeps_the_silent() -> None:
    settings = HubSettings(stale_after=timedelta(seconds=90), outbox=OutboxLimits(close_seconds=0))
    async with World(settings) as world:
        silent, heard = world.peer(await world.member()), world.peer(await world.member(name="ben"))
        for _ in range(5):
            await world.pass_time(30)
            heard.client.heard()

        pings, closed = len(heard.of_type("ping")), silent.socket.closed
        total = world.hub.manager.stats().total_connections

    assert pings == 5
    assert closed == (4008, "nothing heard for 90 s")
    assert total == 1


async def test_hub_closing_sends_away_new_sockets_too() -> None:
    world = World()
    await world.hub.start()
    ada = await world.member()
    early = world.peer(ada)
    await world.hub.close(deadline=1)
    late = world.peer(ada)
    await turns(10)

    assert [peer.socket.closed[0] for peer in (early, late) if peer.socket.closed] == [1012, 1012]
    assert early.frames[-1]["retry_after_ms"] > 0


async def test_hub_sockets_and_what_they_were_told_are_counted() -> None:
    async with World() as world:
        peers = [world.peer(await world.member(name=name)) for name in ("ada", "ben")]
        for peer in peers:
            await peer.subscribe("guides")
        world.guide_changed()
        await turns(5)
        open_then = world.metrics.open
        world.guide_changed(Role.ADMIN)
        await turns(5)

    assert (open_then, world.metrics.sent) == (2, 2)
