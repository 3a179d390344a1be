"""Chosen units written as Markdown in which nothing turns into other markup."""

import re
from collections.abc import Sequence

from adapters.language_models._units import FENCE, ITEM, Unit

_CODE_SPAN = re.compile(r"(`+[^`]*`+)")
_SPECIAL = re.compile(r"([\\*_\[\]<>~|])")
_LINE_START = re.compile(r"^(\s*)(#{1,6} |>|[-+=]{3,}$|\+ )")


def joined(units: Sequence[Unit], places: Sequence[int], mark: str) -> str:
    """The units at these places, in order; the mark after the last text, "…" where something is left out."""
    parts: list[str] = []
    last = max((at for at in places if units[at].kind != "code"), default=-1)
    for index, at in enumerate(places):
        unit = units[at]
        text = unit.text if unit.kind == "code" else _as_markdown(unit.text)
        if at == last:
            text = f"{text} {mark}" if "```" not in unit.text else f"{text}\n\n{mark}"
        parts.append((_joint(units, places[index - 1], at) if index else "") + text)
    ending = f"\n\n{mark}" if last < 0 else ""
    return "".join(parts) + ending + ("\n\n…" if _is_cut(units, places[-1]) else "")


def _joint(units: Sequence[Unit], before: int, at: int) -> str:
    is_gap = at > before + 1
    if units[before].block == units[at].block and units[at].kind == "sentence":
        return " … " if is_gap else " "
    if units[before].block == units[at].block and units[at].kind == "item":
        return "\n- …\n" if is_gap else "\n"
    return "\n\n…\n\n" if is_gap else "\n\n"


def _is_cut(units: Sequence[Unit], at: int) -> bool:
    """Whether the list goes on after this item, or what the sentence announces is not quoted."""
    if at + 1 == len(units):
        return False
    if units[at].kind == "sentence":
        return units[at].text.endswith(":")
    return units[at].kind == "item" and units[at + 1].block == units[at].block


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
