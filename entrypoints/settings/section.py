"""What a group of settings is."""

from typing import Any, get_type_hints

import msgspec

from entrypoints.settings.kinds import Kind


def setting(kind: Kind, meaning: str, *, is_used: bool = True) -> msgspec.Meta:
    """The declaration of a setting: how it is read, and what it means; `is_used` where anything acts on it."""
    told = meaning if is_used else f"{meaning} Accepted; nothing uses it yet."
    return msgspec.Meta(description=told, extra={"kind": kind, "is_used": is_used})


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """A group of settings; shows itself without secrets, those inside addresses included."""

    def __repr__(self) -> str:
        """The values, masked."""
        shown = ", ".join(f"{name}={value}" for name, value in self.__rich_repr__())
        return f"{type(self).__name__}({shown})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """The values, masked: rich prints them in tracebacks."""
        values = [(name, meta, getattr(self, name)) for name, meta in metas(type(self)).items()]
        return [(name, value if meta is None else kind_of(meta).show(value)) for name, meta, value in values]


def metas(section: type[Section]) -> dict[str, msgspec.Meta | None]:
    """What is declared of each field; None for a field that is a section itself."""
    hints = get_type_hints(section, include_extras=True)
    return {
        name: next((meta for meta in getattr(hints[name], "__metadata__", ()) if isinstance(meta, msgspec.Meta)), None)
        for name in section.__struct_fields__
    }


def kind_of(meta: msgspec.Meta) -> Kind:
    """How the field is read and shown."""
    kind: Kind = (meta.extra or {})["kind"]
    return kind


def is_used(meta: msgspec.Meta) -> bool:
    """Whether anything acts on the field."""
    used: bool = (meta.extra or {})["is_used"]
    return used
