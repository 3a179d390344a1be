"""Cursors of keyset pages: opaque to clients, the same for every engine."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime
from typing import TypeVar, cast
from uuid import UUID

from domain.errors import Malformed

A = TypeVar("A", str, int, datetime, UUID)
B = TypeVar("B", str, int, datetime, UUID)

MAX_CURSOR = 8_192
_MAX_INT = 2**63 - 1


class _Broken(Exception):
    """A cursor holds something else than expected."""


def encode_cursor(*values: str | int | datetime | UUID) -> str:
    """A cursor that names the row with these sort values."""
    text = json.dumps([_plain(value) for value in values], separators=(",", ":"), ensure_ascii=False)
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_cursor(cursor: str, first: type[A], second: type[B]) -> tuple[A, B]:
    """The two values a cursor was made of, such as `decode_cursor(cursor, datetime, UUID)`; raises `Malformed`."""
    try:
        one, two = _values(cursor)
        return cast("A", _read(one, first)), cast("B", _read(two, second))
    except (_Broken, ValueError, RecursionError):
        raise _unreadable() from None


def decode_single(cursor: str, kind: type[A]) -> A:
    """The one value a cursor was made of; raises `Malformed`."""
    try:
        (one,) = _values(cursor)
        return cast("A", _read(one, kind))
    except (_Broken, ValueError, RecursionError):
        raise _unreadable() from None


def _unreadable() -> Malformed:
    return Malformed("The cursor cannot be read; take `next_cursor` from an earlier page as it is.")


def _values(cursor: str) -> list[object]:
    if len(cursor) > MAX_CURSOR:
        raise _Broken("too long")
    padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
    values = json.loads(urlsafe_b64decode(padded).decode())
    if not isinstance(values, list):
        raise _Broken("expected a list")
    return values


def _plain(value: str | int | datetime | UUID) -> str | int:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return str(value) if isinstance(value, UUID) else value


def _read(value: object, kind: type) -> object:
    if kind is int:
        return _integer(value)
    if not isinstance(value, str):
        raise _Broken("expected text")
    if kind is UUID:
        return UUID(value)
    return _moment(value) if kind is datetime else _text(value)


def _integer(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > _MAX_INT:
        raise _Broken("expected a whole number")
    return value


def _moment(value: str) -> datetime:
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise _Broken("expected a time zone")
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise _Broken("out of range") from None


def _text(value: str) -> str:
    value.encode()
    if "\0" in value:
        raise _Broken("expected text without NUL")
    return value
