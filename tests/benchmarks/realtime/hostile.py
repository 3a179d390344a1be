"""Clients that mean no good, in a process of their own.

`python -m tests.benchmarks.realtime.hostile PORT CONTROL_PORT`

Standard input is JSON: access `tokens`, one for each client at most, and the place (`epoch`, `offset`) that is resumed
from. A command begins one kind of hostility, `calm` ends it, `done` answers how often each thing was done.
"""

import asyncio
import json
import socket
import sys
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

import uvloop

from tests.benchmarks.realtime.control import Command, obey
from tests.benchmarks.realtime.crowd import Listener, request

COME_BACK_SECONDS = 0.1
MASK = b"mask"
DEAF = 10
AT_ONCE = 64 * 1024
"""Bytes of junk that are sent at once, and again as long as the server takes them."""


def masked(first: int, payload: bytes) -> bytes:
    """One masked frame of any size."""
    size = len(payload)
    if size < 126:
        head = bytes([first, 0x80 | size])
    elif size < 1 << 16:
        head = bytes([first, 0xFE]) + size.to_bytes(2, "big")
    else:
        head = bytes([first, 0xFF]) + size.to_bytes(8, "big")
    key = (MASK * (size // 4 + 1))[:size]
    return head + MASK + (int.from_bytes(payload) ^ int.from_bytes(key)).to_bytes(size)


JUNK: Mapping[str, bytes] = {
    "no JSON": masked(0x81, b"nonsense"),
    "deep JSON": masked(0x81, b"[" * 20_000),
    "unknown type": masked(0x81, b'{"type":"nosuch","request_id":"r"}'),
    "well-formed, at once": masked(0x81, b'{"type":"ping"}'),
    "asks for what is not theirs": masked(0x81, b'{"type":"subscribe","channel":"alerts"}'),
    "binary": masked(0x82, bytes(1_000)),
    "too large": masked(0x81, b'{"type":"ping","pad":"' + b"x" * 200_000 + b'"}'),
    "larger than is taken": masked(0x81, bytes(1_000_000)),
    "not UTF-8": masked(0x81, b"\xff\xfe"),
    "empty": masked(0x81, b""),
    "unmasked": b"\x81\x04junk",
    "reserved bits": masked(0xF1, b"junk"),
    "endless pieces": masked(0x01, b"") + masked(0x00, b"") * 10_000,
    "protocol pings": masked(0x89, bytes(125)),
    "protocol pongs": masked(0x8A, b""),
}


class Hostility:
    """What is going on, and what was done."""

    def __init__(self, port: int, tokens: Sequence[str], place: Mapping[str, Any]) -> None:
        self._port = port
        self._heads = [request("/api/v1/ws", port, f"Authorization: Bearer {token}") for token in tokens]
        self._place = place
        self._tasks: list[asyncio.Task[None]] = []
        self.done = Counter[str]()

    @property
    def commands(self) -> Mapping[str, Command]:
        """What can be told to do."""
        return {
            "junk": lambda: self._begin([self._sends(number, kind) for number, kind in enumerate(JUNK)]),
            "deaf": lambda: self._begin([self._never_reads(number) for number in range(DEAF)]),
            "return 1": lambda: self._begin([self._returns(0)]),
            "return 10": lambda: self._begin([self._returns(number) for number in range(10)]),
            "calm": self.calm,
            "done": lambda: json.dumps(self.done),
        }

    def calm(self) -> None:
        """End it."""
        for task in self._tasks:
            task.cancel()
        self._tasks.clear()

    def _begin(self, hostilities: Sequence[Coroutine[Any, Any, None]]) -> None:
        self.done.clear()
        self._tasks += [asyncio.create_task(each) for each in hostilities]

    async def _sends(self, number: int, kind: str) -> None:
        """Junk without an end; hung up on, it is back after 100 ms."""
        junk = JUNK[kind] * max(1, AT_ONCE // len(JUNK[kind]))
        while True:
            listener = await self._open(number, lambda _listener, text: None)
            closed = listener.closed
            try:
                while not closed.done():
                    listener.transport.write(junk)
                    self.done["bytes"] += len(junk)
                    while listener.transport.get_write_buffer_size() and not closed.done():
                        await asyncio.wait([closed], timeout=0.01)
                    await asyncio.sleep(0)
                self.done["hung up on"] += 1
            finally:
                listener.transport.abort()
            await asyncio.sleep(COME_BACK_SECONDS)

    async def _never_reads(self, number: int) -> None:
        """Asks for all that was missed as often as is allowed, and reads none of it."""
        asked = [self._subscribe("system"), *[self._subscribe("guides", **self._place)] * 40]
        while True:
            listener = await self._open(number, lambda _listener, text: None, receive_buffer=4_096)
            try:
                listener.transport.pause_reading()
                for each in asked:
                    listener.transport.write(masked(0x81, each))
                    self.done["asked, not read"] += 1
                    await asyncio.sleep(0.04)
                self.done["given up"] += 1
            finally:
                listener.transport.abort()

    async def _returns(self, number: int) -> None:
        """Subscribes from its place, hears what it missed, and hangs up; every 100 ms."""
        loop = asyncio.get_running_loop()
        await asyncio.sleep(COME_BACK_SECONDS * number / 10)
        while True:
            due = loop.time() + COME_BACK_SECONDS
            heard = loop.create_future()

            def hear(listener: Listener, text: bytes, heard: asyncio.Future[None] = heard) -> None:
                if text.startswith(b'{"type":"welcome"'):
                    listener.send(self._subscribe("system"))
                    listener.send(self._subscribe("guides", **self._place))
                elif b'"recovered":true' in text and not heard.done():
                    heard.set_result(None)

            listener = await self._open(number, hear)
            try:
                await heard
                self.done["returned"] += 1
            finally:
                listener.transport.abort()
            await asyncio.sleep(max(0.0, due - loop.time()))

    async def _open(
        self, number: int, on_text: Callable[[Listener, bytes], None], receive_buffer: int | None = None
    ) -> "Uninvited":
        client = socket.socket()
        client.setblocking(False)
        if receive_buffer is not None:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(client, ("127.0.0.1", self._port))
        _, listener = await loop.create_connection(lambda: Uninvited(number, self._heads[number], on_text), sock=client)
        await listener.opened
        self.done["opened"] += 1
        return listener

    @staticmethod
    def _subscribe(channel: str, **place: object) -> bytes:
        return json.dumps({"type": "subscribe", "channel": channel, **place}).encode()


class Uninvited(Listener):
    """A listener that says when it was hung up on."""

    def __init__(self, number: int, head: bytes, on_text: Callable[[Listener, bytes], None]) -> None:
        super().__init__(number, head, on_text)
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_lost(self, exc: Exception | None) -> None:
        """Say so."""
        super().connection_lost(exc)
        if not self.closed.done():
            self.closed.set_result(None)


async def _serve(port: int, control_port: int, given: Mapping[str, Any]) -> None:
    hostility = Hostility(port, given["tokens"], given["place"])
    await obey(control_port, hostility.commands)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1]), int(sys.argv[2]), json.load(sys.stdin)))
