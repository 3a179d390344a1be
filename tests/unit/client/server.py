"""A server played by the test: sockets in memory, and time that passes when the test says so."""

import asyncio
from collections import deque
from collections.abc import Mapping
from typing import Any

import msgspec

from adapters.client import Backoff, Event, Place, RealtimeClient
from adapters.client.errors import Disconnected
from adapters.client.sockets import Socket

EPOCH = "e1"


class PlayedSocket(Socket):
    """One connection: what the client said, and what it is told."""

    def __init__(self, token: str) -> None:
        self.token = token
        self.said: list[Mapping[str, Any]] = []
        self.is_closed = False
        self._frames: deque[str | Disconnected] = deque()
        self._wake = asyncio.Event()

    def tell(self, kind: str, **fields: object) -> None:
        self.tell_text(msgspec.json.encode({"type": kind, **fields}).decode())

    def tell_text(self, text: str) -> None:
        self._frames.append(text)
        self._wake.set()

    def event(self, offset: int, channel: str = "guides", kind: str = "guide_updated", **fields: object) -> None:
        self.tell(kind, channel=channel, epoch=EPOCH, offset=offset, **fields)

    def welcome(self, **fields: object) -> None:
        self.tell("welcome", connection_id="c", **fields)

    def subscribed(self, offset: int, channel: str = "guides", *, recovered: bool = False) -> None:
        self.tell("subscribed", channel=channel, epoch=EPOCH, offset=offset, recovered=recovered)

    def cut(self, code: int = 1006, reason: str = "") -> None:
        self._frames.append(Disconnected(code, reason))
        self._wake.set()

    def of_type(self, kind: str) -> list[Mapping[str, Any]]:
        return [frame for frame in self.said if frame["type"] == kind]

    async def send(self, text: str) -> None:
        self.said.append(msgspec.json.decode(text))

    async def receive(self) -> str:
        while not self._frames:
            self._wake.clear()
            await self._wake.wait()
        frame = self._frames.popleft()
        if isinstance(frame, Disconnected):
            raise frame
        return frame

    async def close(self) -> None:
        self.is_closed = True


class PlayedServer:
    """Opens sockets for a client and remembers how long it waited between them."""

    def __init__(self) -> None:
        self.sockets: list[PlayedSocket] = []
        self.waits: list[float] = []
        self.has_waited = asyncio.Event()
        self.renewed: list[bool] = []
        self.unreachable = 0
        self._sleeping: list[asyncio.Future[None]] = []

    @property
    def socket(self) -> PlayedSocket:
        return self.sockets[-1]

    def client(self, **options: Any) -> RealtimeClient:
        tokens = options.pop("tokens", self._token)
        backoff = Backoff(chance=lambda: 1.0)
        return RealtimeClient(
            "ws://house/api/v1/ws", tokens, connect=self._connect, sleep=self._sleep, backoff=backoff, **options
        )

    async def reconnect(self) -> PlayedSocket:
        """Let every wait end; the new connection, welcomed."""
        before = len(self.sockets)
        while len(self.sockets) == before:
            self.wake()
            await settled()
        self.socket.welcome()
        await settled()
        return self.socket

    def wake(self) -> None:
        """All who sleep have slept enough."""
        sleeping, self._sleeping = self._sleeping, []
        for sleeper in sleeping:
            if not sleeper.done():
                sleeper.set_result(None)

    async def _token(self, renew: bool) -> str:
        self.renewed.append(renew)
        return f"token {len(self.renewed)}"

    async def _connect(self, url: str, token: str) -> PlayedSocket:
        if self.unreachable:
            self.unreachable -= 1
            raise Disconnected(1006, "nobody there")
        self.sockets.append(PlayedSocket(token))
        return self.socket

    async def _sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.has_waited.set()
        sleeper: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleeping.append(sleeper)
        await sleeper


async def settled() -> None:
    for _ in range(30):
        await asyncio.sleep(0)


def place(offset: int) -> Place:
    return Place(EPOCH, offset)


def offsets(events: list[Event]) -> list[int]:
    return [event.place.offset for event in events if event.place is not None]
