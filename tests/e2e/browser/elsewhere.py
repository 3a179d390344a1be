"""Another site, and a line to the house that can be cut."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

BLANK = b"<!doctype html><title>Elsewhere</title>"


@asynccontextmanager
async def another_site(port: int) -> AsyncIterator[str]:
    """An origin of its own, whose every page is blank."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = (
            f"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: {len(BLANK)}\r\nconnection: close\r\n\r\n"
        )
        writer.write(head.encode() + BLANK)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", port):
        yield f"http://127.0.0.1:{port}"


class Line:
    """A port that leads to the house. `cut` tears all its connections off, without a word to either end."""

    def __init__(self, url: str) -> None:
        self._house = urlsplit(url)
        self._writers: set[asyncio.StreamWriter] = set()
        self.port = 0
        self.cuts = 0

    def cut(self) -> None:
        """Tear them off."""
        self.cuts += len(self._writers) // 2
        for writer in self._writers:
            writer.transport.abort()

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Line"]:
        """Listen while the block lasts."""
        async with await asyncio.start_server(self._connect, "127.0.0.1", 0) as server:
            self.port = server.sockets[0].getsockname()[1]
            yield self
            self.cut()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(self._house.hostname, self._house.port)
        self._writers |= {writer, back}
        try:
            await asyncio.gather(_pass_on(reader, back), _pass_on(there, writer))
        finally:
            self._writers -= {writer, back}


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.transport.abort()
