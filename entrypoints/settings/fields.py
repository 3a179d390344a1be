"""The settings as one flat list."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import msgspec

from entrypoints.settings.kinds import Kind
from entrypoints.settings.model import Settings
from entrypoints.settings.section import Section, is_used, kind_of, metas

PREFIX = "GUILDHALL_"


@dataclass(frozen=True)
class Field:
    """One setting. `path` is its place in the TOML file: one name, or section and name."""

    path: tuple[str, ...]
    kind: Kind
    default: object
    meaning: str
    is_used: bool

    @property
    def toml(self) -> str:
        """The TOML path."""
        return ".".join(self.path)

    @property
    def env(self) -> str:
        """The environment variable."""
        return PREFIX + "_".join(self.path).upper()

    def of(self, settings: Settings) -> object:
        """This setting's value."""
        value: object = settings
        for name in self.path:
            value = getattr(value, name)
        return value


@cache
def fields() -> tuple[Field, ...]:
    """Every setting, root keys first, in the order they are declared."""
    found = list(_of(Settings, ()))
    return tuple(sorted(found, key=lambda field: len(field.path)))


@cache
def sections() -> Mapping[str, type[Section]]:
    """The TOML tables."""
    return {field.name: type(field.default) for field in msgspec.structs.fields(Settings) if _is_section(field.default)}


def without_use(settings: Settings) -> list[Field]:
    """Those that somebody set, and that nothing in this version acts on."""
    return [field for field in fields() if not field.is_used and field.of(settings) != field.default]


def _of(section: type[Section], path: tuple[str, ...]) -> list[Field]:
    declared = metas(section)
    found: list[Field] = []
    for info in msgspec.structs.fields(section):
        meta = declared[info.name]
        here = (*path, info.name)
        if meta is None:
            found += _of(type(info.default), here)
        else:
            found.append(Field(here, kind_of(meta), info.default, meta.description or "", is_used(meta)))
    return found


def _is_section(default: object) -> bool:
    return isinstance(default, Section)
