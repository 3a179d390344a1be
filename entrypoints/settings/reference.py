"""The settings for people to read."""

from dataclasses import dataclass

from entrypoints.settings.fields import fields
from entrypoints.settings.model import Settings


@dataclass(frozen=True)
class ReferenceRow:
    """One setting in the reference."""

    env: str
    toml: str
    type: str
    default: str
    meaning: str


def reference() -> list[ReferenceRow]:
    """Every setting: its two names, type, default (empty for none) and meaning."""
    return [
        ReferenceRow(field.env, field.toml, field.kind.name, field.kind.show(field.default), field.meaning)
        for field in fields()
    ]


def describe(settings: Settings) -> list[tuple[str, str]]:
    """Every setting's TOML path and value, secrets masked."""
    return [(field.toml, field.kind.show(field.of(settings))) for field in fields()]
