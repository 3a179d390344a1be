"""The parse mode MarkdownV2: https://core.telegram.org/bots/api#markdownv2-style."""

import re
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from adapters.testing.telegram.errors import Json, unparsable
from adapters.testing.telegram.plain import SPACE, PlainText, entity, link

_RESERVED = b"_*[]()~`>#+-=|{}.!\n"
# Longer marks come before the shorter ones that they start with.
_MARKS = {
    b"```": "Pre",
    b"`": "Code",
    b"__": "Underline",
    b"_": "Italic",
    b"||": "Spoiler",
    b"*": "Bold",
    b"~": "Strikethrough",
    b"![": "CustomEmoji",
    b"[": "TextUrl",
}
_ENDS = {
    "Pre": b"```",
    "PreCode": b"```",
    "Code": b"`",
    "Underline": b"__",
    "Spoiler": b"||",
    "Bold": b"*",
    "Strikethrough": b"~",
    "CustomEmoji": b"]",
    "TextUrl": b"]",
}
_CODE = {"Code", "Pre", "PreCode"}
_ESCAPED = re.compile(rb"\\([\x01-\x7e])")


@dataclass(slots=True)
class _Open:
    """An entity that has begun: its name in messages, and where it begins in units, in the source and in the text."""

    name: str
    offset: int
    source: int
    start: int
    language: str = ""


def parse_markdown_v2(text: str) -> tuple[str, list[Json]]:
    """The plain text and its entities, sorted. Raises `ApiError` with the place in bytes."""
    return _MarkdownV2(text).parse()


class _MarkdownV2:
    def __init__(self, text: str) -> None:
        self.source = text.encode("utf-8", "surrogatepass")
        self.at = 0
        self.plain = PlainText()
        self.open: list[_Open] = []
        self.entities: list[Json] = []
        self.quoting = False
        self.line_begins = True

    def parse(self) -> tuple[str, list[Json]]:
        while self.at < len(self.source):
            self._step()
        if self.quoting:
            self._end_quote(at_the_end=True)
        if self.open:
            raise self._unfinished()
        entities = sorted(self.entities, key=lambda one: (one["offset"], -one["length"]))
        return self.plain.text(), entities

    def _unfinished(self) -> Exception:
        last = self.open[-1]
        return unparsable(f"Can't find end of {last.name} entity at byte offset {last.source}")

    def _step(self) -> None:
        escaped = _ESCAPED.match(self.source, self.at)
        byte = self.source[self.at]
        reserved = b"`" if self.open and self.open[-1].name in _CODE else _RESERVED
        if escaped is not None:
            self._literal(escaped.group(1)[0], 2)
        elif byte not in reserved:
            self._literal(byte, 1)
        elif byte == ord("\n"):
            self._new_line()
        elif self._ends():
            self._end()
        elif byte == ord(">") and self.line_begins:
            self._quote()
        else:
            self._begin()

    def _literal(self, byte: int, width: int) -> None:
        self.plain.add(byte)
        self.at += width
        if byte != ord("\r"):
            self.line_begins = byte == ord("\n")

    def _new_line(self) -> None:
        if self.quoting and self.source[self.at + 1 : self.at + 2] != b">":
            self._end_quote(at_the_end=False)
        self._literal(ord("\n"), 1)

    def _quote(self) -> None:
        if not self.quoting:
            self.open.append(_Open("BlockQuote", self.plain.units, self.at, len(self.plain)))
            self.quoting = True
        self.at += 1

    def _end_quote(self, *, at_the_end: bool) -> None:
        """A quotation ends with its last line; `||` before that end makes it one that can be expanded."""
        kind = "blockquote"
        last = self.open[-1]
        if last.name == "Spoiler" and last.source >= self.at - 2 - self.source[: self.at].endswith(b"\r"):
            self.open.pop()
            kind, last = "expandable_blockquote", self.open[-1]
        if last.name != "BlockQuote":
            raise self._unfinished()
        self.open.pop()
        self.quoting = False
        end = self.plain.units if at_the_end else self.plain.units + 1
        if end > last.offset:
            self.entities.append(entity(kind, last.offset, end))

    def _ends(self) -> bool:
        if not self.open:
            return False
        name = self.open[-1].name
        if name == "Italic":
            return self._has(b"_") and not self._has(b"__")
        return name in _ENDS and self._has(_ENDS[name])

    def _has(self, mark: bytes) -> bool:
        return self.source.startswith(mark, self.at)

    def _begin(self) -> None:
        mark = next((mark for mark in _MARKS if self._has(mark)), None)
        if mark is None:
            char = chr(self.source[self.at])
            raise unparsable(f"Character '{char}' is reserved and must be escaped with the preceding '\\'")
        begun = _Open(_MARKS[mark], self.plain.units, self.at, len(self.plain))
        self.at += len(mark)
        if begun.name == "Pre":
            self._language(begun)
        self.open.append(begun)

    def _language(self, begun: _Open) -> None:
        end = self.at
        while end < len(self.source) and self.source[end] not in SPACE + b"`":
            end += 1
        if self.at < end < len(self.source) and self.source[end] != ord("`"):
            begun.name, begun.language = "PreCode", self.source[self.at : end].decode("utf-8", "replace")
            self.at = end
        new_line = re.compile(rb"\r\n|\n\r|\n|\r").match(self.source, self.at)
        self.at += len(new_line.group()) if new_line else 0

    def _end(self) -> None:
        ended = self.open[-1]
        self.at += len(_ENDS.get(ended.name, b"_"))
        found = self._entity(ended)
        self.open.pop()
        self.line_begins = False
        if found is not None and found["length"]:
            self.entities.append(found)

    def _entity(self, ended: _Open) -> Json | None:
        offset, end = ended.offset, self.plain.units
        if ended.name == "TextUrl":
            url = self._address() if self._has(b"(") else self.plain.since(ended.start)
            return link(url, offset, end)
        if ended.name == "CustomEmoji":
            return self._emoji(offset, end)
        if ended.name == "PreCode":
            return entity("pre", offset, end, language=ended.language)
        return entity(ended.name.lower(), offset, end)

    def _address(self) -> str:
        self.at += 1
        begin = self.at
        match = re.compile(rb"(?:\\[\x01-\x7e]|[^)])*").match(self.source, self.at)
        raw = match.group() if match else b""
        self.at += len(raw)
        if not self._has(b")"):
            raise unparsable(f"Can't find end of a URL at byte offset {begin}")
        self.at += 1
        return _ESCAPED.sub(rb"\1", raw).decode("utf-8", "replace")

    def _emoji(self, offset: int, end: int) -> Json:
        if not self._has(b"("):
            raise unparsable("The entity must contain a tg://emoji or tg://time URL")
        parts = urlsplit(self._address())
        values = {name: given[0] for name, given in parse_qs(parts.query).items()}
        if (parts.scheme, parts.netloc) == ("tg", "emoji") and values.get("id", "").isdecimal():
            return entity("custom_emoji", offset, end, custom_emoji_id=values["id"])
        if (parts.scheme, parts.netloc) == ("tg", "time") and values.get("unix", "").isdecimal():
            formatted = values.get("format", "")
            return entity("date_time", offset, end, unix_time=int(values["unix"]), date_time_format=formatted)
        raise unparsable("Invalid tg://emoji or tg://time URL specified")
