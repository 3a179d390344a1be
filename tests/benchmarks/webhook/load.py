"""Telegram, as fast as it may be: `python -m tests.benchmarks.webhook.load PORT SECRET CONNECTIONS FIRST_ID COUNT`.

Posts updates over connections that stay open, on each the next one when the last is answered, and prints the seconds
that it took. Every answer has to be a 200.
"""

import asyncio
import re
import sys
import time
from collections.abc import Iterator

import msgspec
import uvloop

PATH = "/api/v1/telegram/webhook"
SIZE = 608
"""Bytes of an update: a message of two or three lines."""
CHATS = 500

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)


def update(update_id: int) -> bytes:
    """A private message, as Telegram writes it, of that many bytes."""
    who = 501_000_000 + update_id % CHATS
    name = {"first_name": "Ada", "last_name": "Lovelace", "username": "ada"}
    message = {
        "message_id": update_id % 1_000_000,
        "from": {"id": who, "is_bot": False, **name, "language_code": "en"},
        "chat": {"id": who, **name, "type": "private"},
        "date": 1_800_000_000,
        "text": "",
    }
    bare = len(msgspec.json.encode({"update_id": update_id, "message": message}))
    message["text"] = ("What is a stop order, and when do I use one? " * SIZE)[: SIZE - bare]
    return msgspec.json.encode({"update_id": update_id, "message": message})


def request(port: int, secret: str, body: bytes) -> bytes:
    """A call as Telegram makes it."""
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nAccept-Encoding: gzip, deflate\r\nConnection: keep-alive\r\n"
        f"X-Telegram-Bot-Api-Secret-Token: {secret}\r\n\r\n"
    )
    return head.encode("ascii") + body


class Caller(asyncio.Protocol):
    """One connection."""

    def __init__(self, requests: Iterator[bytes]) -> None:
        self._requests = requests
        self._heard = b""
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the start."""
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody hangs up but us."""
        if not self.done.done():
            self.done.set_exception(exc or ConnectionResetError("The server hung up."))

    def data_received(self, data: bytes) -> None:
        """Go on when the answer is whole."""
        heard = self._heard = self._heard + data
        end = heard.find(b"\r\n\r\n")
        if end < 0:
            return
        length = _LENGTH.search(heard, 0, end + 2)
        if not heard.startswith(b"HTTP/1.1 200 ") or length is None:
            self.done.set_exception(RuntimeError(f"The server answered {heard[:500]!r}."))
            self._transport.close()
        elif len(heard) >= end + 4 + int(length[1]):
            self._heard = b""
            self.next()

    def next(self) -> None:
        """Post one more."""
        body = next(self._requests, None)
        if body is not None:
            self._transport.write(body)
        else:
            self.done.set_result(None)
            self._transport.close()


async def deliver(port: int, secret: str, connections: int, first_id: int, count: int) -> float:
    """The seconds from the first call to the last answer."""
    requests = iter([request(port, secret, update(first_id + number)) for number in range(count)])
    loop = asyncio.get_running_loop()
    callers = [
        (await loop.create_connection(lambda: Caller(requests), "127.0.0.1", port))[1] for _ in range(connections)
    ]
    begun = time.perf_counter()
    for caller in callers:
        caller.next()
    await asyncio.gather(*(caller.done for caller in callers))
    return time.perf_counter() - begun


if __name__ == "__main__":
    print(uvloop.run(deliver(int(sys.argv[1]), sys.argv[2], *map(int, sys.argv[3:6]))))
