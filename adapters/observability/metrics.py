"""Metrics for Prometheus."""

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from application.ports.audit import AuditMetrics
from application.ports.observability import (
    ConnectionMetrics,
    HubMetrics,
    MetricsPage,
    ProcessUsage,
    ReplyMetrics,
    RequestMetrics,
)

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "WEBSOCKET"})
_REQUEST_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_REPLY_BUCKETS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0)


class Metrics(RequestMetrics, ConnectionMetrics, HubMetrics, ReplyMetrics, AuditMetrics, MetricsPage):
    """Everything this process counts, in a registry of its own: two in one process don't meet."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        registry = self.registry
        self._process = ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        self._requests = Counter(
            "guildhall_http_requests", "HTTP requests answered.", ["method", "route", "status"], registry=registry
        )
        self._request_seconds = Histogram(
            "guildhall_http_request_seconds",
            "Time to answer an HTTP request.",
            ["method", "route"],
            buckets=_REQUEST_BUCKETS,
            registry=registry,
        )
        self._series: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        self._connections = Gauge(
            "guildhall_http_connections", "Open connections, sockets among them.", registry=registry
        )
        self._refused = Counter(
            "guildhall_http_connections_refused", "Connections beyond a limit.", ["reason"], registry=registry
        )
        self._sockets = Gauge("guildhall_websocket_connections", "Open sockets.", registry=registry)
        self._events = Counter(
            "guildhall_websocket_events_sent", "Events handed to sockets, counted per socket.", registry=registry
        )
        self._replies = Counter(
            "guildhall_chat_replies", "Replies that ended.", ["status", "provider"], registry=registry
        )
        self._reply_seconds = Histogram(
            "guildhall_chat_reply_seconds",
            "Time from claiming a reply to its end.",
            ["provider"],
            buckets=_REPLY_BUCKETS,
            registry=registry,
        )
        self._audit_failures = Counter(
            "guildhall_audit_failures", "Lines of the audit trail that were lost.", ["action"], registry=registry
        )

    def request_finished(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count an answer. A method that nobody serves is `other`, so that a client cannot make up series."""
        key = (method if method in _METHODS else "other", route, status)
        series = self._series.get(key)
        if series is None:
            # Finding them by their labels takes longer than counting.
            series = self._requests.labels(*key), self._request_seconds.labels(*key[:2])
            self._series[key] = series
        answered, took = series
        answered.inc()
        took.observe(seconds)

    def connection_opened(self) -> None:
        """One more."""
        self._connections.inc()

    def connection_closed(self) -> None:
        """One less."""
        self._connections.dec()

    def connection_refused(self, reason: str) -> None:
        """Count a refused one."""
        self._refused.labels(reason).inc()

    def socket_opened(self) -> None:
        """One more."""
        self._sockets.inc()

    def socket_closed(self) -> None:
        """One less."""
        self._sockets.dec()

    def events_sent(self, count: int) -> None:
        """Count events as sockets got them."""
        self._events.inc(count)

    def reply_finished(self, status: str, provider: str, seconds: float) -> None:
        """Count a reply."""
        self._replies.labels(status, provider).inc()
        self._reply_seconds.labels(provider).observe(seconds)

    def audit_failed(self, action: str) -> None:
        """Count a lost line."""
        self._audit_failures.labels(action).inc()

    def process_usage(self) -> ProcessUsage:
        """What the system tells of this process; nothing where there is no `/proc`."""
        found = {sample.name: sample.value for family in self._process.collect() for sample in family.samples}
        return ProcessUsage(
            cpu_seconds=found.get("process_cpu_seconds_total"),
            resident_bytes=_whole(found.get("process_resident_memory_bytes")),
            open_files=_whole(found.get("process_open_fds")),
        )

    def render(self) -> tuple[bytes, str]:
        """The text format of Prometheus."""
        return generate_latest(self.registry), CONTENT_TYPE_LATEST


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)


class NullMetrics(RequestMetrics, ConnectionMetrics, HubMetrics, ReplyMetrics, AuditMetrics, MetricsPage):
    """Counts nothing: for scripts and tests that don't look."""

    def request_finished(self, method: str, route: str, status: int, seconds: float) -> None:
        """Nothing."""

    def connection_opened(self) -> None:
        """Nothing."""

    def connection_closed(self) -> None:
        """Nothing."""

    def connection_refused(self, reason: str) -> None:
        """Nothing."""

    def socket_opened(self) -> None:
        """Nothing."""

    def socket_closed(self) -> None:
        """Nothing."""

    def events_sent(self, count: int) -> None:
        """Nothing."""

    def reply_finished(self, status: str, provider: str, seconds: float) -> None:
        """Nothing."""

    def audit_failed(self, action: str) -> None:
        """Nothing."""

    def process_usage(self) -> ProcessUsage:
        """Nothing is known."""
        return ProcessUsage()

    def render(self) -> tuple[bytes, str]:
        """An empty page."""
        return b"", CONTENT_TYPE_LATEST
