"""Chosen units written as Markdown in which nothing turns into other markup."""

import re
from collections.abc import Sequence

from adapters.language_models._units import FENCE, ITEM, Unit

_CODE_SPAN = re.compile(r"(`+[^`]*`+)")
_SPECIAL = re.compile(r"([\\*_\[\]<>~|])")
_LINE_START = re.compile(r"^(\s*)(#{1,6} |>|[-+=]{3,}$|\+ )")


def joined(units: Sequence[Unit], mark: str) -> str:
    """Sentences of a paragraph in a line, lists and code under each other; the mark after the last text."""
    parts: list[str] = []
    previous: Unit | None = None
    last = max((at for at, unit in enumerate(units) if unit.kind != "code"), default=-1)
    for at, unit in enumerate(units):
        text = unit.text if unit.kind == "code" else _as_markdown(unit.text)
        if at == last:
            text = f"{text} {mark}" if "```" not in unit.text else f"{text}\n\n{mark}"
        if previous is None:
            joint = ""
        elif unit.kind == previous.kind == "sentence":
            joint = " " if unit.block == previous.block else "\n\n"
        elif unit.kind == previous.kind == "item" and unit.block == previous.block:
            joint = "\n"
        else:
            joint = "\n\n"
        parts.append(joint + text)
        previous = unit
    return "".join(parts) + (f"\n\n{mark}" if last < 0 else "")


def _as_markdown(text: str) -> str:
    """Plain text with code marks, so that nothing in it turns into other markup."""
    lines, fenced = [], False
    for line in text.split("\n"):
        if FENCE.match(line):
            fenced = not fenced
            lines.append(line)
        elif fenced:
            lines.append(line)
        else:
            item = ITEM.match(line)
            lead = item.group() if item else ""
            lines.append(lead + _escaped(line[len(lead) :]))
    return "\n".join(lines)


def _escaped(line: str) -> str:
    pieces = _CODE_SPAN.split(line)
    safe = "".join(piece if at % 2 else _SPECIAL.sub(r"\\\1", piece) for at, piece in enumerate(pieces))
    return _LINE_START.sub(lambda start: f"{start.group(1)}\\{start.group(2)}", safe)
