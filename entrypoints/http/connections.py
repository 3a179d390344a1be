"""How many connections are open at once, of everybody and of each address; one too many hears so and is closed."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from enum import Enum
from functools import partial
from http import HTTPStatus
from typing import ClassVar, cast

from application.addresses import neighbourhood
from application.ports.observability import ConnectionMetrics
from entrypoints.http.client_address import Network, is_trusted
from entrypoints.http.direct_calls import DirectCalls, DirectCallsProtocol
from entrypoints.http.direct_frames import DirectProtocol
from entrypoints.settings import Settings

RETRY_SECONDS = 5

_PER_ADDRESS = 500
_MOST = 65_536
_RESERVE = 256
_SPARE = 32
_TELLING_SECONDS = 60.0

_log = logging.getLogger(__name__)


class Full(Enum):
    """Why a connection is refused, and the answer to it."""

    ADDRESS = (HTTPStatus.TOO_MANY_REQUESTS, "Your address has as many connections open as this server allows it.\n")
    SERVER = (HTTPStatus.SERVICE_UNAVAILABLE, "This server has as many connections open as it takes.\n")

    def answer(self) -> bytes:
        """The whole answer, on the wire."""
        status, text = self.value
        head = (
            f"HTTP/1.1 {status.value} {status.phrase}\r\n"
            "content-type: text/plain; charset=utf-8\r\n"
            f"content-length: {len(text)}\r\n"
            f"retry-after: {RETRY_SECONDS}\r\n"
            "cache-control: no-store\r\n"
            "x-content-type-options: nosniff\r\n"
            "connection: close\r\n\r\n"
        )
        return (head + text).encode("ascii")


class Connections:
    """The open connections of this process: at most `most`, and `most_per_address` from one address.

    Addresses of IPv6 count by their /64; `trusted` proxies may have any number. Beyond `most` an address without any
    gets one of a few spare ones: whoever looks after the server's health still finds it alive.
    """

    def __init__(
        self, most: int, most_per_address: int, trusted: Sequence[Network], metrics: ConnectionMetrics
    ) -> None:
        self.most = most
        self.most_per_address = most_per_address
        self._spare = min(_SPARE, max(1, most // 4))
        self._trusted = trusted
        self._metrics = metrics
        self._open = 0
        self._from: Counter[str | None] = Counter()
        self._told: dict[Full, float] = {}

    def enter(self, peer: str | None) -> Callable[[], None] | Full:
        """Count one more from this address: what to call once when it is lost, or why it is refused."""
        address = neighbourhood(peer)
        full = self._full(peer, address)
        if full is not None:
            self._metrics.connection_refused(full.name.lower())
            return full
        self._open += 1
        self._from[address] += 1
        self._metrics.connection_opened()
        return partial(self._leave, address)

    def tell(self, full: Full, peer: str | None, now: float) -> None:
        """Say in the log that connections are refused, once a minute; `now` in seconds of a steady clock."""
        if now - self._told.get(full, -_TELLING_SECONDS) >= _TELLING_SECONDS:
            self._told[full] = now
            fields = {"reason": full.name.lower(), "client": peer, "open": self._open}
            _log.warning("connections_refused", extra=fields)

    def _full(self, peer: str | None, address: str | None) -> Full | None:
        held = self._from[address]
        if peer is not None and held >= self.most_per_address and not is_trusted(peer, self._trusted):
            return Full.ADDRESS
        return Full.SERVER if self._open >= self.most + (0 if held else self._spare) else None

    def _leave(self, address: str | None) -> None:
        self._open -= 1
        self._from[address] -= 1
        if not self._from[address]:
            del self._from[address]
        self._metrics.connection_closed()


def connections_of(settings: Settings, metrics: ConnectionMetrics, open_files: int | None) -> Connections:
    """What the settings allow, else what `open_files` leaves beside the database and files."""
    most = settings.http.connections or most_with(open_files)
    per_address = settings.http.connections_per_address or max(1, min(_PER_ADDRESS, most // 2))
    return Connections(most, per_address, settings.trusted_proxies, metrics)


def most_with(open_files: int | None) -> int:
    """So many connections leave enough of that limit to everything else; None is no limit."""
    if open_files is None:
        return _MOST
    return max(1, min(_MOST, open_files - min(_RESERVE, open_files // 2)))


def counted(connections: Connections, calls: DirectCalls | None = None) -> type["CountedProtocol"]:
    """The protocol whose connections are counted here, and which takes these calls itself."""

    class Counted(CountedProtocol):
        counted_in = connections
        direct = calls

    return Counted


class CountedProtocol(DirectCallsProtocol):
    """A connection that takes a place, as a socket later on, too; without one it is refused unread."""

    counted_in: ClassVar[Connections]

    _leave: Callable[[], None]

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a place."""
        peer = transport.get_extra_info("peername")
        address = peer[0] if isinstance(peer, tuple) else None
        place = self.counted_in.enter(address)
        if isinstance(place, Full):
            self.counted_in.tell(place, address, self.loop.time())
            transport.set_protocol(asyncio.Protocol())
            transport.write(place.answer())
            transport.close()
            return
        self._leave = place
        super().connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Leave the place."""
        self._leave()
        super().connection_lost(exc)

    def handle_websocket_upgrade(self) -> None:
        """Hand the place over."""
        super().handle_websocket_upgrade()
        cast("CountedSocket", self.transport.get_protocol()).leave = self._leave


class CountedSocket(DirectProtocol):
    """A socket with the place of the connection that it was."""

    __slots__ = ("leave",)

    leave: Callable[[], None]

    def connection_lost(self, exc: Exception | None) -> None:
        """Leave the place."""
        self.leave()
        super().connection_lost(exc)
