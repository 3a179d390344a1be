"""The servers to compare with: `python -m tests.benchmarks.realtime.yardsticks PORT CONTROL_PORT KIND`.

`prebuilt` writes a frame that was built once straight to every socket, on uvloop: nothing in Python does less.
`broadcast` is `websockets` and its own `broadcast`.
`model` reads a model's stream for every socket and writes each piece straight to it.

Every one answers `cpu` with the seconds of processor time it has used.
"""

import asyncio
import base64
import hashlib
import sys
import time
from collections.abc import Awaitable, Callable, Mapping

import uvloop
from websockets.asyncio.server import ServerConnection, broadcast, serve

from application.ports.chat import TextDelta
from tests.benchmarks.realtime.control import Command, obey
from tests.benchmarks.realtime.events import event
from tests.benchmarks.realtime.replies import PacedModel, question

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Accepted(asyncio.Protocol):
    """A socket that was let in without a question; what it says is not listened to."""

    def __init__(self, sockets: "set[Accepted]") -> None:
        self._sockets = sockets
        self._head = b""
        self.path = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the head."""
        self.write: Callable[[bytes], None] = transport.write  # type: ignore[attr-defined]

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self._sockets.discard(self)

    def data_received(self, data: bytes) -> None:
        """Shake hands when the head is complete."""
        if self in self._sockets:
            return
        self._head += data
        if not self._head.endswith(b"\r\n\r\n"):
            return
        key = next(
            line.partition(b":")[2].strip()
            for line in self._head.split(b"\r\n")
            if line.lower().startswith(b"sec-websocket-key:")
        )
        self.path = self._head.split(b" ", 2)[1].decode()
        accept = base64.b64encode(hashlib.sha1(key + _GUID).digest())
        self.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
        )
        self._sockets.add(self)


def frame(text: bytes) -> bytes:
    """A text frame of at most 64 KiB."""
    size = len(text)
    return (bytes([0x81, size]) if size < 126 else b"\x81\x7e" + size.to_bytes(2)) + text


async def _prebuilt(port: int) -> Mapping[str, Command]:
    sockets: set[Accepted] = set()
    await asyncio.get_running_loop().create_server(lambda: Accepted(sockets), "127.0.0.1", port, backlog=4096)
    offset = 0

    def tell() -> None:
        nonlocal offset
        offset += 1
        built = frame(event(offset))
        for accepted in sockets:
            accepted.write(built)

    return {"tell": tell}


async def _broadcast(port: int) -> Mapping[str, Command]:
    sockets: set[ServerConnection] = set()
    offset = 0

    async def keep(socket: ServerConnection) -> None:
        sockets.add(socket)
        try:
            await socket.wait_closed()
        finally:
            sockets.discard(socket)

    def tell() -> None:
        nonlocal offset
        offset += 1
        broadcast(sockets, event(offset).decode())

    await serve(keep, "127.0.0.1", port, compression=None, ping_interval=None, backlog=4096)
    return {"tell": tell}


async def _model(port: int) -> Mapping[str, Command]:
    sockets: set[Accepted] = set()
    streams: set[asyncio.Task[None]] = set()
    model = PacedModel()
    await asyncio.get_running_loop().create_server(lambda: Accepted(sockets), "127.0.0.1", port, backlog=4096)

    async def stream(accepted: Accepted) -> None:
        async for each in model.stream(question(accepted.path.lstrip("/"))):
            if isinstance(each, TextDelta):
                accepted.write(frame(each.text.encode()))

    def ask() -> None:
        streams.clear()
        streams.update(asyncio.create_task(stream(accepted)) for accepted in sockets)

    return {"ask": ask, **model.commands}


KINDS: Mapping[str, Callable[[int], Awaitable[Mapping[str, Command]]]] = {
    "prebuilt": _prebuilt,
    "broadcast": _broadcast,
    "model": _model,
}


async def _serve(kind: str, port: int, control_port: int) -> None:
    commands = {"cpu": lambda: str(time.process_time()), **await KINDS[kind](port)}
    await obey(control_port, commands)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(_serve(sys.argv[3], int(sys.argv[1]), int(sys.argv[2])))
