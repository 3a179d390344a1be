"""A webhook's other end: a small HTTP server that answers as it is told and remembers what came."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

import msgspec

Respond = Callable[[dict[str, Any]], bytes]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


def status(line: str, *headers: str) -> bytes:
    """An answer without a body."""
    return "\r\n".join([f"HTTP/1.1 {line}", *headers, "Content-Length: 0", "", ""]).encode()


@dataclass
class Receiver:
    """`respond` makes the answer to an update; while `gate` is closed, answers wait."""

    respond: Respond = lambda _: OK
    updates: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    busy: int = 0
    most_busy: int = 0
    port: int = 0

    async def __aenter__(self) -> Self:
        self.gate.set()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await self._server.wait_closed()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    @property
    def texts(self) -> list[str]:
        return [update["message"]["text"] for update in self.updates]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
                headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
                update = msgspec.json.decode(await reader.readexactly(int(headers["content-length"])))
                self.updates.append(update)
                self.headers.append({"request": head[0], **headers})
                self.busy += 1
                self.most_busy = max(self.most_busy, self.busy)
                await self.gate.wait()
                self.busy -= 1
                writer.write(self.respond(update))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()
