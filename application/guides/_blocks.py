"""Blocks of a Markdown text, with the lines they start at. Forgiving: any text has blocks."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto


class Kind(Enum):
    """What a block is; all that is not told apart is a paragraph."""

    HEADING = auto()
    PARAGRAPH = auto()
    LIST = auto()
    TABLE = auto()
    CODE = auto()


@dataclass(frozen=True, slots=True)
class Block:
    """Consecutive lines that belong together; `line` is the first one, counted from 0. `level` is a heading's."""

    kind: Kind
    line: int
    lines: tuple[str, ...]
    level: int = 0


_FENCE = re.compile(r"^ {0,3}(?:> ?)*[ \t]*(`{3,}(?=[^`]*$)|~{3,})")
_ATX = re.compile(r"^ {0,3}(#{1,6})(?=[ \t]|$)")
_CLOSING_MARKS = re.compile(r"(?:^|(?<=[ \t]))#+$")
_HTML_HEADING = re.compile(r"^ {0,3}<h([1-6])\b[^>]{0,300}>(.*?)(?:</h\1\s*>.*)?$", re.IGNORECASE)
_SETEXT = re.compile(r"^ {0,3}(=+|-+)[ \t]*$")
_RULE = re.compile(r"^ {0,3}(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})$")
_ITEM = re.compile(r"^[ \t]*(?:[-*+]|\d{1,9}[.)])(?:[ \t]+\S|[ \t]*$)")
_TABLE_RULE = re.compile(r"^\|?:?-+:?(?:\|:?-*:?)*$")
_DEFINITION = re.compile(r"^ {0,3}\[[^\]\n]+\]:[ \t]*\S+.*$")
_MATTER_FIELD = re.compile(r"^[\w][\w .-]*:(?:\s|$)|^\s+\S|^- |^#|^\s*$")
_COMMENT_END = "-->"
_LONGEST_MATTER = 60


def blocks(body: str) -> Iterator[Block]:
    """The text's blocks in order, without comments, link definitions, rules and left-over front matter."""
    lines = body.split("\n")
    at = _after_front_matter(lines)
    while at < len(lines):
        block, at = _next(lines, at)
        if block is not None:
            yield block


def _after_front_matter(lines: list[str]) -> int:
    if lines[0].strip() != "---":
        return 0
    for at in range(1, min(len(lines), _LONGEST_MATTER)):
        if lines[at].strip() in {"---", "..."}:
            return at + 1 if at > 1 else 0
        if not _MATTER_FIELD.match(lines[at]):
            return 0
    return 0


def _next(lines: list[str], at: int) -> tuple[Block | None, int]:
    line = lines[at]
    if not line.strip() or _RULE.match(line) or _DEFINITION.match(line):
        return None, at + 1
    if line.lstrip().startswith("<!--"):
        return None, _end_of_comment(lines, at)
    heading = _heading(line, at)
    return (heading, at + 1) if heading is not None else _text(lines, at)


def _heading(line: str, at: int) -> Block | None:
    if heading := _ATX.match(line):
        text = _CLOSING_MARKS.sub("", line[heading.end() :].strip()).strip()
        return Block(Kind.HEADING, at, (text,), len(heading.group(1)))
    if heading := _HTML_HEADING.match(line):
        return Block(Kind.HEADING, at, (heading.group(2),), int(heading.group(1)))
    return None


def _text(lines: list[str], at: int) -> tuple[Block, int]:
    if fence := _FENCE.match(lines[at]):
        return _fenced(lines, at, fence.group(1))
    if _is_table(lines, at):
        return _while_filled(lines, at, Kind.TABLE)
    if _ITEM.match(lines[at]):
        return _list(lines, at)
    if _is_indented_code(lines[at]):
        return _indented_code(lines, at)
    return _paragraph(lines, at)


def _end_of_comment(lines: list[str], at: int) -> int:
    for end in range(at, len(lines)):
        if _COMMENT_END in lines[end]:
            return end + 1
    return at + 1


