"""What can be counted from outside. Counting never fails and never waits."""

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


class MetricsPage(Protocol):
    """What a metrics server collects."""

    def render(self) -> tuple[bytes, str]:
        """The page and its content type."""
        ...
