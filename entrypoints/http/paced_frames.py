"""What a client sends on a socket is taken a little at a time, so that no client keeps the loop from the others."""

import asyncio
from http import HTTPStatus
from typing import Any

from uvicorn._types import ASGIReceiveEvent, ASGISendEvent
from uvicorn.config import Config
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from websockets.frames import Frame

from entrypoints.http.socket_limits import FLOOD, TokenBucket
from entrypoints.http.unreadable import refusal

PIECE = 1_024
"""Bytes that are parsed in one turn of the loop: at most 170 frames, a millisecond."""
CONTROL_PER_SECOND, CONTROL_BURST = 100.0, 500
AFTER_CLOSE = 32 * 1024
LINGER_SECONDS = 1.0
ABORT_SECONDS = 10.0
NOT_UTF8 = 1007


class PacedProtocol(WebSocketsSansIOProtocol):
    """uvicorn's protocol, which parses all that has arrived at once: 256 KiB of the smallest frames take half a second.

    Here the next piece waits for its turn of the loop, and until the application has received what the last one held.
    Pings, pongs and pieces of messages never reach the application: they are counted here, and who sends more than
    500 at once and 100 a second after that is closed with 4029. Who goes on sending after our close frame is not read
    any more and hung up on, and so is who leaves the last bytes unread when the application has ended.
    """

    abort_seconds = ABORT_SECONDS
    __slots__ = ("_after_close", "_at", "_control", "_hanging_up", "_is_due", "_unread")

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._unread, self._at = b"", 0
        self._is_due = False
        self._after_close = AFTER_CLOSE
        self._hanging_up: asyncio.TimerHandle | None = None
        self._control = TokenBucket(CONTROL_PER_SECOND, CONTROL_BURST, self.loop.time)

    def data_received(self, data: bytes) -> None:
        """Take a piece; the rest waits, and nothing more is read meanwhile."""
        if not self.handshake_initiated:
            super().data_received(data)
            self._refuse_no_handshake()
            return
        self._unread, self._at = self._unread[self._at :] + data, 0
        if not self._is_due and not self.read_paused:
            self._take()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget what was not parsed."""
        self._unread, self._at = b"", 0
        if self._hanging_up is not None:
            self._hanging_up.cancel()
        super().connection_lost(exc)

    def on_task_complete(self, task: asyncio.Task[None]) -> None:
        """The application has ended: nobody waits longer than this for a client that does not read the last bytes."""
        super().on_task_complete(task)
        if not self.disconnected:
            self._hang_up_in(self.abort_seconds)

    async def receive(self) -> ASGIReceiveEvent:
        """Receive one message. With the last one of a piece the next piece is due."""
        message = await super().receive()
        self._go_on_soon()
        return message

    async def send(self, message: ASGISendEvent) -> None:
        """Take one ASGI message. After a close, the client's own is looked for in what was not parsed."""
        await super().send(message)
        if message["type"] == "websocket.close":
            self._go_on_soon()

    def handle_ping(self) -> None:
        """Answer, within the limit."""
        if self._is_within_limit():
            super().handle_ping()

    def handle_pong(self, event: Frame) -> None:
        """Hear it, within the limit."""
        if self._is_within_limit():
            super().handle_pong(event)

    def handle_cont(self, event: Frame) -> None:
        """Add to a message, within the limit; the application counts the whole one."""
        if event.fin or self._is_within_limit():
            super().handle_cont(event)

    def send_receive_event_to_app(self) -> None:
        """Hand a message over. Text that is no UTF-8 ends the socket, RFC 6455 section 8.1, and is no fault of ours."""
        if self.curr_msg_data_type == "text":
            try:
                b"".join(self.frames).decode()
            except UnicodeDecodeError:
                self.frames = []
                self._fail(NOT_UTF8, "the text is not UTF-8")
                return
        super().send_receive_event_to_app()

    def _refuse_no_handshake(self) -> None:
        """A request that is none for a socket, such as one with a body, is told so: uvicorn would wait for ever."""
        if self.conn.handshake_exc is not None and not self.handshake_initiated:
            self.transport.write(refusal(HTTPStatus.BAD_REQUEST))
            self.transport.close()

    def _take(self) -> None:
        if self.transport.is_closing():
            self._unread, self._at = b"", 0
            return
        piece = self._unread[self._at : self._at + PIECE]
        self._at += len(piece)
        if self.close_sent and not self._is_patient(len(piece)):
            return
        super().data_received(piece)
        if self._at < len(self._unread):
            self.transport.pause_reading()
            self._go_on_soon()
        else:
            self._unread, self._at = b"", 0

    def _go_on_soon(self) -> None:
        """The next piece, unless the application has still to receive what came."""
        if self._unread and not self._is_due and not self.read_paused:
            self._is_due = True
            self.transport.pause_reading()
            self.loop.call_soon(self._go_on)

    def _go_on(self) -> None:
        self._is_due = False
        self._take()
        if not self._unread and not self.read_paused and self._after_close > 0:
            self.transport.resume_reading()

    def _is_patient(self, size: int) -> bool:
        self._after_close -= size
        if self._after_close > 0:
            return True
        self._unread, self._at = b"", 0
        self.transport.pause_reading()
        self._hang_up_in(LINGER_SECONDS)
        return False

    def _is_within_limit(self) -> bool:
        if self.close_sent or self._control.take():
            return True
        self._fail(FLOOD, "too many pings, pongs or pieces of messages")
        return False

    def _fail(self, code: int, reason: str) -> None:
        if not self.close_sent:
            self.conn.fail(code, reason)
            self.transport.write(b"".join(self.conn.data_to_send()))
            self.close_sent = True
            self.transport.close()
            self._hang_up_in(self.abort_seconds)

    def _hang_up_in(self, seconds: float) -> None:
        """At the latest: what was to be sooner stays."""
        if self._hanging_up is not None:
            if self._hanging_up.when() <= self.loop.time() + seconds:
                return
            self._hanging_up.cancel()
        self._hanging_up = self.loop.call_later(seconds, self.transport.abort)
