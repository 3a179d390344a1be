"""One stream of log lines from everything in the process."""

import logging
import sys
from collections.abc import Iterable
from typing import Literal, TextIO

import structlog
from structlog.types import EventDict, Processor

from adapters.observability.printable import printable
from adapters.observability.redaction import Redaction

LogFormat = Literal["json", "console"]

_LOST = "log_line_lost"

# Their lines below warning hold statement parameters, addresses with tokens, texts of members, one line a frame, or two
# each time that readiness asks.
_QUIET = (
    "sqlalchemy",
    "aiosqlite",
    "asyncpg",
    "asyncio",
    "httpcore",
    "httpx",
    "telegram",
    "websockets",
    "markdown_it",
    "alembic",
)
# They come with handlers of their own.
_ROUTED = ("uvicorn", "uvicorn.error", "uvicorn.access", "uvicorn.asgi", "litestar", "sqlalchemy", "alembic")


def configure_logging(
    level: str, log_format: LogFormat, *, secrets: Iterable[str] = (), stream: TextIO | None = None
) -> None:
    """Send structlog's and the standard library's lines to `stream` (standard error), one a line.

    Lines carry a time in UTC, level, logger, what the context variables hold (`bind_request`) and their own fields:
    `extra` of the standard library, keywords of structlog. Calling it again replaces what was set before.
    Start uvicorn with `log_config=None`, or it puts its own handlers back.
    """
    handler = _Lines(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *_shared()],
            processors=[*_final(Redaction(secrets)), *_renderer(log_format, handler.stream)],
        )
    )
    root = logging.getLogger()
    for old in [old for old in root.handlers if isinstance(old.formatter, structlog.stdlib.ProcessorFormatter)]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level.upper())
    for name in _ROUTED:
        _route(logging.getLogger(name))
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    logging.captureWarnings(capture=True)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_shared(),
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


class _Lines(logging.StreamHandler[TextIO]):
    """Writes lines. One that cannot be made is told by its place only: what it held may be a secret."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the standard library calls it so
        """Write a line about the failure in place of the line itself."""
        error = sys.exc_info()[1]
        if record.msg == _LOST or isinstance(error, OSError | RecursionError):
            return
        fields = {"source": record.name, "line": f"{record.pathname}:{record.lineno}", "error": type(error).__name__}
        lost = logging.LogRecord(__name__, logging.ERROR, record.pathname, record.lineno, _LOST, None, None)
        vars(lost).update(fields)
        self.emit(lost)


def bind_request(request_id: str, **fields: object) -> None:
    """Give every later line of this task, and of tasks it starts, the request's id and these fields."""
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=request_id, **fields)


def _route(logger: logging.Logger) -> None:
    logger.handlers.clear()
    logger.propagate = True


def _shared() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
    ]


def _final(redaction: Redaction) -> list[Processor]:
    return [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        _without_colours,
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        redaction,
    ]


def _without_colours(_logger: object, _name: str, line: EventDict) -> EventDict:
    # uvicorn repeats its message with a terminal's colours in an extra field.
    line.pop("color_message", None)
    return line


def _renderer(log_format: LogFormat, stream: TextIO) -> list[Processor]:
    if log_format == "console":
        return [
            printable,
            structlog.dev.ConsoleRenderer(
                colors=stream.isatty(),
                timestamp_key="time",
                exception_formatter=structlog.dev.plain_traceback,
            ),
        ]
    return [structlog.processors.JSONRenderer()]
