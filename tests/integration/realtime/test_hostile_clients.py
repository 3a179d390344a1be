"""Clients that mean no good beside others that do not: these hear everything in order, and nothing of those is left."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from adapters.websocket import HubSettings
from adapters.websocket.outbox import OutboxLimits
from application.identity.sign_in import SignedIn
from domain.events import GUIDES
from tests.benchmarks.realtime.hostile import JUNK
from tests.integration.realtime.site import Client, Site

EVENTS, PATIENCE = 150, 20.0
SETTINGS = HubSettings(outbox=OutboxLimits(frames=400, close_seconds=0.2))

Hostility = Callable[[Site, SignedIn], Awaitable[None]]


@contextlib.asynccontextmanager
async def beside(site: Site, hostility: Hostility, who: SignedIn, clients: int) -> AsyncIterator[None]:
    """So many clients of that kind, as long as the block lasts."""
    tasks = [asyncio.create_task(hostility(site, who)) for _ in range(clients)]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        assert [error for error in ended if not isinstance(error, asyncio.CancelledError)] == []


def junk(kind: str) -> Hostility:
    async def send(site: Site, who: SignedIn) -> None:
        while True:
            with contextlib.suppress(ConnectionClosed, OSError):
                async with site.open(who.access_token, close_timeout=0.1) as client:
                    while True:
                        client.connection.transport.write(JUNK[kind] * max(1, 10_000 // len(JUNK[kind])))
                        await client.connection.recv()

    return send


async def never_read(site: Site, who: SignedIn) -> None:
    while True:
        with contextlib.suppress(ConnectionClosed, OSError):
            async with site.open(who.access_token, ping_interval=None, close_timeout=0.1) as client:
                client.connection.transport.pause_reading()
                try:
                    for _ in range(40):
                        await client.say("subscribe", channel=GUIDES, epoch=site.store.epoch, offset=0)
                        await asyncio.sleep(0.02)
                finally:
                    client.connection.transport.abort()


async def come_back(site: Site, who: SignedIn) -> None:
    while True:
        async with site.open(who.access_token) as client:
            await client.say("subscribe", channel=GUIDES, epoch=site.store.epoch, offset=0)
            assert (await client.hear("subscribed"))["recovered"]
            client.connection.transport.abort()
        await asyncio.sleep(0.01)


async def heard(client: Client) -> list[int]:
    """The offsets of all events, in the order in which they came."""
    offsets: list[int] = []
    async with asyncio.timeout(PATIENCE):
        while len(offsets) < EVENTS:
            offsets.append((await client.hear("guide_updated"))["offset"])
    return offsets


async def emptied(site: Site, tasks_before: set[asyncio.Task[Any]]) -> dict[str, object]:
    """What the server holds once nobody is there any more; it gets some time to notice."""
    held: dict[str, object] = {}
    for _ in range(200):
        stats = site.hub.manager.stats()
        left = asyncio.all_tasks() - tasks_before - {asyncio.current_task()}
        held = {
            "sockets": stats.total_connections,
            "subscriptions": dict(stats.connections_by_channel),
            "counted": site.metrics.open,
            "tasks": sorted(str(task.get_coro()) for task in left),
        }
        if not any(held.values()):
            break
        await asyncio.sleep(0.05)
    return held


@pytest.mark.parametrize("kind", [*JUNK, "never reads", "comes back"])
async def test_hostile_clients_take_nothing_from_others_and_leave_nothing(kind: str) -> None:
    hostility = {"never reads": never_read, "comes back": come_back}.get(kind) or junk(kind)
    async with Site(SETTINGS) as site:
        ada, eve = await site.signed_in("ada"), await site.signed_in("eve")
        before = asyncio.all_tasks()
        async with contextlib.AsyncExitStack() as stack:
            clients = [await stack.enter_async_context(site.open(ada.access_token)) for _ in range(5)]
            for client in clients:
                await client.say("subscribe", channel=GUIDES)
                await client.hear("subscribed")
            async with beside(site, hostility, eve, 3):
                hearing = [asyncio.create_task(heard(client)) for client in clients]
                for _ in range(EVENTS):
                    site.guide_changed()
                    await asyncio.sleep(0.005)
                offsets = await asyncio.gather(*hearing)
        held = await emptied(site, before)

    assert offsets == [list(range(1, EVENTS + 1))] * 5
    assert held == {"sockets": 0, "subscriptions": {}, "counted": 0, "tasks": []}
