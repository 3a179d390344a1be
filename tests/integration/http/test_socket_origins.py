"""Which pages may open a socket with a browser's cookie: the scheme counts as much as the host."""

import ipaddress
import json
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from entrypoints.container import memory_container
from entrypoints.http.cookies import ACCESS_COOKIE
from tests.integration.http.house import settings
from tests.integration.http.served import Served, served


async def first_frame(
    running: Served, origin: str, host: str | None = None, **headers: str
) -> tuple[dict[str, Any], int | None]:
    """What a socket with ada's cookie hears first, and the code it is closed with, if it is. `host` is its `Host`."""
    ada = await running.person("ada")
    sent = {"Cookie": f"{ACCESS_COOKIE}={ada.access_token}", "Origin": origin, **headers}
    url = f"ws://{host or f'127.0.0.1:{running.port}'}/api/v1/ws"
    async with connect(url, host="127.0.0.1", port=running.port, additional_headers=sent, proxy=None) as socket:
        frame = json.loads(await socket.recv())
        if frame["type"] != "error":
            return frame, None
        try:
            await socket.recv()
        except ConnectionClosed as closed:
            return frame, closed.rcvd.code if closed.rcvd else None
        return frame, None


@pytest.mark.parametrize("forwarded", ["https", "wss"])
@pytest.mark.parametrize(("scheme", "welcome"), [("https", True), ("http", False)])
async def test_socket_behind_a_tls_proxy_takes_pages_over_tls_only(
    tmp_path: Path, forwarded: str, scheme: str, welcome: bool
) -> None:
    proxies = (ipaddress.ip_network("127.0.0.0/8"),)
    async with served(memory_container(settings(tmp_path, trusted_proxies=proxies)), with_lifespan=True) as running:
        origin = f"{scheme}://127.0.0.1:{running.port}"
        frame, code = await first_frame(running, origin, **{"X-Forwarded-Proto": forwarded})
    assert (frame["type"], frame.get("error_code"), code) == (
        ("welcome", None, None) if welcome else ("error", "cross_site", 4001)
    )


@pytest.mark.parametrize(("scheme", "welcome"), [("http", True), ("https", False)])
async def test_socket_without_a_trusted_proxy_takes_nobodys_word_for_tls(
    tmp_path: Path, scheme: str, welcome: bool
) -> None:
    async with served(memory_container(settings(tmp_path)), with_lifespan=True) as running:
        origin = f"{scheme}://127.0.0.1:{running.port}"
        frame, code = await first_frame(running, origin, **{"X-Forwarded-Proto": "https"})
    assert (frame["type"], code) == (("welcome", None) if welcome else ("error", 4001))


@pytest.mark.parametrize(("origin", "welcome"), [("https://localhost", True), ("http://localhost", False)])
async def test_socket_of_a_public_https_address_refuses_its_http_pages(
    tmp_path: Path, origin: str, welcome: bool
) -> None:
    container = memory_container(settings(tmp_path, public_url="https://localhost"))
    async with served(container, with_lifespan=True) as running:
        frame, code = await first_frame(running, origin, "localhost")
    assert (frame["type"], code) == (("welcome", None) if welcome else ("error", 4001))
