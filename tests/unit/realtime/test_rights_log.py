"""Rights that were changed where no bus reaches: the log tells it within a second, and of nobody else."""

from collections import Counter

import pytest

from adapters.memory.event_log import append_events
from adapters.websocket.rights_log import RightsLog
from application.ports.realtime import LoggedEvent, RightsChanged
from application.realtime.subscriptions import SubscriptionService
from domain.errors import Invalid
from domain.events import RIGHTS, Channel, MemberRightsChanged
from domain.identity import Actor, MemberId, Role
from tests.unit.realtime.test_subscriptions import service
from tests.unit.realtime.world import World, turns

ALERTS = Channel("alerts")


def changed(world: World, *members: Actor) -> list[LoggedEvent]:
    """Rights of these members were changed by a process that shares nothing but the database."""
    events = [MemberRightsChanged(member_id=member.require_member()) for member in members]
    return append_events(world.store, events, world.clock.now())


def demoted(world: World, member: Actor) -> None:
    world.store.tables.members[member.require_member()].grants.clear()


async def test_rights_changed_elsewhere_end_a_subscription_within_a_second() -> None:
    async with World() as world:
        ada = await world.member(Role.ADMIN)
        peer = world.peer(ada)
        await peer.subscribe(ALERTS)
        demoted(world, ada)
        changed(world, ada)
        await turns(20)
        before = peer.of_type("unsubscribed")
        await world.pass_time(1)

        after = peer.of_type("unsubscribed")

    assert (before, [(frame["channel"], frame["reason"]) for frame in after]) == ([], [(ALERTS, "not_allowed")])


async def test_rights_changed_elsewhere_close_the_socket_of_a_banned_member_within_a_second() -> None:
    async with World() as world:
        ada = await world.member()
        peer = world.peer(ada)
        await peer.subscribe("guides")
        del world.store.tables.members[ada.require_member()]
        changed(world, ada)
        await world.pass_time(1)

        closed = peer.socket.closed

    assert closed is not None
    assert closed[0] == 4001


async def test_rights_changed_elsewhere_leave_the_other_members_alone() -> None:
    looked_at: list[MemberId | None] = []
    world = World()
    ada, ben = await world.member(name="ada"), await world.member(name="ben")
    log = RightsLog(world.log, looked_at.append)
    await log.look(0, is_other_history=False)
    changed(world, ben)
    await log.look(1, is_other_history=False)
    changed(world, ada, ada)
    await log.look(3, is_other_history=False)
    await log.look(3, is_other_history=False)

    assert looked_at == [ben.member_id, ada.member_id, ada.member_id]


async def test_rights_announced_and_logged_are_looked_at_once() -> None:
    looked_at: list[MemberId | None] = []
    world = World()
    ada = await world.member()
    log = RightsLog(world.log, looked_at.append)
    await log.look(0, is_other_history=False)
    first, second = changed(world, ada, ada)
    log.hear(second)
    log.hear(first)
    log.hear(first)
    await log.look(2, is_other_history=False)

    assert looked_at == [ada.member_id, ada.member_id]


@pytest.mark.parametrize("count", [499, 500, 501, 1_100])
async def test_rights_of_many_members_changed_at_once_are_all_looked_at(count: int) -> None:
    looked_at: list[MemberId | None] = []
    world = World()
    log = RightsLog(world.log, looked_at.append)
    await log.look(0, is_other_history=False)
    members = [MemberId(world.ids.new()) for _ in range(count)]
    append_events(world.store, [MemberRightsChanged(member_id=each) for each in members], world.clock.now())
    await log.look(count, is_other_history=False)

    assert looked_at == members


async def test_rights_log_that_forgot_or_is_another_history_doubts_everybody() -> None:
    looked_at: list[MemberId | None] = []
    world = World()
    ada = await world.member()
    log = RightsLog(world.log, looked_at.append)
    await log.look(0, is_other_history=False)
    changed(world, ada, ada, ada)
    world.store.logs[RIGHTS].events[:2] = []
    await log.look(3, is_other_history=False)
    await log.look(1, is_other_history=True)
    changed(world, ada)
    await log.look(4, is_other_history=False)

    assert looked_at == [None, None, None]


async def test_rights_log_that_fails_is_read_again() -> None:
    async with World() as world:
        ada = await world.member(Role.ADMIN)
        peer = world.peer(ada)
        await peer.subscribe(ALERTS)
        demoted(world, ada)
        changed(world, ada)
        world.log.failure = RuntimeError("the disk is gone")
        await world.pass_time(3)
        before = peer.of_type("unsubscribed")
        world.log.failure = None
        await world.pass_time(1)

        after = peer.of_type("unsubscribed")

    assert (len(before), len(after)) == (0, 1)


async def test_rights_log_costs_one_question_while_nothing_changes() -> None:
    async with World() as world:
        for name in ("ada", "ben", "cy"):
            await world.peer(await world.member(name=name)).subscribe("guides")
        before = Counter(world.log.asked)
        await world.pass_time(1)

        asked = world.log.asked - before

    assert asked == {"positions": 1}


async def test_rights_channel_is_nobodys_to_subscribe() -> None:
    world = World()
    owner = await world.member(Role.OWNER)
    subscriptions: SubscriptionService = service(world)
    with pytest.raises(Invalid):
        await subscriptions.authorise(owner, RIGHTS)


async def test_rights_changed_is_logged_with_its_transaction() -> None:
    world = World()
    ada = await world.member()
    async with world.unit_of_work() as work:
        work.announce(RightsChanged(member_id=ada.member_id))
    rolled_back = (await world.log.positions([RIGHTS]))[RIGHTS]
    async with world.unit_of_work() as work:
        work.announce(RightsChanged(member_id=ada.member_id))
        work.announce(RightsChanged(channel=ALERTS))
        await work.commit()

    events = (await world.log.read(RIGHTS, 0, 10)).events
    assert (rolled_back, [event.payload.decode() for event in events]) == (0, [f'{{"member_id":"{ada.member_id}"}}'])
