"""What a passage is taken apart into before it is quoted: sentences, list items and code."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

ITEM = re.compile(r"^(\s*)(-|\d+\.) ")
FENCE = re.compile(r"^\s*(`{3,})")
MAX_CODE_LINES = 15
_SENTENCE = re.compile(r"(?<=[.!?…])[\"')\]]*\s+(?=[\"'(\[`]*[A-Z0-9`])")


@dataclass(frozen=True, slots=True)
class Unit:
    """What is quoted whole: a sentence, a list item with what is under it, or a code block."""

    text: str
    kind: str
    block: int
    value: float = 0.0

    @property
    def is_step(self) -> bool:
        """Whether it is an item of a numbered list."""
        return self.kind == "item" and self.text.lstrip()[:1].isdigit()

    @property
    def is_later_step(self) -> bool:
        """Whether it is a step that others come before."""
        return self.is_step and self.text.partition(".")[0].strip().lstrip("0") not in {"", "1"}

    @property
    def is_short_code(self) -> bool:
        """Whether it is code of at most `MAX_CODE_LINES` between its two fences."""
        return self.kind == "code" and self.text.count("\n") - 1 <= MAX_CODE_LINES


def units(text: str) -> list[Unit]:
    """The passage's units in order; a block is a paragraph, a list or code."""
    found: list[Unit] = []
    for block, lines in enumerate(_blocks(text)):
        if FENCE.match(lines[0]):
            found.append(Unit("\n".join(lines), "code", block))
        elif ITEM.match(lines[0]):
            found.extend(Unit(item, "item", block) for item in _items(lines))
        else:
            sentences = (part.strip() for line in lines for part in _SENTENCE.split(line))
            found.extend(Unit(sentence, "sentence", block) for sentence in sentences if sentence)
    return found


def _blocks(text: str) -> list[list[str]]:
    """Lines between empty ones; code stays together whatever is in it."""
    blocks: list[list[str]] = [[]]
    fence = ""
    for line in text.split("\n"):
        mark = FENCE.match(line)
        if mark and not line.startswith(" "):
            if not fence and blocks[-1]:
                blocks.append([])
            blocks[-1].append(line)
            if fence and mark.group(1).startswith(fence):
                blocks.append([])
            fence = "" if fence else mark.group(1)
        elif line.strip() or fence:
            is_start_of_list = ITEM.match(line) and blocks[-1] and not ITEM.match(blocks[-1][0]) and not fence
            if is_start_of_list:
                blocks.append([])
            blocks[-1].append(line)
        elif blocks[-1]:
            blocks.append([])
    return [block for block in blocks if block]


def _items(lines: Sequence[str]) -> list[str]:
    items: list[str] = []
    for line in lines:
        if items and (line.startswith(" ") or not ITEM.match(line)):
            items[-1] += f"\n{line}"
        else:
            items.append(line)
    return items
