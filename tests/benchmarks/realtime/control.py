"""How a benchmark tells a server what to do: lines over a connection of its own, the same for every server."""

import asyncio
import socket
from collections.abc import Callable, Mapping

Command = Callable[[], str | None]
"""Does something at once; a text is sent back as one line."""


class _Commands(asyncio.Protocol):
    def __init__(self, commands: Mapping[str, Command]) -> None:
        self._commands = commands
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Answer here."""
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        """Obey every whole line."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            answer = self._commands[line.decode()]()
            if answer is not None:
                self._transport.write(answer.encode() + b"\n")


async def obey(port: int, commands: Mapping[str, Command]) -> asyncio.Server:
    """Take commands on a port of loopback."""
    loop = asyncio.get_running_loop()
    return await loop.create_server(lambda: _Commands(commands), "127.0.0.1", port)


class Control:
    """The other end."""

    def __init__(self, port: int, is_alive: Callable[[], bool]) -> None:
        self._port = port
        self._is_alive = is_alive
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def open(self, seconds: float = 60.0) -> None:
        """Connect, as soon as the server listens; raises `RuntimeError` when its process has ended."""
        async with asyncio.timeout(seconds):
            while self._writer is None:
                if not self._is_alive():
                    raise RuntimeError("The server ended; what it printed says why.")
                try:
                    self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
                except OSError:
                    await asyncio.sleep(0.05)
        self._writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def say(self, command: str, times: int = 1) -> None:
        """Give a command, so many times at once."""
        assert self._writer is not None
        self._writer.write(f"{command}\n".encode() * times)

    async def ask(self, command: str) -> str:
        """Give a command that answers."""
        self.say(command)
        assert self._reader is not None
        return (await self._reader.readline()).decode().rstrip("\n")

    def close(self) -> None:
        """Hang up."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None
