"""Sockets of two members who become one: the absorbed one's end and come back, the survivor's stay."""

import pytest

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
from tests.unit.realtime.world import FakeSocket


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
