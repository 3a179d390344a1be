"""A thousand clients that cost next to nothing, so that the server is what is measured."""

import asyncio
import os
import time
from collections.abc import Callable, Sequence

MARK = b'"offset":'
"""Stands once in every event, and in no other frame after a socket has subscribed."""

_TEXT, _PING = 1, 9


class Listener(asyncio.Protocol):
    """One socket, by its place among all: reads frames, answers pings, and hands every text on."""

    def __init__(self, number: int, head: bytes, on_text: Callable[["Listener", bytes], None]) -> None:
        self.number = number
        self._head = head
        self._on_text = on_text
        self._rest = b""
        self._is_open = False
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.heard = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the upgrade."""
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]
        self.transport.write(self._head)

    def connection_lost(self, exc: Exception | None) -> None:
        """A socket that was never opened has failed."""
        if not self.opened.done():
            self.opened.set_exception(exc or ConnectionResetError("The server hung up during the handshake."))

    def data_received(self, data: bytes) -> None:
        """Take whole frames, keep the rest."""
        if self._rest:
            data = self._rest + data
        at = 0 if self._is_open else self._after_handshake(data)
        while at >= 0 and (found := _frame(data, at)) is not None:
            opcode, begin, at = found
            if opcode == _TEXT:
                self._on_text(self, data[begin:at])
            elif opcode == _PING:
                self.send(data[begin:at], 0x8A)
        self._rest = data[max(at, 0) :]

    def send(self, payload: bytes, first: int = 0x81) -> None:
        """Send a masked frame of at most 64 KiB."""
        size = len(payload)
        head = bytes([first, 0x80 | size]) if size < 126 else bytes([first, 0xFE]) + size.to_bytes(2)
        mask = os.urandom(4)
        key = (mask * (size // 4 + 1))[:size]
        self.transport.write(head + mask + (int.from_bytes(payload) ^ int.from_bytes(key)).to_bytes(size))

    def _after_handshake(self, data: bytes) -> int:
        end = data.find(b"\r\n\r\n")
        if end < 0:
            return -1
        if not data.startswith(b"HTTP/1.1 101"):
            raise RuntimeError(f"refused: {data[:end].decode(errors='replace')}")
        self._is_open = True
        if not self.opened.done():
            self.opened.set_result(None)
        return end + 4


def _frame(data: bytes, at: int) -> tuple[int, int, int] | None:
    """Opcode, begin and end of the payload; None when it is not all there."""
    there = len(data) - at
    if there < 2:
        return None
    size, head = data[at + 1], 2
    if size == 126:
        size, head = int.from_bytes(data[at + 2 : at + 4]), 4
    elif size == 127:
        size, head = int.from_bytes(data[at + 2 : at + 10]), 10
    return None if there < head + size else (data[at] & 15, at + head, at + head + size)


def request(path: str, port: int, *headers: str) -> bytes:
    """The head of an upgrade."""
    lines = (
        f"GET {path} HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        *headers,
    )
    return "\r\n".join([*lines, "", ""]).encode()


async def opened(
    port: int, heads: Sequence[bytes], on_text: Callable[[Listener, bytes], None], at_once: int
) -> list[Listener]:
    """A socket for each head, so many handshakes under way at a time."""
    room = asyncio.Semaphore(at_once)
    loop = asyncio.get_running_loop()

    async def one(number: int, head: bytes) -> Listener:
        async with room:
            _, listener = await loop.create_connection(lambda: Listener(number, head, on_text), "127.0.0.1", port)
            await listener.opened
            return listener

    return list(await asyncio.gather(*(one(number, head) for number, head in enumerate(heads))))


class Crowd:
    """The sockets of one server, and what they heard."""

    def __init__(self) -> None:
        self.sockets: list[Listener] = []
        self._left = 0
        self._sent_at: list[float] = []
        self._late: list[float] = []
        self._all_heard: asyncio.Future[float] | None = None

    def on_text(self, listener: Listener, text: bytes) -> None:
        """Count the events of a frame."""
        count = text.count(MARK)
        if not count or self._all_heard is None:
            return
        now = time.perf_counter()
        for number in range(listener.heard, listener.heard + count):
            self._late.append(now - self._sent_at[number])
        listener.heard += count
        self._left -= count
        if not self._left and not self._all_heard.done():
            self._all_heard.set_result(now)

    def expect(self, events: int) -> None:
        """From now on so many events are told, each to every socket."""
        for listener in self.sockets:
            listener.heard = 0
        self._left = events * len(self.sockets)
        self._sent_at, self._late = [], []
        self._all_heard = asyncio.get_running_loop().create_future()

    def sent(self, times: int = 1) -> None:
        """So many were just asked for."""
        self._sent_at += [time.perf_counter()] * times

    async def all_heard(self, seconds: float = 60.0) -> list[float]:
        """Wait for every event at every socket; how many seconds after it was asked for each came, unsorted.

        Raises `TimeoutError` where one was lost, and `RuntimeError` where one came twice.
        """
        assert self._all_heard is not None
        async with asyncio.timeout(seconds):
            await self._all_heard
        if len({listener.heard for listener in self.sockets}) != 1:
            raise RuntimeError("Some sockets heard more events than others.")
        self._all_heard = None
        return self._late

    def close(self) -> None:
        """Hang up."""
        for listener in self.sockets:
            listener.transport.abort()
