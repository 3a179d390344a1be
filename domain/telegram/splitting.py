"""Long texts in as many messages as they take."""

import re
import unicodedata
from bisect import bisect_right
from itertools import accumulate

from domain.telegram.rich_text import MAX_ENTITIES, MAX_TEXT, EntityKind, RichText

_SENTENCE_END = re.compile(r"[.!?…。！？][\"')\]»”’]*(?=\s)")  # noqa: RUF001 - other scripts end sentences too
_SPACE = re.compile(r"\s+")
_LONGEST_CLUSTER = 32
_JOINERS = frozenset("\u200d\ufe0e\ufe0f\u20e3")
_FLAG_LETTERS = "".join(map(chr, range(0x1F1E6, 0x1F200)))


def split(whole: RichText, max_text: int = MAX_TEXT, max_entities: int = MAX_ENTITIES) -> list[RichText]:
    """Pieces of at most `max_text` UTF-16 code units and `max_entities` entities, none of them blank.

    Cut between paragraphs where that leaves no piece half empty, else between lines, sentences or words, and within
    a word only where there is no other way, but not within a character. White space at a cut is dropped, at the ends
    of pieces too. An entity that is cut goes on in the next piece. A block of code is begun in the next piece rather
    than cut, where it fits there.
    """
    if max_text < 2 or max_entities < 0:
        raise ValueError("expected room for a character at least")
    if whole.length <= max_text and len(whole.entities) <= max_entities:
        pieces = [whole.trimmed()]
    else:
        pieces = _Splitter(whole, max_text, max_entities).pieces()
    return [piece for piece in pieces if piece.text]


class _Splitter:
    """One long text. Positions are in code points, offsets in UTF-16 code units."""

    def __init__(self, whole: RichText, max_text: int, max_entities: int) -> None:
        self._whole = whole
        self._text = whole.text
        self._entities = sorted(whole.entities, key=lambda entity: (entity.offset, -entity.length))
        self._max_text = max_text
        self._max_entities = max_entities
        self._offsets = [0, *accumulate(1 + (ord(char) > 0xFFFF) for char in self._text)]

    def pieces(self) -> list[RichText]:
        found, start = [], 0
        while start < len(self._text):
            reach = self._reach(start)
            end, following = (reach, reach) if reach == len(self._text) else self._cut(start, reach)
            piece = self._whole.part(start, end).trimmed()
            found.append(RichText(piece.text, piece.entities[: self._max_entities]))
            start = following
        return found

    def _reach(self, start: int) -> int:
        """How far a piece may go at most."""
        first = self._offsets[start]
        reach = bisect_right(self._offsets, first + self._max_text) - 1
        inside = [one for one in self._entities if one.end > first and one.offset < self._offsets[reach]]
        if len(inside) > self._max_entities:
            over = bisect_right(self._offsets, inside[self._max_entities].offset) - 1
            # More than fit on the same character: formatting is given up then, never text.
            return over if over > start else reach
        return reach

    def _cut(self, start: int, reach: int) -> tuple[int, int]:
        """Where the piece ends, and where the next one begins."""
        half = start + (reach - start) // 2
        if (before := self._before_block(half, reach)) is not None:
            return before, before
        for separator in ("\n\n", "\n"):
            # The separator may stand right behind the last character that fits.
            if (at := self._text.rfind(separator, half, reach + len(separator))) > start:
                return at, self._after_lines(at)
        if sentences := [each.end() for each in _SENTENCE_END.finditer(self._text, half, reach + 1)]:
            return sentences[-1], self._after_space(sentences[-1])
        for at in range(reach, start, -1):
            if self._text[at].isspace():
                return at, self._after_space(at)
        at = self._between_characters(start, reach)
        return at, at

    def _before_block(self, half: int, reach: int) -> int | None:
        """The start of a block of code that the end of the piece would cut and that fits into the next one."""
        at = self._offsets[reach]
        for entity in self._entities:
            if entity.kind is EntityKind.PRE and entity.offset < at < entity.end and entity.length <= self._max_text:
                position = bisect_right(self._offsets, entity.offset) - 1
                return position if position > half else None
        return None

    def _after_lines(self, at: int) -> int:
        while at < len(self._text) and self._text[at] == "\n":
            at += 1
        return at

    def _after_space(self, at: int) -> int:
        space = _SPACE.match(self._text, at)
        return at if space is None else space.end()

    def _between_characters(self, start: int, reach: int) -> int:
        for at in range(reach, max(start, reach - _LONGEST_CLUSTER), -1):
            if not _belongs(self._text[max(start, at - _LONGEST_CLUSTER) : at], self._text[at]):
                return at
        return reach


def _belongs(before: str, char: str) -> bool:
    """Whether the character continues what stands before it: an accent, half a flag, a joined emoji."""
    last = before[-1]
    if char in _JOINERS or last == "\u200d" or unicodedata.category(char) in {"Mn", "Me", "Mc"}:
        return True
    if "\U0001f3fb" <= char <= "\U0001f3ff" or "\U000e0020" <= char <= "\U000e007f":
        return True
    if char in _FLAG_LETTERS:
        return (len(before) - len(before.rstrip(_FLAG_LETTERS))) % 2 == 1
    # Vowels and finals of a Hangul syllable.
    return "\u1160" <= char <= "\u11ff"
