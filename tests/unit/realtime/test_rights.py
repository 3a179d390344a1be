"""Rights that cannot be looked at stay in doubt until they can."""

from adapters.memory import ManualClock, SequentialIds
from adapters.websocket.connection import WebSocketConnection
from adapters.websocket.outbox import Outbox, OutboxLimits
from adapters.websocket.rights import RightsWatch
from application.realtime.subscriptions import SubscriptionService
from domain.events import Channel
from domain.identity import Actor, MemberId, Role
from tests.unit.realtime.test_subscriptions import service
from tests.unit.realtime.world import FakeSocket, World

ALERTS = Channel("alerts")


class FailingDirectory:
    """Says who somebody is, once it can."""

    def __init__(self, inner: SubscriptionService, failures: int) -> None:
        self._inner, self._failures = inner, failures

    def __getattr__(self, name: str) -> object:
        return getattr(self._inner, name)

    async def current(self, actor: Actor) -> Actor | None:
        if self._failures:
            self._failures -= 1
            raise RuntimeError("the disk is gone")
        return await self._inner.current(actor)


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


async def test_rights_of_a_closing_socket_are_not_looked_at() -> None:
    world = World()
    connection = a_connection(Actor(member_id=MemberId(SequentialIds(900).new()), role=Role.ADMIN))
    connection.outbox.close(1012, "going away")
    watch = RightsWatch(service(world), lambda *_: None)

    await watch.look_around([connection])

    assert connection.outbox.closing == (1012, "going away")
