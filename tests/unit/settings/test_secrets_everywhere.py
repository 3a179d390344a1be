"""No secret of the settings is told by anything this process writes."""

import io
import logging
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from rich.pretty import pretty_repr

from adapters.observability.logging import configure_logging
from adapters.observability.redaction import MASK
from entrypoints.settings import Settings, SettingsError, describe, load_settings
from entrypoints.settings.fields import Field, fields
from entrypoints.settings.kinds import Hidden, Many
from tests.support.secrets import MARKER, address_fields, secret_fields, secret_settings


@contextmanager
def written(log_format: str, secrets: tuple[str, ...]) -> Iterator[io.StringIO]:
    """What is logged inside, as the process would write it."""
    root, stream = logging.getLogger(), io.StringIO()
    handlers, level = root.handlers[:], root.level
    root.handlers[:] = []
    try:
        configure_logging("debug", "json" if log_format == "json" else "console", secrets=secrets, stream=stream)
        yield stream
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        logging.captureWarnings(capture=False)
        structlog.reset_defaults()


def tell_exception(secret: str, cause: Exception | None = None) -> None:
    try:
        refuse(secret, cause)
    except ConnectionError:
        logging.getLogger("room").exception("failed")


def refuse(secret: str, cause: Exception | None) -> None:
    raise ConnectionError(f"refused: {secret}") from cause


log = logging.getLogger("room")
# The ways in which somebody might log a secret by mistake.
SHAPES: dict[str, Callable[[str], object]] = {
    "message": log.info,
    "argument": lambda secret: log.info("connecting with %s and %r", secret, {"it": [secret]}),
    "bad argument": lambda secret: log.info("connecting with %d", secret),
    "field": lambda secret: log.info("connecting", extra={"address": secret, "said": f"it is {secret!r}!"}),
    "key": lambda secret: log.info("connecting", extra={"seen": {secret: 1, "x": {secret: {secret}}}}),
    "nested": lambda secret: log.info("connecting", extra={"seen": [[[[[[[[secret]]]]]]], (secret, {"a": secret})]}),
    "bytes": lambda secret: log.info("connecting", extra={"raw": secret.encode("utf-8", "surrogatepass")}),
    "exception": tell_exception,
    "cause": lambda secret: tell_exception("it", RuntimeError({"dsn": secret})),
    "structlog": lambda secret: structlog.get_logger("room").warning("x", used=secret, error=ValueError(secret)),
}


def settings_of(field: Field, value: str) -> Settings:
    return load_settings({field.env: value})


def test_secrets_of_the_settings_are_found_by_type() -> None:
    by_kind = [
        field.toml
        for field in fields()
        if isinstance(field.kind, Hidden) or (isinstance(field.kind, Many) and isinstance(field.kind.item, Hidden))
    ]
    assert [field.toml for field in secret_fields()] == by_kind
    assert {"secret_key", "previous_secret_keys", "telegram.bot_token", "openrouter.api_key"} <= set(by_kind)
    assert {"database.url", "redis.url"} <= {field.toml for field in address_fields()}


@given(secret_settings())
def test_secret_of_any_setting_is_among_those_the_log_masks(given_value: tuple[Field, str]) -> None:
    assert any(MARKER in secret for secret in settings_of(*given_value).secrets)


@pytest.mark.parametrize("log_format", ["json", "console"])
@pytest.mark.parametrize("shape", SHAPES)
@given(given_value=secret_settings())
def test_secret_of_any_setting_reaches_no_log_line(log_format: str, shape: str, given_value: tuple[Field, str]) -> None:
    settings = settings_of(*given_value)
    with written(log_format, settings.secrets) as stream:
        for secret in (*settings.secrets, given_value[1]):
            SHAPES[shape](secret)
    assert MARKER not in stream.getvalue()
    assert MASK in stream.getvalue() or "log_line_lost" in stream.getvalue()
    assert "Logging error" not in stream.getvalue()


@given(secret_settings())
def test_secret_of_any_setting_is_not_shown_with_the_settings(given_value: tuple[Field, str]) -> None:
    field, value = given_value
    settings = settings_of(field, value)
    section = settings
    for name in field.path[:-1]:
        section = getattr(section, name)
    shown = (repr(settings), str(settings), f"{settings!r:>5}", pretty_repr(settings), repr(section), repr(vars))
    assert MARKER not in "".join(shown)
    assert MARKER not in "\n".join(describe(settings))


@given(secret_settings(), st.sampled_from(["\x07", " two words", "\u2028", "x" * 5_000, "\ud800"]))
def test_secret_of_any_setting_is_not_told_with_its_problem(given_value: tuple[Field, str], spoilt: str) -> None:
    field, value = given_value
    for environ in ({field.env: value, "GUILDHALL_HTTP_PORT": "x"}, {field.env: f"{value}{spoilt}"}):
        try:
            told = "\n".join(describe(load_settings(environ)))
        except SettingsError as error:
            told = "\n".join([*traceback.format_exception(error), repr(error), *error.problems])
        assert MARKER not in told
