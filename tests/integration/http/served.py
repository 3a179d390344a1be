"""The application on a real port, as `guildhall serve` runs it, and clients that write whatever bytes they like."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import httpx
import uvicorn
from litestar import Litestar

from entrypoints.container import Container
from entrypoints.http.connections import CountedProtocol
from entrypoints.http.patience import PatientProtocol
from entrypoints.runtime import server_of
from tests.integration.http.house import House

PATIENCE = 5.0


@dataclass(frozen=True)
class Served(House):
    """A house whose client comes over the network of this machine."""

    port: int

    async def raw(self, *parts: bytes, pause: float = 0.0) -> bytes:
        """All that the server answers to these bytes until it closes; the client itself never does."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        answer = b""

        async def write() -> None:
            with suppress(ConnectionError):
                for part in parts:
                    writer.write(part)
                    await writer.drain()
                    await asyncio.sleep(pause)

        writing = asyncio.create_task(write())
        try:
            async with asyncio.timeout(PATIENCE):
                with suppress(ConnectionError):
                    while received := await reader.read(65_536):
                        answer += received
        finally:
            writing.cancel()
            writer.close()
        return answer


def counted_protocol(config: uvicorn.Config) -> type[CountedProtocol]:
    """The protocol of a server as `server_of` makes it."""
    protocol = config.http
    assert isinstance(protocol, type)
    assert issubclass(protocol, CountedProtocol)
    return protocol


@asynccontextmanager
async def served(
    container: Container,
    protocol: type[PatientProtocol] | None = None,
    host: str = "127.0.0.1",
    *,
    with_lifespan: bool = False,
) -> AsyncIterator[Served]:
    """Serve until the block ends, with the patience of `protocol` where one is given.

    `with_lifespan` also runs what stands beside the requests.
    """
    config = server_of(container).config
    app = config.app
    assert isinstance(app, Litestar)
    config.timeout_graceful_shutdown = 1
    if protocol is not None:
        # Connections are counted all the same.
        config.http = type(protocol.__name__, (protocol, counted_protocol(config)), {})
    config.lifespan = "on" if with_lifespan else "off"
    server = uvicorn.Server(config)
    listener = socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    port = listener.getsockname()[1]
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    address = f"[{host}]" if ":" in host else host
    try:
        async with httpx.AsyncClient(base_url=f"http://{address}:{port}", trust_env=False) as client:
            yield Served(container, app, client, port)
    finally:
        await container.hub().close()
        server.should_exit = True
        await serving