def _fenced(lines: list[str], at: int, mark: str) -> tuple[Block, int]:
    closing = re.compile(rf"^[ \t]*(?:> ?)*[ \t]*{re.escape(mark[0])}{{{len(mark)},}}[ \t]*$")
    end = at + 1
    while end < len(lines) and not closing.match(lines[end]):
        end += 1
    return Block(Kind.CODE, at, tuple(lines[at + 1 : end])), end + 1


def _is_table(lines: list[str], at: int) -> bool:
    if "|" not in lines[at] or at + 1 >= len(lines):
        return False
    rule = lines[at + 1].replace(" ", "").replace("\t", "")
    return "-" in rule and "|" in rule and _TABLE_RULE.match(rule) is not None


def _while_filled(lines: list[str], at: int, kind: Kind) -> tuple[Block, int]:
    end = at
    while end < len(lines) and lines[end].strip() and not (end > at and _interrupts(lines[end])):
        end += 1
    return Block(kind, at, tuple(lines[at:end])), end


def _interrupts(line: str) -> bool:
    return bool(_FENCE.match(line) or _ATX.match(line) or _HTML_HEADING.match(line) or line.lstrip().startswith("<!--"))


def _list(lines: list[str], at: int) -> tuple[Block, int]:
    """Items with what is indented under them; a fence inside belongs to its item."""
    end = at + 1
    while end < len(lines):
        line = lines[end]
        if fence := _FENCE.match(line) or re.match(r"^[ \t]+(`{3,}|~{3,})", line):
            if not line[:1].isspace():
                break
            end = _fenced(lines, end, fence.group(1))[1]
        elif not line.strip():
            if not _goes_on(lines, end):
                break
            end += 1
        elif _ATX.match(line) or (_RULE.match(line) and not _ITEM.match(line)):
            break
        else:
            end += 1
    end = min(end, len(lines))
    return Block(Kind.LIST, at, tuple(lines[at:end])), end


def _goes_on(lines: list[str], blank: int) -> bool:
    """Whether the list has more after an empty line: another item, or something indented."""
    following = next((line for line in lines[blank : blank + 3] if line.strip()), "")
    if _RULE.match(following):
        return False
    return bool(_ITEM.match(following) or following.startswith(("  ", "\t")))


def _is_indented_code(line: str) -> bool:
    return line.startswith(("    ", "\t"))


def _indented_code(lines: list[str], at: int) -> tuple[Block, int]:
    end = at
    while end < len(lines) and (_is_indented_code(lines[end]) or not lines[end].strip()):
        end += 1
    text = [line[4:] if line.startswith("    ") else line.lstrip("\t") for line in lines[at:end]]
    # Indented prose (an admonition's body) is far more common in guides than indented code is.
    kind = Kind.CODE if _looks_like_code(text) else Kind.PARAGRAPH
    while text and not text[-1].strip():
        text.pop()
    return Block(kind, at, tuple(text)), end


def _looks_like_code(lines: list[str]) -> bool:
    marks = sum(len(re.findall(r"[{}()\[\]=;<>$|\\/_]|::|->", line)) for line in lines)
    return marks * 12 > sum(len(line.strip()) for line in lines)


def _paragraph(lines: list[str], at: int) -> tuple[Block, int]:
    end = at + 1
    while end < len(lines) and lines[end].strip():
        line = lines[end]
        if setext := _SETEXT.match(line):
            level = 1 if setext.group(1)[0] == "=" else 2
            return Block(Kind.HEADING, at, (" ".join(part.strip() for part in lines[at:end]),), level), end + 1
        if _interrupts(line) or _RULE.match(line) or (_ITEM.match(line) and not _continues_sentence(line)):
            break
        if _is_table(lines, end):
            break
        end += 1
    return Block(Kind.PARAGRAPH, at, tuple(lines[at:end])), end


def _continues_sentence(line: str) -> bool:
    """A wrapped line that begins with a number, like "1986. A great year", does not start a list."""
    number = re.match(r"^\s*(\d+)[.)]", line)
    return number is not None and int(number.group(1)) != 1
