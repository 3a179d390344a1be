"""The socket itself, by the `websockets` library."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from adapters.client.errors import Disconnected

LARGEST_FRAME = 16 * 1024 * 1024
OPENING_SECONDS = 10.0
# The server takes 60 frames at once and 30 a second after that.
AT_ONCE, ROOM_AGAIN_SECONDS = 40, 2.0


class Socket(Protocol):
    """An open socket. `send` and `receive` raise `Disconnected` when it is gone."""

    async def send(self, text: str) -> None:
        """Send one frame."""
        ...

    async def receive(self) -> str:
        """The next frame; waits for it."""
        ...

    async def close(self) -> None:
        """Close it; a closed one is left alone."""
        ...


Connect = Callable[[str, str], Awaitable[Socket]]


async def open_socket(url: str, token: str) -> Socket:
    """Open a socket with an access token; raises `Disconnected` when there is nobody to open it."""
    try:
        connection = await connect(
            url,
            additional_headers={"Authorization": f"Bearer {token}"},
            open_timeout=OPENING_SECONDS,
            max_size=LARGEST_FRAME,
        )
    except (OSError, TimeoutError, InvalidHandshake) as error:
        raise Disconnected(1006, str(error)) from error
    return _WebSocket(connection)


async def send_all(socket: Socket, outgoing: asyncio.Queue[str]) -> None:
    """Send what is said, in its order and no faster than the server takes it, until the socket is gone, which whoever
    receives hears of too.
    """
    room, later = asyncio.Semaphore(AT_ONCE), asyncio.get_running_loop().call_later
    try:
        while True:
            text = await outgoing.get()
            await room.acquire()
            later(ROOM_AGAIN_SECONDS, room.release)
            await socket.send(text)
    except Disconnected:
        return


def frames_of(text: str) -> list[Mapping[str, Any]]:
    """The events that a frame carries: one, or several in a row. Raises `Disconnected` for nonsense."""
    try:
        decoded = msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise Disconnected(1007, f"unreadable frame: {error}") from error
    return decoded if isinstance(decoded, list) else [decoded]


class _WebSocket(Socket):
    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    async def send(self, text: str) -> None:
        try:
            await self._connection.send(text)
        except ConnectionClosed as closed:
            raise _gone(closed) from closed

    async def receive(self) -> str:
        try:
            return await self._connection.recv(decode=True)
        except ConnectionClosed as closed:
            raise _gone(closed) from closed

    async def close(self) -> None:
        await self._connection.close()


def _gone(closed: ConnectionClosed) -> Disconnected:
    return Disconnected(closed.rcvd.code, closed.rcvd.reason) if closed.rcvd is not None else Disconnected(1006)
