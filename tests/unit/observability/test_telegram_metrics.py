"""The bot's metrics for Prometheus, by the names of the specification."""

from adapters.observability.metrics import Metrics
from adapters.observability.telegram_metrics import PrometheusTelegramMetrics


def test_metrics_of_the_bot_have_the_promised_names() -> None:
    registry = Metrics().registry
    metrics = PrometheusTelegramMetrics(registry)
    metrics.updates_received("received", 3)
    metrics.update_ended("success", 0.2)
    metrics.verification_failed("secret")
    metrics.command_ran("ask", "success")
    metrics.message_sent("sent")

    value = registry.get_sample_value
    assert value("telegram_updates_total", {"status": "received"}) == 3
    assert value("telegram_updates_total", {"status": "success"}) == 1
    assert value("telegram_updates_processing_seconds_sum") == 0.2
    assert value("telegram_verification_failures_total", {"reason": "secret"}) == 1
    assert value("telegram_commands_total", {"command": "ask", "status": "success"}) == 1
    assert value("telegram_messages_sent_total", {"outcome": "sent"}) == 1
