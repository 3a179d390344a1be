"""Events as plain values: what a channel's log keeps and the wire carries."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum, IntEnum, StrEnum
from functools import singledispatch
from uuid import UUID

from domain.events import Event

_PLAIN_ALREADY = frozenset({str, int, float, bool, type(None)})


def event_payload(event: Event) -> dict[str, object]:
    """The event's fields as values that any JSON encoder writes.

    Ids are strings, times ISO 8601 in UTC with `Z`, roles and difficulties their names, other enums their values.
    """
    return {field.name: plain(getattr(event, field.name)) for field in fields(event)}


def plain(value: object) -> object:
    """One value of an event or read model, recursively; raises `TypeError` for what has no plain form."""
    return value if type(value) in _PLAIN_ALREADY else _plain(value)


@singledispatch
def _plain(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    raise TypeError(f"{type(value).__name__} has no plain form; give the event fields of simple types.")


@_plain.register(str)
@_plain.register(int)
@_plain.register(float)
def _(value: object) -> object:
    return value


@_plain.register
def _(value: UUID) -> str:
    return str(value)


@_plain.register
def _(value: datetime) -> str:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


@_plain.register
def _(value: IntEnum) -> str:
    return value.name


@_plain.register(Enum)
@_plain.register(StrEnum)
def _(value: Enum) -> object:
    return value.value


@_plain.register(Mapping)
def _(value: Mapping[object, object]) -> dict[str, object]:
    return {str(key): plain(item) for key, item in value.items()}


@_plain.register(tuple)
@_plain.register(list)
def _(value: list[object] | tuple[object, ...]) -> list[object]:
    return [plain(item) for item in value]
