"""Column types that mean the same on both engines."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, Dialect, Row, Text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.types import TypeDecorator, TypeEngine

AnyRow = Row[*tuple[Any, ...]]


class UtcDateTime(TypeDecorator[datetime]):
    """Aware UTC in and out; SQLite keeps it as text that sorts in time order."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("A time without a zone cannot be stored; expected aware UTC.")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class CleanText(TypeDecorator[str]):
    """Text of any origin: what an engine cannot store (NUL, lone surrogates) becomes U+FFFD, so it never raises."""

    impl = Text()
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else storable(value)


class SortedText(CleanText):
    """Text compared and ordered by code point on every engine, whatever the database's locale is."""

    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[str]:
        return Text(collation="C") if dialect.name == "postgresql" else Text()


SearchVector = TSVECTOR().with_variant(Text(), "sqlite")


def storable(text: str) -> str:
    """The text with U+FFFD for each NUL and lone surrogate."""
    if "\0" in text:
        text = text.replace("\0", "\ufffd")
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
