"""Log lines."""

import asyncio
import io
import json
import logging
import warnings
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Literal

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from adapters.observability.logging import bind_request, configure_logging

NAMES = ("uvicorn", "uvicorn.error", "uvicorn.access", "litestar", "sqlalchemy", "httpx", "aiosqlite")


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in NAMES}
    yield io.StringIO()
    for handler in root.handlers[:]:
        root.removeHandler(handler)
    for handler in before[0]:
        root.addHandler(handler)
    root.setLevel(before[1])
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


@pytest.fixture(scope="module")
def root_is_kept() -> Iterator[None]:
    """For properties, whose examples configure the log anew."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield
    root.handlers[:] = before[0]
    root.setLevel(before[1])
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


def fail(message: str) -> None:
    raise RuntimeError(message)


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_log_line_of_structlog_has_time_level_and_fields(stream: io.StringIO) -> None:
    configure_logging("info", "json", stream=stream)
    structlog.get_logger("room").info("reply_finished", session_id=7, text="жж\n")
    (line,) = lines(stream)
    moment = datetime.fromisoformat(line.pop("time"))
    assert moment.utcoffset() is not None
    assert line == {"event": "reply_finished", "session_id": 7, "text": "жж\n", "level": "info", "logger": "room"}


def test_log_line_of_standard_library_carries_its_extra(stream: io.StringIO) -> None:
    configure_logging("info", "json", stream=stream)
    logging.getLogger("room").warning("lease_%s", "lost", extra={"message_id": "m1"})
    (line,) = lines(stream)
    assert (line["event"], line["message_id"], line["level"]) == ("lease_lost", "m1", "warning")


async def test_log_lines_of_a_request_carry_its_id_in_every_task(stream: io.StringIO) -> None:
    configure_logging("info", "json", stream=stream)

    async def request(number: int) -> None:
        bind_request(f"r{number}", method="GET")
        await asyncio.create_task(asyncio.sleep(0))
        logging.getLogger("room").info("seen", extra={"number": number})

    await asyncio.gather(*(asyncio.create_task(request(number)) for number in range(5)))
    logging.getLogger("room").info("outside")
    *inside, outside = lines(stream)
    assert all(line["request_id"] == f"r{line['number']}" and line["method"] == "GET" for line in inside)
    assert "request_id" not in outside


@pytest.mark.parametrize("name", ["uvicorn.error", "uvicorn.access", "litestar", "sqlalchemy.pool"])
def test_log_lines_of_libraries_go_through_once(stream: io.StringIO, name: str) -> None:
    logging.getLogger(name.partition(".")[0]).addHandler(logging.StreamHandler(io.StringIO()))
    configure_logging("info", "json", stream=stream)
    configure_logging("info", "json", stream=stream)
    logging.getLogger(name).warning("told")
    assert [line["logger"] for line in lines(stream)] == [name]


def test_log_lines_below_the_level_are_left_out(stream: io.StringIO) -> None:
    configure_logging("warning", "json", stream=stream)
    structlog.get_logger("room").info("quiet")
    logging.getLogger("room").info("quiet")
    structlog.get_logger("room").error("loud")
    assert [line["event"] for line in lines(stream)] == ["loud"]


def test_log_lines_with_statements_stay_out_even_at_debug(stream: io.StringIO) -> None:
    configure_logging("debug", "json", stream=stream)
    for name in ("sqlalchemy.engine", "httpx", "aiosqlite", "alembic.runtime.migration"):
        logging.getLogger(name).info("INSERT ... password_hash")
    assert lines(stream) == []


def test_log_line_of_an_error_holds_traceback_without_secrets(stream: io.StringIO) -> None:
    configure_logging("info", "json", stream=stream, secrets=["hunter2-hunter2"])
    try:
        fail("the key hunter2-hunter2 was refused")
    except RuntimeError:
        logging.getLogger("room").exception("failed")
    (line,) = lines(stream)
    assert "RuntimeError: the key **********" in line["exception"]
    assert "hunter2" not in stream.getvalue()


def test_log_warnings_of_python_become_lines(stream: io.StringIO) -> None:
    configure_logging("info", "json", stream=stream)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=True)
        warnings.warn("old way", UserWarning, stacklevel=1)
    assert [line["logger"] for line in lines(stream)] == ["py.warnings"]


def test_log_on_console_is_plain_text_without_secrets(stream: io.StringIO) -> None:
    configure_logging("info", "console", stream=stream)
    try:
        fail("no")
    except RuntimeError:
        structlog.get_logger("room").exception("signed_in", member="m1", password="hunter2-hunter2")
    text = stream.getvalue()
    assert "signed_in" in text
    assert "member=m1" in text
    assert "RuntimeError: no" in text
    assert "hunter2" not in text
    assert "\x1b[" not in text


def test_log_of_half_a_surrogate_still_writes_a_line(stream: io.StringIO) -> None:
    configure_logging("info", "json", stream=stream)
    # What pytest captures goes to the process that reports, and half a surrogate cannot.
    logging.getLogger().handlers[:-1] = []
    logging.getLogger("room").info("odd \ud800", extra={"odd": "\ud800"})
    assert len(lines(stream)) == 1
    assert stream.getvalue().isascii()


def test_log_line_of_uvicorn_leaves_terminal_colours_out(stream: io.StringIO) -> None:
    configure_logging("info", "json", stream=stream)
    logging.getLogger("uvicorn.error").info("Started", extra={"color_message": "\x1b[36mStarted"})
    (line,) = lines(stream)
    assert line["event"] == "Started"
    assert "color_message" not in line


HOSTILE = st.text(
    st.one_of(
        st.characters(categories=["Cc", "Cf", "Zl", "Zp", "Zs"]),
        st.characters(codec="utf-8"),
        st.sampled_from("/A=\"'"),
    )
)


class Odd:
    """A value whose own words are somebody else's."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text


