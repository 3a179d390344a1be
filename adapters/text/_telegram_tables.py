"""Tables in characters of one width."""

import unicodedata
from collections.abc import Sequence

WIDEST = 60

_Row = Sequence[str]


def grid(rows: Sequence[_Row]) -> str:
    """Columns under each other, the first row as the heading; where that is too wide for a chat, one record after the
    other, each value under the name of its column.
    """
    count = max(map(len, rows), default=0)
    full = [[*map(_line, row), *[""] * (count - len(row))] for row in rows]
    widths = [max(map(_width, column)) for column in zip(*full, strict=True)]
    if sum(widths) + 3 * (count - 1) > WIDEST and len(full) > 1:
        return _records(full[0], full[1:])
    lines = [" | ".join(_padded(cell, width) for cell, width in zip(row, widths, strict=True)) for row in full]
    rule = "-+-".join("-" * width for width in widths)
    return "\n".join(line.rstrip() for line in [lines[0], rule, *lines[1:]])


def _records(names: _Row, rows: Sequence[_Row]) -> str:
    return "\n\n".join("\n".join(_named(name, cell) for name, cell in zip(names, row, strict=True)) for row in rows)


def _named(name: str, cell: str) -> str:
    return f"{name}: {cell}".rstrip() if name else cell


def _line(cell: str) -> str:
    return " ".join(cell.split())


def _padded(cell: str, width: int) -> str:
    return cell + " " * (width - _width(cell))


def _width(text: str) -> int:
    """How many columns it takes: wide characters two, combining ones none."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in {"W", "F"} else 1
        for char in text
    )
