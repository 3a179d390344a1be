"""An open socket on which nothing happens: what of its beginning is still there."""

import gc
from collections.abc import Iterator
from types import CoroutineType

import pytest
from litestar.connection import ASGIConnection

from entrypoints.http.direct_frames import DirectProtocol
from tests.integration.realtime.site import Site

PASSED = ("WebSocketRoute.handle", "open_socket", "ExceptionHandlerMiddleware.__call__", "SocketEndpoint.serve")


@pytest.fixture
def collector_off() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def waiting() -> set[str]:
    """The coroutines that are under way."""
    return {each.__qualname__ for each in gc.get_objects() if type(each) is CoroutineType}


async def test_idle_socket_holds_nothing_of_its_request(site: Site, collector_off: None) -> None:
    ada = await site.signed_in()
    async with site.open(ada.access_token) as client:
        await client.hear("welcome")
        kept = [each for each in gc.get_objects() if issubclass(type(each), ASGIConnection)]
        (protocol,) = (each for each in gc.get_objects() if issubclass(type(each), DirectProtocol))
        handshake = [name for name in ("request", "response", "scope") if hasattr(protocol, name)]
        under_way = waiting()
    assert (kept, handshake) == ([], [])
    assert "SocketEndpoint._talk" in under_way
    assert not under_way & set(PASSED)


async def test_idle_socket_where_nobody_looks_after_talks_has_one(collector_off: None) -> None:
    async with Site(outlasting=False) as site:
        ada = await site.signed_in()
        async with site.open(ada.access_token) as client:
            await client.hear("welcome")
            under_way = waiting()
            await client.say("subscribe", channel="system")
            subscribed = await client.hear("subscribed")
    assert {"SocketEndpoint.serve", "WebSocketRoute.handle"} <= under_way
    assert subscribed["channel"] == "system"
