"""What Alembic's comparison of a database with the metadata can judge."""

import re

from sqlalchemy import Index, Text

from adapters.sql.types import SortedText

_TERMS = re.compile(r"guide_passages_(?:\w+_)?terms")


def is_compared(item: object, name: str | None, kind: str, _reflected: bool, _compare_to: object) -> bool:
    """Leave out the tables and indexes of full-text search, which are made by statements of their own."""
    if kind == "table":
        return name is None or not ("_fts" in name or _TERMS.fullmatch(name))
    return not (isinstance(item, Index) and item.dialect_options["postgresql"]["using"] == "gin")


def is_type_changed(
    _context: object, _inspected: object, _declared: object, inspected_type: object, declared_type: object
) -> bool | None:
    """Text with a collation is reflected with the collation's schema, and would always look changed."""
    return False if isinstance(inspected_type, Text) and isinstance(declared_type, SortedText) else None
