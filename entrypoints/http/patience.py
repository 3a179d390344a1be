"""HTTP connections on which nobody can hold the server up: heads, bodies and readers get only so long."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from http import HTTPStatus
from typing import ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from entrypoints.http.unreadable import refusal

_log = logging.getLogger(__name__)


class PatientProtocol(HttpToolsProtocol):
    """A connection with limits.

    A head is complete within `head_seconds` of its first byte, the first one of the connection itself, and holds at
    most `max_head_bytes`. A body is complete within `body_seconds`. A reader takes something at least every
    `reading_seconds`. A connection on which nothing came, as browsers open them in advance, is closed without a word.

    A request that breaks off is refused behind the answers to those before it. One that is being answered already gets
    the rest of that answer.
    """

    head_seconds: ClassVar[float] = 10.0
    body_seconds: ClassVar[float] = 40.0
    reading_seconds: ClassVar[float] = 60.0
    lingering_seconds: ClassVar[float] = 1.0
    last_look_seconds: ClassVar[float] = 0.05
    max_head_bytes: ClassVar[int] = 65_536

    _arriving: asyncio.TimerHandle | None = None
    _leaving: asyncio.TimerHandle | None = None
    _has_spoken = False
    _in_head = True
    _is_whole = False
    _is_refused = False
    _received = 0
    _head_size = 0
    _refusal = HTTPStatus.BAD_REQUEST
    _unfinished: RequestResponseCycle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Expect the first head."""
        super().connection_made(transport)
        self._expect(self.head_seconds, self._head_is_late)

    def connection_lost(self, exc: Exception | None) -> None:
        """Expect nothing any more."""
        self._arrived()
        self.resume_writing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on; a head that is not complete yet has to be soon, and small."""
        if self._is_refused:
            return
        self._has_spoken = True
        self._is_whole = False
        super().data_received(data)
        if not self._expects_more_of_a_head():
            return
        if self._received > self.max_head_bytes:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
            return
        # What one read brings may end the request before: it counts from the next read on.
        self._received += len(data)
        if self._arriving is None:
            self._expect(self.head_seconds, self._head_is_late)

    def on_message_begin(self) -> None:
        """A head begins."""
        super().on_message_begin()
        self._is_whole = False
        self._head_size = 0

    def on_url(self, url: bytes) -> None:
        """A part of the address."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header."""
        self._count(len(name) + len(value))
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is there; the body follows."""
        self._require_one_host()
        self._expect(self.body_seconds, self._body_is_late)
        before = self.cycle
        super().on_headers_complete()
        self._in_head = False
        # A handshake has none of its own.
        self._unfinished = None if self.cycle is before else self.cycle

    def on_message_complete(self) -> None:
        """All is there. A next head may begin when it likes, as long as the connection is kept."""
        self._arrived()
        self._in_head, self._is_whole, self._received = True, True, 0
        self._unfinished = None
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """One answer is sent; what was refused behind the last of them hears so now."""
        is_last = not self.pipeline
        super().on_response_complete()
        if self._is_refused and is_last:
            self._say_refusal()

    def handle_websocket_upgrade(self) -> None:
        """The socket keeps its own time."""
        self._arrived()
        self._in_head = False
        super().handle_websocket_upgrade()
        # Each holds the other: thousands of sockets would keep theirs until a late collection.
        del self.parser

    def send_400_response(self, msg: str) -> None:
        """Refuse what cannot be read, as a problem document."""
        self._refuse(self._refusal)

    def pause_writing(self) -> None:
        """The client does not read: it has so long to begin again."""
        super().pause_writing()
        self._leaving = self.loop.call_later(self.reading_seconds, self._give_up)

    def resume_writing(self) -> None:
        """The client reads again."""
        if self._leaving is not None:
            self._leaving.cancel()
            self._leaving = None
        super().resume_writing()

    def _expects_more_of_a_head(self) -> bool:
        return self._in_head and not self._is_whole and not self._is_refused and not self.transport.is_closing()

    def _require_one_host(self) -> None:
        # RFC 9112, section 3.2: whoever stands in front may have gone by another one than we would.
        hosts = [name for name, _ in self.headers].count(b"host")
        if hosts > 1 or (hosts == 0 and self.parser.get_http_version() == "1.1"):
            raise ValueError(f"one header Host is expected; {hosts} came")

    def _count(self, size: int) -> None:
        self._head_size += size
        if self._head_size > self.max_head_bytes:
            self._refusal = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
            raise ValueError("the head is too large")

    def _expect(self, seconds: float, otherwise: Callable[[], None]) -> None:
        self._arrived()
        self._arriving = self.loop.call_later(seconds, otherwise)

    def _arrived(self) -> None:
        if self._arriving is not None:
            self._arriving.cancel()
            self._arriving = None

    def _head_is_late(self) -> None:
        self._arriving = None
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is not None and not cycle.response_complete:
            # An answer is on its way still; the head after it may wait that long.
            self._expect(self.head_seconds, self._head_is_late)
            return
        self._expect(self.last_look_seconds, self._head_is_over)

    def _head_is_over(self) -> None:
        # After a busy moment a timer runs before what has arrived meanwhile is read: that is why it had a last look.
        self._arriving = None
        if self._has_spoken:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT)
        else:
            self.transport.close()

    def _body_is_late(self) -> None:
        self._expect(self.last_look_seconds, self._body_is_over)

    def _body_is_over(self) -> None:
        # A handler that reads the body has answered before; nobody waits for this one any more.
        self._arriving = None
        if self._unfinished is None or self._unfinished.response_complete:
            self.transport.close()
        else:
            self._give_up()

    def _give_up(self) -> None:
        if not self.transport.is_closing():
            _log.info("connection_given_up", extra={"client": self.client[0] if self.client else None})
            self.transport.abort()

    def _refuse(self, status: HTTPStatus) -> None:
        if self._is_refused or self.transport.is_closing():
            return
        _log.info("request_refused", extra={"status": status.value, "client": self.client[0] if self.client else None})
        self._is_refused, self._refusal = True, status
        latest: RequestResponseCycle | None = self.cycle
        unfinished = self._unfinished
        if unfinished is None:
            is_awaited = latest is not None and not latest.response_complete
        elif unfinished.response_started:
            self._end_after(unfinished)
            return
        else:
            is_awaited = self._withdraw(unfinished)
        if is_awaited:
            self._arrived()
        else:
            self._say_refusal()

    def _withdraw(self, unfinished: RequestResponseCycle) -> bool:
        """The refusal answers this request, and nothing else does; True when others before it are to be answered."""
        unfinished.disconnected, unfinished.waiting_for_100_continue = True, False
        unfinished.message_event.set()
        queued = len(self.pipeline)
        self.pipeline = deque(entry for entry in self.pipeline if entry[0] is not unfinished)
        return len(self.pipeline) < queued

    def _end_after(self, answering: RequestResponseCycle) -> None:
        # A second answer to one request would be taken for part of the first, or for the answer to another.
        if answering.response_complete:
            self._end()
        else:
            answering.keep_alive = False

    def _say_refusal(self) -> None:
        if not self.transport.is_closing():
            self.transport.write(refusal(self._refusal))
            self._end()

    def _end(self) -> None:
        self.transport.write_eof()
        # Closing while the client still sends would reset the connection, and the answer would be lost with it.
        self._expect(self.lingering_seconds, self.transport.close)
