"""Events as plain values: what a channel's log keeps and the wire carries."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum, IntEnum, StrEnum
from functools import singledispatch
from uuid import UUID

from domain.events import Event


def event_payload(event: Event) -> dict[str, object]:
    """The event's fields as values that any JSON encoder writes.

    Ids are strings, times ISO 8601 in UTC with `Z`, roles and difficulties their names, other enums their values.
    """
    return {field.name: plain(getattr(event, field.name)) for field in fields(event)}


@singledispatch
def plain(value: object) -> object:
    """One value of an event or read model, recursively; raises `TypeError` for what has no plain form."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    raise TypeError(f"{type(value).__name__} has no plain form; give the event fields of simple types.")


@plain.register(str)
@plain.register(bool)
@plain.register(int)
@plain.register(float)
@plain.register(type(None))
def _(value: object) -> object:
    return value


@plain.register
def _(value: UUID) -> str:
    return str(value)


@plain.register
def _(value: datetime) -> str:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


@plain.register
def _(value: IntEnum) -> str:
    return value.name


@plain.register(Enum)
@plain.register(StrEnum)
def _(value: Enum) -> object:
    return value.value


@plain.register(Mapping)
def _(value: Mapping[object, object]) -> dict[str, object]:
    return {str(key): plain(item) for key, item in value.items()}


@plain.register(tuple)
@plain.register(list)
def _(value: list[object] | tuple[object, ...]) -> list[object]:
    return [plain(item) for item in value]
