"""One event to a thousand sockets: its frame is built once, and written without an ASGI message."""

import asyncio
from typing import Any, Protocol

from uvicorn._types import ASGIReceiveEvent, ASGISendEvent
from uvicorn.config import Config
from uvicorn.server import ServerState
from websockets.http11 import Request
from websockets.protocol import State

from entrypoints.http.paced_frames import PacedProtocol

EXTENSION = "guildhall.direct_frames"
"""Where an ASGI scope offers its `DirectFrames`."""

_TEXT = b"\x81"


class DirectFrames(Protocol):
    """An open socket that takes frames beside its ASGI messages, as long as nothing has to be waited for."""

    def write_text(self, text: str) -> bool:
        """Send a text frame; False where the client does not keep up or is gone, and nothing was sent."""
        ...


class Inbox:
    """What a socket's application has still to receive, for the one task that does.

    `asyncio.Queue` keeps room for many.
    """

    __slots__ = ("_events", "_waiter")

    def __init__(self) -> None:
        self._events: list[ASGIReceiveEvent] = []
        self._waiter: asyncio.Future[None] | None = None

    def empty(self) -> bool:
        """Whether everything was received."""
        return not self._events

    def put_nowait(self, event: ASGIReceiveEvent) -> None:
        """Add one."""
        self._events.append(event)
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def get(self) -> ASGIReceiveEvent:
        """The next one, as soon as there is one."""
        while not self._events:
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        return self._events.pop(0)


class DirectProtocol(PacedProtocol):
    """The server's protocol, which offers itself as `DirectFrames` to the application.

    Everything else goes by ASGI messages, and so does a frame whose client does not keep up: that one waits.
    """

    # What uvicorn keeps of a socket, in places of its own: a dictionary of so many names takes five times as much.
    __slots__ = (
        "_takes_more",
        "app",
        "app_state",
        "asgi_version",
        "client",
        "close_sent",
        "close_timeout",
        "close_timer",
        "config",
        "conn",
        "connections",
        "curr_msg_data_type",
        "default_headers",
        "disconnected",
        "frames",
        "handshake_complete",
        "handshake_initiated",
        "initial_response",
        "last_ping_rtt",
        "logger",
        "loop",
        "pending_ping_payload",
        "ping_interval",
        "ping_sent_at",
        "ping_timeout",
        "ping_timer",
        "pong_timer",
        "queue",
        "read_paused",
        "request",
        "response",
        "root_path",
        "scheme",
        "scope",
        "server",
        "tasks",
        "transport",
        "writable",
    )

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.queue = Inbox()  # type: ignore[assignment]
        self.writable = _writable
        self._takes_more = True

    def connection_lost(self, exc: Exception | None) -> None:
        """Take nothing any more."""
        self._takes_more = False
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """The client does not keep up."""
        self._takes_more = False
        self.writable = asyncio.Event()

    def resume_writing(self) -> None:
        """The client has caught up."""
        self._takes_more = True
        self.writable.set()
        self.writable = _writable

    def handle_connect(self, event: Request) -> None:
        """Begin the application; it starts in the next turn of the loop."""
        super().handle_connect(event)
        if self.handshake_initiated and not self.handshake_complete:
            extensions: dict[str, Any] = self.scope["extensions"]
            extensions[EXTENSION] = self

    async def send(self, message: ASGISendEvent) -> None:
        """Take one ASGI message. An open socket has no more use for its handshake."""
        await super().send(message)
        if message["type"] == "websocket.accept" and self.handshake_complete:
            self.request.headers.clear()
            del self.request, self.response, self.scope

    def write_text(self, text: str) -> bool:
        if not self._takes_more or self.conn.state is not State.OPEN:
            return False
        try:
            self.transport.write(_last.of(text))
        except RuntimeError:
            # uvloop, between a connection's end and the moment it says so.
            return False
        return True


class _Framed:
    """The frame made last. An event's text is one object, and all its sockets are written one after another."""

    def __init__(self) -> None:
        self._text, self._frame = "", _framed(b"")

    def of(self, text: str) -> bytes:
        if text is not self._text:
            self._text, self._frame = text, _framed(text.encode())
        return self._frame


def _framed(payload: bytes) -> bytes:
    """One unmasked, uncompressed text frame, RFC 6455 section 5.2."""
    size = len(payload)
    if size < 126:
        return _TEXT + size.to_bytes(1, "big") + payload
    if size < 1 << 16:
        return _TEXT + b"\x7e" + size.to_bytes(2, "big") + payload
    return _TEXT + b"\x7f" + size.to_bytes(8, "big") + payload


_last = _Framed()

_writable = asyncio.Event()
"""Of every socket whose client keeps up: one that does not gets its own, to wait for."""
_writable.set()