def told(log_format: Literal["json", "console"], text: str) -> str:
    """What the log holds of a text in every place that a line has."""
    stream = io.StringIO()
    configure_logging("info", log_format, stream=stream)
    logging.getLogger().handlers[:-1] = []
    extra = {"path": text, "many": [text], "odd": Odd(text), f"key{text}": 1}
    logging.getLogger("room").info("seen %s", text, extra=extra)
    structlog.get_logger(f"room{text}").info(text, path=text, many={text: (text,)})
    try:
        fail(text)
    except RuntimeError:
        logging.getLogger("uvicorn.error").exception("Exception in ASGI application\n", stack_info=True)
    return stream.getvalue()


@pytest.mark.usefixtures("root_is_kept")
@given(HOSTILE)
def test_log_on_console_of_any_text_sends_a_terminal_nothing_but_printable_lines(text: str) -> None:
    assert [line for line in told("console", text).split("\n") if not line.isprintable()] == []


@pytest.mark.usefixtures("root_is_kept")
@given(HOSTILE)
def test_log_in_json_of_any_text_is_printable_ascii(text: str) -> None:
    lines = told("json", text).split("\n")
    assert len(lines) == 4
    assert [line for line in lines if not (line.isprintable() and line.isascii())] == []


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/A\x1b[2J", r"path='/A\x1b[2J'"),
        ("/A\x9b2J", r"path='/A\x9b2J'"),
        ("/A\x00\x08", r"path='/A\x00\x08'"),
        ("/A\x7f", r"path='/A\x7f'"),
        ("/A\u202e", r"path='/A\u202e'"),
        ("/A\u2028b c", r"path='/A\u2028b c'"),
        ("/жж", "path=/жж"),
    ],
)
def test_log_on_console_of_a_path_shows_what_is_not_printable(stream: io.StringIO, path: str, shown: str) -> None:
    configure_logging("info", "console", stream=stream)
    logging.getLogger("room").info("request", extra={"path": path})
    assert shown in stream.getvalue()


@pytest.mark.parametrize("name", ["uvicorn.error", "uvicorn.access", "asyncio", "py.warnings"])
def test_log_on_console_of_a_library_is_one_line_without_escapes(stream: io.StringIO, name: str) -> None:
    configure_logging("info", "console", stream=stream)
    logging.getLogger(name).warning('%s - "%s"', "::1", "GET /\x1b[2J\n[info] forged", extra={"color_message": "\x1b"})
    assert r"GET /\x1b[2J\n[info] forged" in stream.getvalue()
    assert stream.getvalue().count("\n") == 1
    assert "\x1b" not in stream.getvalue()
