"""Sockets of two members who become one: the absorbed one's end and come back, the survivor's stay."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from types import SimpleNamespace

import pytest

from adapters.observability.metrics import NullMetrics
from adapters.websocket import ConnectionManager, Hub, HubSettings
from adapters.websocket.connection import WebSocketConnection
from adapters.websocket.outbox import Outbox, OutboxLimits
from adapters.websocket.rights import RightsWatch
from application.chat.running import RunningReplyRegistry
from application.realtime.subscriptions import SubscriptionService
from domain.events import Channel, session_channel, user_channel
from domain.identity import Actor, Member
from tests.support.backend import memory_backend
from tests.support.given import stored_session
from tests.support.linking import LinkingWorld
from tests.unit.realtime.world import FakeSocket, Peer, turns


def subscriptions(world: LinkingWorld) -> SubscriptionService:
    """Who may hear what, over the world's backend."""
    backend = world.backend
    return SubscriptionService(
        backend.chat, backend.members, backend.event_log, RunningReplyRegistry(backend.bus), backend.clock
    )


def socket_of(world: LinkingWorld, actor: Actor, *channels: Channel) -> WebSocketConnection:
    """An open socket that hears these channels."""
    outbox = Outbox(FakeSocket(), OutboxLimits())
    connection = WebSocketConnection("c1", actor.require_member(), actor, outbox, world.backend.clock)
    for channel in channels:
        connection.add_subscription(channel)
    return connection


@asynccontextmanager
async def running_hub(world: LinkingWorld) -> AsyncIterator[SimpleNamespace]:
    """A hub over the world's backend, as peers look for it."""
    backend, settings = world.backend, HubSettings(outbox=OutboxLimits(close_seconds=0))
    clock, ids = backend.clock, backend.ids
    manager = ConnectionManager(clock)
    hub = Hub(manager, subscriptions(world), backend.event_log, backend.bus, clock, ids, NullMetrics(), settings)
    await hub.start()
    yield SimpleNamespace(hub=hub)
    await hub.close(deadline=0)


@pytest.mark.parametrize("absorbed", ["web", "telegram"])
async def test_sockets_of_the_absorbed_member_end_and_their_token_opens_the_survivors(absorbed: str) -> None:
    world = LinkingWorld(memory_backend())
    members: dict[str, Member] = {}
    for side in ("telegram", "web") if absorbed == "web" else ("web", "telegram"):
        members[side] = await (world.web() if side == "web" else world.telegram_member())
    actor, tokens = await world.signed_in(members["web"])
    session = await stored_session(world.backend, members["web"])
    socket = socket_of(world, actor, session_channel(session.id), user_channel(actor.require_member()))
    lost: list[Channel] = []
    watch = RightsWatch(subscriptions(world), lambda _, channel: lost.append(channel))

    survivor = await world.linked(actor)
    watch.doubt([socket])
    await watch.settle()

    closing = socket.outbox.closing
    assert (closing is not None and closing[0]) == (4001 if absorbed == "web" else False)
    assert lost == []
    back = await world.asking(tokens)
    assert back.member_id == survivor
    channels = [session_channel(session.id), user_channel(survivor)]
    assert await subscriptions(world).still_allowed(back, channels) == set(channels)


async def test_presence_of_the_absorbed_member_goes_over_to_the_survivor() -> None:
    world = LinkingWorld(memory_backend())
    backend = world.backend
    cleo, telegram, web = await world.web("cleo"), await world.telegram_member(), await world.web()
    session = await stored_session(backend, web)
    async with backend.unit_of_work() as work:
        shared = await work.chat_sessions.get(session.id)
        shared.participants += (cleo.id,)
        await work.chat_sessions.save(shared)
        await work.commit()
    actor, tokens = await world.signed_in(web)
    async with running_hub(world) as hub:
        watching, own = (Peer(hub, each) for each in ((await world.signed_in(cleo))[0], actor))
        for peer in (watching, own):
            await peer.subscribe(session_channel(session.id))
        survivor = await world.linked(actor)
        await turns(20)
        back = Peer(hub, await world.asking(tokens))
        await back.subscribe(session_channel(session.id))
        for _ in range(5):
            await turns(10)
            backend.clock.advance(timedelta(seconds=1))
        await turns(50)

    told = [(frame["type"], frame["user_id"]) for frame in watching.of_type("user_joined", "user_left")]
    assert survivor == telegram.id
    assert own.socket.closed is not None
    assert told == [("user_joined", str(web.id)), ("user_joined", str(survivor)), ("user_left", str(web.id))]
    assert back.of_type("presence")[0]["user_ids"] == sorted(map(str, (cleo.id, web.id, survivor)))
