"""A grant or a sign-in that ends by itself is seen within a second, and nothing is read for it before."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from adapters.websocket import HubSettings
from adapters.websocket.outbox import OutboxLimits
from application.ports.realtime import Subscriptions
from domain.errors import Unavailable
from domain.events import Channel
from domain.identity import Actor, Grant, GrantId, GrantSource, Role, SignIn, SignInId
from tests.unit.realtime.world import Peer, World

# The regular look at everybody is far away.
SETTINGS = HubSettings(rights_seconds=100_000, stale_after=timedelta(days=30), outbox=OutboxLimits(close_seconds=0))


class CountedDirectory:
    """Counts how often a member is looked at; fails while it is to."""

    def __init__(self, inner: Subscriptions) -> None:
        self._inner = inner
        self.looks, self.is_away = 0, False

    async def current(self, actor: Actor) -> Actor | None:
        self.looks += 1
        if self.is_away:
            raise Unavailable("The database does not answer.")
        return await self._inner.current(actor)

    async def still_allowed(self, actor: Actor, channels: Sequence[Channel]) -> frozenset[Channel]:
        return await self._inner.still_allowed(actor, channels)


def counted(world: World) -> CountedDirectory:
    directory = CountedDirectory(world.hub._subscriptions)
    world.hub._rights._subscriptions = directory  # type: ignore[assignment]
    return directory


def grant(world: World, actor: Actor, role: Role, until: datetime | None) -> None:
    """Given as another process would, without a word to this one."""
    now = world.clock.now()
    member = world.store.tables.members[actor.require_member()]
    member.grants.append(Grant(GrantId(world.ids.new()), role, GrantSource.MANUAL, None, "", until, now))


async def present(world: World, actor: Actor) -> Actor:
    """The actor as the database knows them now."""
    found = await world.hub._subscriptions.current(actor)
    assert found is not None
    return found


async def listening(world: World, actor: Actor, *channels: str) -> Peer:
    peer = world.peer(await present(world, actor))
    for channel in channels:
        await peer.subscribe(channel)
    await world.pass_time(1)
    return peer


async def test_grant_that_ends_is_seen_within_a_second_by_a_silent_socket() -> None:
    async with World(SETTINGS) as world:
        ada, bob = await world.member(), await world.member(Role.ADMIN, "bob")
        grant(world, ada, Role.ADMIN, world.clock.now() + timedelta(seconds=600))
        peer, other = await listening(world, ada, "alerts", "guides"), await listening(world, bob, "alerts")
        directory = counted(world)

        await world.pass_time(590)
        before = (directory.looks, peer.of_type("unsubscribed"))
        await world.pass_time(9)

        (ended,) = peer.of_type("unsubscribed")
        assert before == (0, [])
        assert (ended["channel"], ended["reason"]) == ("alerts", "not_allowed")
        assert peer.client.actor.role is Role.PUBLIC
        await world.pass_time(3_600)
        assert directory.looks == 1
        assert other.of_type("unsubscribed") == []


async def test_sign_in_that_runs_out_closes_its_silent_socket_within_a_second() -> None:
    async with World(SETTINGS) as world:
        ada, now = await world.member(), world.clock.now()
        sign_in = SignIn(SignInId(world.ids.new()), ada.require_member(), "hash", now, now + timedelta(seconds=60))
        async with world.unit_of_work() as work:
            await work.sign_ins.add(sign_in)
            await work.commit()
        peer = await listening(world, replace(ada, sign_in_id=sign_in.id))

        await world.pass_time(58)
        before = peer.socket.closed
        await world.pass_time(2)

        assert before is None
        assert peer.socket.closed == (4001, "not signed in")


async def test_grant_that_was_prolonged_is_looked_at_again_when_it_ends_then() -> None:
    async with World(SETTINGS) as world:
        ada, now = await world.member(), world.clock.now()
        grant(world, ada, Role.ADMIN, now + timedelta(seconds=30))
        peer = await listening(world, ada, "alerts")
        directory = counted(world)
        grant(world, ada, Role.ADMIN, now + timedelta(seconds=90))

        await world.pass_time(60)
        kept = (directory.looks, peer.of_type("unsubscribed"))
        await world.pass_time(31)

        assert kept == (1, [])
        assert (directory.looks, len(peer.of_type("unsubscribed"))) == (2, 1)


async def test_grant_that_ends_below_a_lasting_one_takes_nothing() -> None:
    async with World(SETTINGS) as world:
        ada = await world.member(Role.OWNER)
        grant(world, ada, Role.ADMIN, world.clock.now() + timedelta(seconds=30))
        peer = await listening(world, ada, "alerts")
        directory = counted(world)

        await world.pass_time(600)

        assert (directory.looks, peer.of_type("unsubscribed")) == (1, [])
        assert peer.client.actor.role is Role.OWNER


async def test_grant_that_ends_while_the_database_is_away_is_asked_about_once_and_seen_when_it_is_back() -> None:
    async with World(replace(SETTINGS, rights_seconds=100.0)) as world:
        ada = await world.member()
        grant(world, ada, Role.ADMIN, world.clock.now() + timedelta(seconds=20))
        peer = await listening(world, ada, "alerts")
        directory = counted(world)
        directory.is_away = True

        await world.pass_time(60)
        while_away = (directory.looks, peer.of_type("unsubscribed"))
        directory.is_away = False
        await world.pass_time(60)

        assert while_away == (1, [])
        assert len(peer.of_type("unsubscribed")) == 1


async def test_grants_that_end_for_many_are_looked_at_once_each() -> None:
    async with World(SETTINGS) as world:
        actors = [await world.member(name=f"ada{number}") for number in range(20)]
        for number, actor in enumerate(actors):
            grant(world, actor, Role.ADMIN, world.clock.now() + timedelta(seconds=60 + 2 * number))
        peers = [await listening(world, actor, "alerts") for actor in actors]
        directory = counted(world)

        await world.pass_time(60)
        seen = [len(peer.of_type("unsubscribed")) for peer in peers]
        await world.pass_time(60)

        assert seen == sorted(seen, reverse=True)
        assert 0 < sum(seen) < len(peers)
        assert [len(peer.of_type("unsubscribed")) for peer in peers] == [1] * len(peers)
        assert directory.looks == len(peers)
