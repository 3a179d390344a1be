"""Blocks turned into pieces of readable text that a passage is put together from."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from application.guides._blocks import Block, Kind
from application.guides._plain import plain

_ITEM = re.compile(r"^([ \t]*)([-*+]|\d{1,9}[.)])[ \t]+(.*)$")
_CHECKBOX = re.compile(r"^\[[ xX]\]\s+")
_FENCE_LINE = re.compile(r"^\s*(`{3,}|~{3,})")
_QUOTE = re.compile(r"^ {0,3}(?:> ?)+")
_CALLOUT = re.compile(r"^\[!(\w+)\][+-]?\s*(.*)$")
_ADMONITION = re.compile(r'^\s*(?:!!!|\?\?\?\+?|:::+|===)\s*(?:\{?[\w-]*\}?)?\s*(?:"([^"]*)"|(.*))$')
_SENTENCE_END = re.compile(
    "(?<=[.!?\u2026])[\"'\u201d\u2019)\\]]*\\s+(?=[\"'\u201c\u2018(\\[`]*[A-Z0-9`])|(?<=[\u3002\uff01\uff1f])"
)
_CELL = re.compile(r"(?<!\\)\|")
_LONG_PIECE = 180
_LONG_CODE_LINES = 40


@dataclass(frozen=True, slots=True)
class Piece:
    """Text that is not divided further. `tight` ones follow the piece before without an empty line."""

    line: int
    text: str
    words: int
    tight: bool = False


def pieces(block: Block) -> Iterator[Piece]:
    """The block's readable pieces; none when only markup was in it."""
    if block.kind is Kind.CODE:
        yield from _code(block)
    elif block.kind is Kind.TABLE:
        yield from _table(block)
    elif block.kind is Kind.LIST:
        yield from _items(block)
    else:
        yield from _paragraph(block.line, block.lines)


def sentences(text: str) -> list[str]:
    """A paragraph's sentences, by their punctuation."""
    return [part for part in (part.strip() for part in _SENTENCE_END.split(text)) if part]


def _piece(line: int, text: str, *, tight: bool = False) -> Piece:
    return Piece(line, text, len(text.split()), tight)


def _paragraph(line: int, lines: tuple[str, ...]) -> Iterator[Piece]:
    text = plain("\n".join(_without_marks(line) for line in lines))
    if not re.search(r"\w", text):
        return
    if len(text.split()) <= _LONG_PIECE:
        yield _piece(line, text)
        return
    yield from (_piece(line, part, tight=index > 0) for index, part in enumerate(_chunks(text)))


def _chunks(text: str) -> Iterator[str]:
    """Sentences gathered to at most the length of a piece; an endless sentence is cut at words."""
    gathered: list[str] = []
    for sentence in sentences(text):
        words = sentence.split()
        while len(gathered) + len(words) > _LONG_PIECE and gathered:
            yield " ".join(gathered)
            gathered = []
        while len(words) > _LONG_PIECE:
            yield " ".join(words[:_LONG_PIECE])
            words = words[_LONG_PIECE:]
        gathered.extend(words)
    if gathered:
        yield " ".join(gathered)


def _without_marks(line: str) -> str:
    line = _QUOTE.sub("", line)
    if callout := _CALLOUT.match(line):
        return _title(callout.group(2))
    if admonition := _ADMONITION.match(line):
        return _title(admonition.group(1) or admonition.group(2) or "")
    return line


def _title(text: str) -> str:
    text = text.strip()
    return text if not text or text[-1] in ".:!?" else f"{text}:"


def _code(block: Block) -> Iterator[Piece]:
    lines = [line.rstrip() for line in block.lines]
    if not any(line.strip() for line in lines):
        return
    for start in range(0, len(lines), _LONG_CODE_LINES):
        part = "\n".join(lines[start : start + _LONG_CODE_LINES]).strip("\n")
        if part.strip():
            mark = "````" if "```" in part else "```"
            yield _piece(block.line, f"{mark}\n{part}\n{mark}")


def _table(block: Block) -> Iterator[Piece]:
    """A line a row: "first cell: second cell", with the column's name where there are more than two."""
    header = _cells(block.lines[0])
    for index, row in enumerate(block.lines[2:]):
        cells = _cells(row)
        rest = [(header[at] if at < len(header) else "", cell) for at, cell in enumerate(cells) if at and cell]
        tail = "; ".join(cell if len(header) == 2 else f"{name} {cell}".strip() for name, cell in rest)
        text = ": ".join(part for part in (cells[0] if cells else "", tail) if part)
        if re.search(r"\w", text):
            yield _piece(block.line, f"- {text}", tight=index > 0)


def _cells(row: str) -> list[str]:
    return [plain(cell.replace("\\|", "|")) for cell in _CELL.split(_QUOTE.sub("", row).strip().strip("|"))]


def _items(block: Block) -> Iterator[Piece]:
    """A piece for each outermost item, with what belongs to it."""
    starts = _outermost(block.lines)
    for index, start in enumerate(starts):
        end = starts[index + 1] if index + 1 < len(starts) else len(block.lines)
        text = "\n".join(_item_lines(block.lines[start:end]))
        if re.search(r"\w", text):
            yield _piece(block.line + start, text, tight=index > 0)


def _outermost(lines: tuple[str, ...]) -> list[int]:
    starts, fence, margin = [], "", None
    for at, line in enumerate(lines):
        if found := _FENCE_LINE.match(line):
            fence = "" if fence and found.group(1).startswith(fence) else fence or found.group(1)
        item = None if fence else _ITEM.match(line)
        if item is not None:
            indent = len(item.group(1).expandtabs(4))
            margin = indent if margin is None else margin
            if indent <= margin + 1:
                starts.append(at)
    return starts or [0]


def _item_lines(lines: tuple[str, ...]) -> Iterator[str]:
    """The item on one line, its inner items and code on lines of their own."""
    text: list[str] = []
    mark, fence = "", ""
    for line in lines:
        if found := _FENCE_LINE.match(line):
            yield from _flush(mark, text)
            mark, text = "  ", []
            fence = "" if fence and found.group(1).startswith(fence) else fence or found.group(1)
            yield "  ```"
        elif fence:
            yield "  " + line.strip("\n")
        elif item := _ITEM.match(line):
            yield from _flush(mark, text)
            mark = f"{'  ' if mark else ''}{_bullet(item.group(2))} "
            text = [_CHECKBOX.sub("", item.group(3))]
        else:
            text.append(_without_marks(line.strip()))
    yield from _flush(mark, text)
    if fence:
        yield "  ```"


def _flush(mark: str, text: list[str]) -> Iterator[str]:
    line = plain("\n".join(text))
    if re.search(r"\w", line):
        yield f"{mark}{line}"


def _bullet(mark: str) -> str:
    return f"{mark[:-1]}." if mark[:-1].isdigit() else "-"
