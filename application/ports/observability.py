"""What can be counted from outside. Counting never fails and never waits."""

from dataclasses import dataclass
from typing import Protocol


class ReplyMetrics(Protocol):
    """The assistant's replies."""

    def reply_finished(self, status: str, provider: str, seconds: float) -> None:
        """A reply ended: its final status, who produced it, and how long it took from the claim to the end."""
        ...


class RequestMetrics(Protocol):
    """HTTP requests."""

    def request_finished(self, method: str, route: str, status: int, seconds: float) -> None:
        """An answer was sent. `route` is the route's template, never the path itself: paths hold ids."""
        ...


class ConnectionMetrics(Protocol):
    """Connections that clients hold open, sockets among them."""

    def connection_opened(self) -> None:
        """One more is open."""
        ...

    def connection_closed(self) -> None:
        """One less is open."""
        ...

    def connection_refused(self, reason: str) -> None:
        """One too many was refused: of its `address`, or of the whole `server`."""
        ...


class SocketMetrics(Protocol):
    """Open sockets and what goes out on them."""

    def socket_opened(self) -> None:
        """One more is open."""
        ...

    def socket_closed(self) -> None:
        """One less is open."""
        ...

    def events_sent(self, count: int) -> None:
        """So many events were handed to sockets; one event to three sockets counts three."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessUsage:
    """What this process takes; None is what the system does not tell.

    `cpu_seconds` since it began, `resident_bytes` of memory now, `open_files` with its sockets.
    """

    cpu_seconds: float | None = None
    resident_bytes: int | None = None
    open_files: int | None = None


class ProcessMetrics(Protocol):
    """The process itself."""

    def process_usage(self) -> ProcessUsage:
        """What it takes at this moment."""
        ...


class HubMetrics(SocketMetrics, ProcessMetrics, Protocol):
    """What the hub of a process counts and tells."""


class TelegramMetrics(Protocol):
    """The bot's traffic."""

    def update_ended(self, status: str, seconds: float) -> None:
        """An update left the worker: `success`, `retry`, `error` or `expired`, and how long its handler took."""
        ...

    def updates_received(self, status: str, count: int) -> None:
        """So many updates were taken in: `received`, `duplicate` or `malformed`."""
        ...

    def verification_failed(self, reason: str) -> None:
        """A webhook call was refused: `address`, `secret`, `signature`, `size` or `limit`."""
        ...

    def command_ran(self, command: str, status: str) -> None:
        """A command was handled: `success`, `refused` or `error`. Only names of the registry; others are `unknown`."""
        ...

    def message_sent(self, outcome: str) -> None:
        """Telegram answered to something we said: `sent`, `blocked`, `retry`, `failed` or `ambiguous`."""
        ...


class MetricsPage(Protocol):
    """What a metrics server collects."""

    def render(self) -> tuple[bytes, str]:
        """The page and its content type."""
        ...
