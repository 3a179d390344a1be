"""Text as Telegram shows it: characters, and entities that format stretches of them."""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self

MAX_TEXT, MAX_ENTITIES = 4_096, 100
# Control and format characters, and letters that are drawn as nothing.
_UNSEEN, _FILLERS = frozenset({"Cc", "Cf"}), "\u115f\u1160\u2800\u3164\uffa0"


class EntityKind(StrEnum):
    """The formatting we use, as the Bot API names it."""

    BOLD = "bold"
    ITALIC = "italic"
    UNDERLINE = "underline"
    STRIKETHROUGH = "strikethrough"
    CODE = "code"
    PRE = "pre"
    TEXT_LINK = "text_link"
    BLOCKQUOTE = "blockquote"
    EXPANDABLE_BLOCKQUOTE = "expandable_blockquote"


@dataclass(frozen=True, slots=True)
class Entity:
    """A formatted stretch. `offset` and `length` are in UTF-16 code units, as Telegram counts."""

    kind: EntityKind
    offset: int
    length: int
    url: str | None = None
    language: str | None = None

    @property
    def end(self) -> int:
        """Where it ends, exclusive."""
        return self.offset + self.length


@dataclass(frozen=True, slots=True)
class RichText:
    """A text with its entities, ascending by offset, of those at one offset the longest first."""

    text: str
    entities: Sequence[Entity] = ()

    @classmethod
    def of(cls, *parts: Self | str, separator: str = "") -> Self:
        """The parts after each other, with the separator between them."""
        texts: list[str] = []
        entities: list[Entity] = []
        at = 0
        for part in parts:
            if texts and separator:
                texts.append(separator)
                at += utf16_length(separator)
            text, formatted = (part, ()) if isinstance(part, str) else (part.text, part.entities)
            texts.append(text)
            entities += (replace(entity, offset=entity.offset + at) for entity in formatted)
            at += utf16_length(text)
        return cls("".join(texts), tuple(entities))

    @classmethod
    def formatted(cls, text: str, *kinds: EntityKind, url: str | None = None) -> Self:
        """All of the text in these kinds; `url` is for a link."""
        length = utf16_length(text)
        links = {EntityKind.TEXT_LINK: url}
        return cls(text, tuple(Entity(kind, 0, length, links.get(kind)) for kind in kinds) if length else ())

    @property
    def length(self) -> int:
        """In UTF-16 code units, as Telegram counts."""
        return utf16_length(self.text)

    @property
    def is_blank(self) -> bool:
        """Whether there is nothing to see in it: Telegram refuses such a message as empty."""
        return all(char.isspace() or char in _FILLERS or unicodedata.category(char) in _UNSEEN for char in self.text)

    @property
    def plain(self) -> Self:
        """The same text without formatting."""
        return replace(self, entities=())

    def part(self, start: int, end: int) -> Self:
        """The characters from `start` to `end`, both counted in code points; entities are cut where they cross."""
        first = utf16_length(self.text[:start])
        return replace(self, text=self.text[start:end], entities=_cut(self.entities, first, self.text[start:end]))

    def trimmed(self) -> Self:
        """As Telegram keeps it: without white space at its end, and at its start up to the first entity."""
        start = len(self.text) - len(self.text.lstrip())
        if self.entities and self.entities[0].offset < start:  # white space is never a surrogate pair
            start = max(0, self.entities[0].offset)
        end = len(self.text.rstrip())
        return self.part(min(start, end), end)


def utf16_length(text: str) -> int:
    """How many UTF-16 code units the text takes."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def _cut(entities: Iterable[Entity], first: int, text: str) -> tuple[Entity, ...]:
    """What the entities format of the text that begins at unit `first`."""
    last = first + utf16_length(text)
    kept = []
    for entity in entities:
        start, end = max(entity.offset, first), min(entity.end, last)
        if start < end:
            kept.append(replace(entity, offset=start - first, length=end - start))
    kept.sort(key=lambda entity: (entity.offset, -entity.length))
    return tuple(kept)
