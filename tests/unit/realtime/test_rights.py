"""Rights that cannot be looked at stay in doubt until they can."""

import logging
from collections.abc import Callable, Sequence

import pytest

from adapters.memory import ManualClock, SequentialIds
from adapters.websocket.connection import WebSocketConnection
from adapters.websocket.outbox import Outbox, OutboxLimits
from adapters.websocket.rights import RightsWatch
from application.realtime.subscriptions import SubscriptionService
from domain.errors import Unavailable
from domain.events import Channel
from domain.identity import Actor, MemberId, Role
from tests.unit.realtime.test_subscriptions import service
from tests.unit.realtime.world import FakeSocket, World

ALERTS = Channel("alerts")


class FailingDirectory:
    """Says who somebody is, once it can."""

    def __init__(self, inner: SubscriptionService, failures: int, failure: Exception | None = None) -> None:
        self._inner, self._failures = inner, failures
        self._failure = failure or RuntimeError("the disk is gone")

    def __getattr__(self, name: str) -> object:
        return getattr(self._inner, name)

    async def current(self, actor: Actor) -> Actor | None:
        if self._failures:
            self._failures -= 1
            raise self._failure
        return await self._inner.current(actor)


class RacingDirectory:
    """Says what may still be heard; the rights change before its answer has arrived."""

    def __init__(self, inner: SubscriptionService) -> None:
        self._inner = inner
        self.meanwhile: Callable[[], None] = lambda: None

    def __getattr__(self, name: str) -> object:
        return getattr(self._inner, name)

    async def still_allowed(self, actor: Actor, channels: Sequence[Channel]) -> frozenset[Channel]:
        kept = await self._inner.still_allowed(actor, channels)
        self.meanwhile()
        self.meanwhile = lambda: None
        return kept


def a_connection(actor: Actor) -> WebSocketConnection:
    outbox = Outbox(FakeSocket(), OutboxLimits())
    connection = WebSocketConnection("c1", actor.require_member(), actor, outbox, ManualClock())
    connection.add_subscription(ALERTS)
    return connection


async def test_rights_unreadable_are_looked_at_again() -> None:
    world = World()
    ada = await world.member()
    connection = a_connection(Actor(member_id=ada.member_id, role=Role.ADMIN))
    lost: list[Channel] = []
    watch = RightsWatch(FailingDirectory(service(world), failures=2), lambda _, channel: lost.append(channel))

    watch.doubt([connection])
    await watch.settle()
    before = list(lost)
    await watch.look_around([])
    await watch.look_around([])

    assert (before, lost) == ([], [ALERTS])
    assert connection.role is Role.PUBLIC


async def test_rights_unreadable_while_the_database_is_away_are_told_once_and_once_when_it_is_back(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = World()
    connection = a_connection(Actor(member_id=(await world.member()).member_id, role=Role.ADMIN))
    lost: list[Channel] = []
    directory = FailingDirectory(service(world), 3, Unavailable("The database does not answer."))
    watch = RightsWatch(directory, lambda _, channel: lost.append(channel))

    watch.doubt([connection])
    with caplog.at_level(logging.INFO, "adapters.websocket"):
        for _ in range(5):
            await watch.look_around([])

    assert lost == [ALERTS]
    assert [(record.message, vars(record)["work"], record.exc_info) for record in caplog.records] == [
        ("regular_work_waits", "rights_check", None),
        ("regular_work_goes_on", "rights_check", None),
    ]


async def test_rights_of_a_closing_socket_are_not_looked_at() -> None:
    world = World()
    connection = a_connection(Actor(member_id=MemberId(SequentialIds(900).new()), role=Role.ADMIN))
    connection.outbox.close(1012, "going away")
    watch = RightsWatch(service(world), lambda *_: None)

    await watch.look_around([connection])

    assert connection.outbox.closing == (1012, "going away")


async def test_rights_doubted_while_they_are_looked_at_are_looked_at_again() -> None:
    world = World()
    ada = await world.member(Role.ADMIN)
    connection = a_connection(ada)
    lost: list[Channel] = []
    directory = RacingDirectory(service(world))
    watch = RightsWatch(directory, lambda _, channel: lost.append(channel))

    def meanwhile() -> None:
        world.store.tables.members[ada.require_member()].grants.clear()
        watch.doubt([connection])

    directory.meanwhile = meanwhile
    watch.doubt([connection])
    await watch.settle()
    before = list(lost)
    await watch.settle()

    assert (before, lost) == ([], [ALERTS])
