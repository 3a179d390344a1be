"""Calls that the server's protocol answers itself, past ASGI: such as come for every message to the bot.

It reads them as every request, with the same limits. Whatever is not plain goes to the application.
"""

import asyncio
from collections.abc import Coroutine
from contextvars import Context
from typing import ClassVar, Protocol

from uvicorn._types import ASGI3Application, HTTPScope
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from entrypoints.http.patience import PatientProtocol

_CLOSE = b"connection: close\r\n"


class DirectCall(Protocol):
    """One call, which the application may still have to answer."""

    def is_admitted(self) -> bool:
        """Whether nothing in its head speaks against it; else its body is not waited for."""
        ...

    def take(self, body: bytes, reply: "Reply") -> bool:
        """Answer it in time. False when the application is to answer: then nothing has happened yet."""
        ...


class DirectCalls(Protocol):
    """Which calls these are."""

    def opened(self, scope: HTTPScope) -> DirectCall | None:
        """What begins with this head; None for what is the application's, as is all that asks for an upgrade."""
        ...


class Reply:
    """The answer to one call: one of `done` and `leave`, once."""

    __slots__ = ("_connection", "_cycle")

    def __init__(self, connection: "DirectCallsProtocol", cycle: RequestResponseCycle) -> None:
        self._connection = connection
        self._cycle = cycle

    def done(self, headers: bytes) -> None:
        """Answer 200 without a body, with these lines behind what the server says in every answer. Nobody hears it who
        has left.
        """
        cycle, transport = self._cycle, self._connection.transport
        if cycle.disconnected or transport.is_closing():
            return
        cycle.response_started = cycle.response_complete = True
        last = b"\r\n" if cycle.keep_alive else _CLOSE + b"\r\n"
        transport.write(b"".join((_beginning.of(cycle.default_headers), headers, last)))
        if not cycle.keep_alive:
            transport.close()
        cycle.on_response()
        # It holds the connection, which holds the cycle.
        cycle.on_response = _nothing

    def leave(self) -> None:
        """Let the application answer."""
        self._connection.hand_on(self._cycle)

    def run(self, work: Coroutine[object, object, None]) -> None:
        """Run what leads to answers; the server waits for it before it ends."""
        connection = self._connection
        # Nobody's request id and nobody's sign-in is in that context: there may be many calls.
        task = connection.loop.create_task(work, context=Context())
        connection.tasks.add(task)
        task.add_done_callback(connection.tasks.discard)


class DirectCallsProtocol(PatientProtocol):
    """A connection on which `direct` takes its calls before the application sees them.

    A call is held until its body is whole, for `holding_seconds` at most where that takes more than one read. The
    application gets it at once where it has to say something before (100-continue, a refusal), and where its body is
    large or breaks off.
    """

    direct: ClassVar[DirectCalls | None] = None
    holding_seconds: ClassVar[float] = 1.0

    _held: tuple[RequestResponseCycle, DirectCall] | None = None
    _holding: asyncio.TimerHandle | None = None

    def data_received(self, data: bytes) -> None:
        """Read on. A call whose body is not whole yet is held, if it is admitted."""
        super().data_received(data)
        self._wait_for_body()

    def connection_lost(self, exc: Exception | None) -> None:
        """What was held breaks off."""
        super().connection_lost(exc)
        self._let_go()

    def on_body(self, body: bytes) -> None:
        """A part of a body. Of a large one no more is read until the application asks for it."""
        super().on_body(body)
        if self.flow.read_paused:
            self._let_go()

    def on_message_complete(self) -> None:
        """All is there."""
        super().on_message_complete()
        if self._held is not None:
            cycle, call = self._held
            self._release()
            self._take(cycle, call)

    def hand_on(self, cycle: RequestResponseCycle) -> None:
        """Let the application answer."""
        super()._start_asgi_task(cycle, self.app)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        call = self._opened(cycle) if app is self.app else None
        if call is not None and not cycle.more_body:
            self._take(cycle, call)
        elif call is not None:
            self._held = cycle, call
            if not self._in_head:
                # It came behind another call, and all that was read of it is there.
                self._wait_for_body()
        else:
            super()._start_asgi_task(cycle, app)

    def _opened(self, cycle: RequestResponseCycle) -> DirectCall | None:
        if self.direct is None or cycle.waiting_for_100_continue or self.flow.write_paused:
            return None
        return self.direct.opened(cycle.scope)

    def _wait_for_body(self) -> None:
        if self._held is None or self._holding is not None:
            return
        cycle, call = self._held
        if cycle.disconnected or not call.is_admitted():
            self._let_go()
        else:
            self._holding = self.loop.call_later(self.holding_seconds, self._let_go)

    def _take(self, cycle: RequestResponseCycle, call: DirectCall) -> None:
        if not call.take(bytes(cycle.body), Reply(self, cycle)):
            self.hand_on(cycle)

    def _let_go(self) -> None:
        if self._held is not None:
            cycle, _ = self._held
            self._release()
            self.hand_on(cycle)

    def _release(self) -> None:
        self._held = None
        if self._holding is not None:
            self._holding.cancel()
            self._holding = None


class _Beginning:
    """The status line and the headers that the server puts into every answer; it makes new ones every second."""

    def __init__(self) -> None:
        self._headers: list[tuple[bytes, bytes]] = []
        self._made = b""

    def of(self, headers: list[tuple[bytes, bytes]]) -> bytes:
        if headers is not self._headers:
            self._headers = headers
            self._made = b"HTTP/1.1 200 OK\r\n" + b"".join(b"%s: %s\r\n" % header for header in headers)
        return self._made


def _nothing() -> None:
    """Who was answered is not answered again."""


_beginning = _Beginning()
