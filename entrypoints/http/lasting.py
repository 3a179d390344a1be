"""What goes on for hours on a connection, without the handlers and middleware that led to it."""

from collections.abc import Awaitable, Callable
from typing import Any

from litestar.connection import WebSocket
from litestar.types import ASGIApp, Receive, Scope, Send

_KEY = "guildhall.lasting"


class Lasting:
    """The server's own ends of a connection, and what is to be done with them once everything in between has ended."""

    __slots__ = ("receive", "rest", "send")

    def __init__(self, receive: Receive, send: Send) -> None:
        self.receive = receive
        self.send = send
        self.rest: Callable[[], Awaitable[None]] | None = None


class BareSocket(WebSocket[Any, Any, Any]):
    """A socket that goes when nobody holds it: what would watch over its state holds it, in a circle."""

    def receive_wrapper(self, receive: Receive) -> Receive:
        """As it is."""
        return receive

    def send_wrapper(self, send: Send) -> Send:
        """As it is."""
        return send


async def run(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Run an application, and then what its handler has left."""
    lasting = Lasting(receive, send)
    scope[_KEY] = lasting  # type: ignore[literal-required]
    try:
        await app(scope, receive, send)
    finally:
        take_lasting(scope)
    if lasting.rest is not None:
        rest = lasting.rest()
        # Nothing asks for them any more.
        scope["headers"], scope["state"], scope["extensions"] = [], {}, None
        del lasting
        await rest


def take_lasting(scope: Scope) -> Lasting | None:
    """Where a handler leaves what outlasts it; None where nobody looks after it."""
    taken: Lasting | None = scope.pop(_KEY, None)  # type: ignore[misc]
    return taken
