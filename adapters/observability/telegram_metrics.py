"""The bot's metrics for Prometheus."""

from prometheus_client import CollectorRegistry, Counter, Histogram

from application.ports.observability import TelegramMetrics

_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class PrometheusTelegramMetrics(TelegramMetrics):
    """Counts into the registry of the process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._updates = Counter(
            "telegram_updates",
            "Updates by what became of them: taken in as received, duplicate or malformed; handled with success, "
            "retry, error or expired.",
            ["status"],
            registry=registry,
        )
        self._seconds = Histogram(
            "telegram_updates_processing_seconds",
            "Time to handle an update, from its turn to its commit.",
            buckets=_BUCKETS,
            registry=registry,
        )
        self._refusals = Counter(
            "telegram_verification_failures", "Refused calls of the webhook.", ["reason"], registry=registry
        )
        self._commands = Counter(
            "telegram_commands", "Commands by name and outcome.", ["command", "status"], registry=registry
        )
        self._sent = Counter(
            "telegram_messages_sent", "What Telegram answered to things said.", ["outcome"], registry=registry
        )

    def updates_received(self, status: str, count: int) -> None:
        """Count what was taken in."""
        self._updates.labels(status).inc(count)

    def update_ended(self, status: str, seconds: float) -> None:
        """Count a handled one."""
        self._updates.labels(status).inc()
        self._seconds.observe(seconds)

    def verification_failed(self, reason: str) -> None:
        """Count a refusal."""
        self._refusals.labels(reason).inc()

    def command_ran(self, command: str, status: str) -> None:
        """Count a command."""
        self._commands.labels(command, status).inc()

    def message_sent(self, outcome: str) -> None:
        """Count a message."""
        self._sent.labels(outcome).inc()
