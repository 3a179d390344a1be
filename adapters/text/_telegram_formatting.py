"""Entities around entities, by Telegram's rules: https://core.telegram.org/bots/api#formatting-options."""

from collections.abc import Iterator

from domain.telegram import Entity, EntityKind, RichText, utf16_length

_QUOTES = frozenset({EntityKind.BLOCKQUOTE, EntityKind.EXPANDABLE_BLOCKQUOTE})
_CODE = frozenset({EntityKind.CODE, EntityKind.PRE})
_LINKS = frozenset({EntityKind.TEXT_LINK})


def styled(kind: EntityKind, inner: RichText) -> RichText:
    """Bold and its like around a text. Code takes no other formatting, so it is left out."""
    kept = [entity for entity in inner.entities if entity.kind is not kind]
    stretches = _between(kept, inner)
    return _sorted(inner.text, [*(Entity(kind, start, end - start) for start, end in stretches), *kept])


def linked(url: str, inner: RichText) -> RichText:
    """A link around a text. Links and code do not contain each other; that it is a link matters more."""
    kept = [entity for entity in inner.entities if entity.kind not in _LINKS | _CODE | _QUOTES]
    length = inner.length if inner.text.strip() else 0
    return _sorted(inner.text, [*([Entity(EntityKind.TEXT_LINK, 0, length, url=url)] if length else []), *kept])


def quoted(inner: RichText) -> RichText:
    """A quotation around a text. Quotations are not nested; the inner ones become part of the outer one."""
    kept = [entity for entity in inner.entities if entity.kind not in _QUOTES]
    length = inner.length if inner.text.strip() else 0
    return _sorted(inner.text, [*([Entity(EntityKind.BLOCKQUOTE, 0, length)] if length else []), *kept])


def preformatted(text: str, language: str | None = None) -> RichText:
    """A block of code."""
    return RichText(text, (Entity(EntityKind.PRE, 0, utf16_length(text), language=language),) if text.strip() else ())


def _between(entities: list[Entity], inner: RichText) -> Iterator[tuple[int, int]]:
    """The stretches of a text without code in them, as far as there is something to see."""
    at, encoded = 0, inner.text.encode("utf-16-le")
    codes = [(entity.offset, entity.end) for entity in entities if entity.kind in _CODE]
    for start, end in [*sorted(codes), (inner.length, inner.length)]:
        if encoded[2 * at : 2 * start].decode("utf-16-le").strip():
            yield at, start
        at = end


def _sorted(text: str, entities: list[Entity]) -> RichText:
    return RichText(text, tuple(sorted(entities, key=lambda entity: (entity.offset, -entity.length))))
