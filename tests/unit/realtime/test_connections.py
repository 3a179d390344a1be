"""The sockets of this process: each one's own state, and the figures over all."""

import asyncio
from datetime import timedelta

import msgspec
import pytest

from adapters.memory import ManualClock
from adapters.websocket import ConnectionManager, WebSocketConnection, WebSocketManager
from adapters.websocket.outbox import Outbox, OutboxLimits
from domain.events import GUIDES, SYSTEM
from domain.identity import Actor, MemberId, Role
from tests.unit.realtime.world import FakeSocket, SequentialIds, turns

IDS = SequentialIds()
ADA, BEN = MemberId(IDS.new()), MemberId(IDS.new())


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def manager(clock: ManualClock) -> ConnectionManager:
    return ConnectionManager(clock)


def a_connection(
    clock: ManualClock, name: str = "c1", user: MemberId = ADA, role: Role = Role.PUBLIC, **limits: int
) -> WebSocketConnection:
    outbox = Outbox(FakeSocket(), OutboxLimits(close_seconds=0, **limits))
    return WebSocketConnection(name, user, Actor(member_id=user, role=role), outbox, clock)


def queued(connection: WebSocketConnection) -> list[object]:
    return [msgspec.json.decode(text) for text in connection.outbox._queue]


def test_connection_subscriptions_twice_are_once(clock: ManualClock) -> None:
    connection = a_connection(clock)

    connection.add_subscription(GUIDES)
    connection.add_subscription(GUIDES)
    had = connection.has_subscription(GUIDES)
    connection.remove_subscription(GUIDES)
    connection.remove_subscription(GUIDES)

    assert (had, connection.has_subscription(GUIDES)) == (True, False)


@pytest.mark.parametrize(("seconds", "stale"), [(0, False), (300, False), (300.001, True), (9_000, True)])
def test_connection_stale_only_beyond_the_timeout(clock: ManualClock, seconds: float, stale: bool) -> None:
    connection = a_connection(clock)

    clock.advance(timedelta(seconds=seconds))

    assert connection.is_stale() is stale


def test_connection_heard_again_is_fresh(clock: ManualClock) -> None:
    connection = a_connection(clock)
    clock.advance(timedelta(seconds=301))

    connection.update_last_ping()

    assert connection.last_ping == clock.now()
    assert not connection.is_stale()
    clock.advance(timedelta(seconds=6))
    assert connection.is_stale(timeout=timedelta(seconds=5))


def test_manager_alias_is_the_same_class() -> None:
    assert WebSocketManager is ConnectionManager


def test_manager_stats_count_what_is_there(manager: ConnectionManager, clock: ManualClock) -> None:
    started = clock.now()
    for name, user in (("c1", ADA), ("c2", ADA), ("c3", BEN)):
        clock.advance(timedelta(seconds=1))
        connection = a_connection(clock, name, user)
        manager.connect(connection)
        manager.subscribe(connection, GUIDES)

    stats = manager.stats()

    assert (stats.total_connections, stats.unique_users) == (3, 2)
    assert stats.connections_by_user == {ADA: 2, BEN: 1}
    assert stats.connections_by_channel == {GUIDES: 3}
    assert (stats.oldest, stats.newest) == (started + timedelta(seconds=1), started + timedelta(seconds=3))
    assert stats.uptime == timedelta(seconds=3)


def test_manager_empty_stats_have_no_ages(manager: ConnectionManager) -> None:
    stats = manager.stats()

    assert (stats.total_connections, stats.unique_users, stats.oldest, stats.newest) == (0, 0, None, None)


def test_manager_disconnect_forgets_everything(manager: ConnectionManager, clock: ManualClock) -> None:
    connection = a_connection(clock)
    manager.connect(connection)
    manager.subscribe(connection, GUIDES)

    assert manager.disconnect("c1") is connection
    assert manager.disconnect("c1") is None
    assert manager.get("c1") is None
    assert manager.stats().connections_by_channel == {}
    assert manager.stats().unique_users == 0


def test_manager_broadcasts_reach_whom_they_should(manager: ConnectionManager, clock: ManualClock) -> None:
    ada, ben = a_connection(clock, "c1", ADA, Role.ADMIN), a_connection(clock, "c2", BEN)
    for connection in (ada, ben):
        manager.connect(connection)
        manager.subscribe(connection, SYSTEM)

    reached = [
        manager.broadcast_to_all("system_update", {"n": 1}),
        manager.broadcast_to_user(BEN, "notification", {"n": 2}),
        manager.broadcast_to_channel(SYSTEM, "alert", {"n": 3}, Role.ADMIN),
        manager.broadcast_to_channel(GUIDES, "alert", {"n": 4}),
    ]

    assert reached == [2, 1, 1, 0]
    assert queued(ada) == [{"type": "system_update", "n": 1}, {"type": "alert", "channel": SYSTEM, "n": 3}]
    assert queued(ben) == [{"type": "system_update", "n": 1}, {"type": "notification", "n": 2}]


def test_manager_sweep_closes_the_silent_only(manager: ConnectionManager, clock: ManualClock) -> None:
    silent, heard = a_connection(clock, "c1"), a_connection(clock, "c2")
    for connection in (silent, heard):
        manager.connect(connection)
    clock.advance(timedelta(seconds=301))
    heard.update_last_ping()

    assert manager.sweep() == 1
    assert silent.outbox.closing == (4008, "nothing heard for 300 s")
    assert heard.outbox.closing is None


async def test_manager_sweep_closes_who_stopped_reading(manager: ConnectionManager, clock: ManualClock) -> None:
    peer = FakeSocket()
    outbox = Outbox(peer, OutboxLimits(close_seconds=0))
    manager.connect(WebSocketConnection("c1", ADA, Actor(member_id=ADA, role=Role.PUBLIC), outbox, clock))
    peer.stop_reading()
    outbox.put("{}")

    task = asyncio.ensure_future(outbox.run())
    await turns(3)

    swept = [manager.sweep(), manager.sweep()]
    await task

    assert swept == [0, 1]
    assert outbox.closing is not None
    assert outbox.closing[0] == 4008
