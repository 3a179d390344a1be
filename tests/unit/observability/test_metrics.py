"""Metrics for Prometheus."""

from prometheus_client import ProcessCollector

from adapters.observability.metrics import Metrics, NullMetrics
from application.ports.observability import ProcessUsage


def test_metrics_of_answers_count_by_route_template_and_status() -> None:
    metrics = Metrics()
    metrics.request_finished("GET", "/api/v1/guides/{guide_id}", 200, 0.02)
    metrics.request_finished("GET", "/api/v1/guides/{guide_id}", 404, 0.02)
    labels = {"method": "GET", "route": "/api/v1/guides/{guide_id}"}
    value = metrics.registry.get_sample_value
    assert value("guildhall_http_requests_total", labels | {"status": "200"}) == 1
    assert value("guildhall_http_requests_total", labels | {"status": "404"}) == 1
    assert value("guildhall_http_request_seconds_count", labels) == 2


def test_metrics_of_made_up_methods_share_one_series() -> None:
    metrics = Metrics()
    for number in range(50):
        metrics.request_finished(f"X{number}", "/", 405, 0.0)
    labels = {"method": "other", "route": "/", "status": "405"}
    assert metrics.registry.get_sample_value("guildhall_http_requests_total", labels) == 50


def test_metrics_of_sockets_and_replies_add_up() -> None:
    metrics = Metrics()
    metrics.socket_opened()
    metrics.socket_opened()
    metrics.socket_closed()
    metrics.events_sent(7)
    metrics.reply_finished("complete", "LOCAL", 1.5)
    value = metrics.registry.get_sample_value
    assert value("guildhall_websocket_connections") == 1
    assert value("guildhall_websocket_events_sent_total") == 7
    assert value("guildhall_chat_replies_total", {"status": "complete", "provider": "LOCAL"}) == 1
    assert value("guildhall_chat_reply_seconds_sum", {"provider": "LOCAL"}) == 1.5


def test_metrics_of_lost_audit_lines_count_by_action() -> None:
    metrics = Metrics()
    metrics.audit_failed("role.granted")
    metrics.audit_failed("role.granted")
    assert metrics.registry.get_sample_value("guildhall_audit_failures_total", {"action": "role.granted"}) == 2


def test_metrics_page_has_process_figures_and_content_type() -> None:
    page, content_type = Metrics().render()
    assert b"process_resident_memory_bytes" in page
    assert b"guildhall_websocket_connections 0.0" in page
    assert content_type.startswith("text/plain")


def test_metrics_of_the_process_tell_what_it_takes() -> None:
    usage = Metrics().process_usage()
    assert usage.cpu_seconds is not None
    assert usage.cpu_seconds > 0
    assert usage.resident_bytes is not None
    assert usage.resident_bytes > 1_000_000
    assert usage.open_files is not None
    assert usage.open_files > 0


def test_metrics_of_the_process_are_unknown_where_the_system_tells_nothing() -> None:
    metrics = Metrics()
    metrics._process = ProcessCollector(proc="/nowhere", registry=None)
    assert metrics.process_usage() == ProcessUsage()


def test_metrics_of_two_instances_do_not_meet() -> None:
    first, second = Metrics(), Metrics()
    first.socket_opened()
    assert second.registry.get_sample_value("guildhall_websocket_connections") == 0


def test_null_metrics_take_everything_and_show_nothing() -> None:
    metrics = NullMetrics()
    metrics.request_finished("GET", "/", 200, 0.1)
    metrics.socket_opened()
    metrics.socket_closed()
    metrics.events_sent(1)
    metrics.reply_finished("failed", "LOCAL", 0.1)
    metrics.audit_failed("role.granted")
    assert metrics.process_usage() == ProcessUsage()
    assert metrics.render()[0] == b""
