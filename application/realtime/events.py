"""Events as plain values: what a channel's log keeps and the wire carries."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum, IntEnum
from uuid import UUID

from domain.events import Event


def event_payload(event: Event) -> dict[str, object]:
    """The event's fields as values that any JSON encoder writes.

    Ids are strings, times ISO 8601 in UTC with `Z`, roles and difficulties their names, other enums their values.
    """
    return _fields(event)


def plain(value: object) -> object:
    """One value of an event or read model, recursively; raises `TypeError` for what has no plain form."""
    if isinstance(value, IntEnum):
        return value.name
    if isinstance(value, Enum):
        return value.value
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        return _fields(value)
    raise TypeError(f"{type(value).__name__} has no plain form; give the event fields of simple types.")


def _fields(value: object) -> dict[str, object]:
    if not is_dataclass(value) or isinstance(value, type):
        raise TypeError(f"{type(value).__name__} is no dataclass, so its fields are unknown.")
    return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
