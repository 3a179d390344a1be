"""How many sockets a member may hold open."""

import pytest

from adapters.websocket import HubSettings
from adapters.websocket.outbox import OutboxLimits
from domain.errors import TooManyRequests
from tests.unit.realtime.world import World

OUTBOX = OutboxLimits(close_seconds=0)


async def test_socket_over_the_members_limit_is_refused_until_one_closes() -> None:
    async with World(HubSettings(max_sockets_per_member=3, outbox=OUTBOX)) as world:
        ada, ben = await world.member(), await world.member(name="ben")
        peers = [world.peer(ada) for _ in range(3)]
        with pytest.raises(TooManyRequests, match="3 sockets"):
            world.peer(ada)
        refused = (world.hub.manager.stats().total_connections, world.metrics.open)
        world.peer(ben)
        await peers[0].cut()
        world.peer(ada)

        assert refused == (3, 3)
        assert world.hub.manager.stats().connections_by_user == {ada.member_id: 3, ben.member_id: 1}


async def test_sockets_without_a_limit_are_as_many_as_one_likes() -> None:
    async with World(HubSettings(max_sockets_per_member=None, outbox=OUTBOX)) as world:
        ada = await world.member()
        for _ in range(200):
            world.peer(ada)

        assert world.hub.manager.stats().total_connections == 200
