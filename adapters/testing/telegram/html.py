"""The parse mode HTML: https://core.telegram.org/bots/api#html-style."""

import re
from dataclasses import dataclass, field
from html import unescape

from adapters.testing.telegram.errors import Json, unparsable
from adapters.testing.telegram.plain import PlainText, entity, link

_KINDS = {
    **dict.fromkeys(("b", "strong"), "bold"),
    **dict.fromkeys(("i", "em"), "italic"),
    **dict.fromkeys(("u", "ins"), "underline"),
    **dict.fromkeys(("s", "strike", "del"), "strikethrough"),
    **dict.fromkeys(("tg-spoiler", "span"), "spoiler"),
    "pre": "pre",
    "code": "code",
}
_TAGS = {*_KINDS, "a", "tg-emoji", "tg-time", "blockquote"}
_REFERENCE = re.compile(rb"&(?:#[0-9]{1,8}|#x[0-9A-Fa-f]{1,8}|lt|gt|amp|quot);?")
_SPACE = re.compile(rb"[ \t\n\r\v\0]*")
_TAG_NAME = re.compile(rb"[^ \t\n\r\v\0>]*")
_ATTRIBUTE_NAME = re.compile(rb"[^ \t\n\r\v\0=>/\"']*")
_TOKEN = re.compile(rb"[A-Za-z0-9.-]*")


@dataclass(slots=True)
class _Tag:
    name: str
    offset: int
    start: int
    attributes: dict[str, str] = field(default_factory=dict)


def parse_html(text: str) -> tuple[str, list[Json]]:
    """The plain text and its entities, sorted. Raises `ApiError` with the place in bytes."""
    return _Html(text).parse()


class _Html:
    def __init__(self, text: str) -> None:
        self.source = text.encode("utf-8", "surrogatepass")
        self.at = 0
        self.plain = PlainText()
        self.open: list[_Tag] = []
        self.entities: list[Json] = []

    def parse(self) -> tuple[str, list[Json]]:
        while self.at < len(self.source):
            self._step()
        if self.open:
            raise unparsable(f'Can\'t find end tag corresponding to start tag "{self.open[-1].name}"')
        try:
            text = self.plain.text()
        except UnicodeDecodeError:
            reason = "Text contains invalid Unicode characters after decoding HTML entities"
            raise unparsable(f"{reason}, check for unmatched surrogate code units") from None
        for one in self.entities:
            if one["type"] == "code":
                one.pop("language", None)
        return text, sorted(self.entities, key=lambda one: (one["offset"], -one["length"]))

    def _step(self) -> None:
        byte = self.source[self.at]
        if byte == ord("&") and (found := _reference(self.source, self.at)) is not None:
            self.plain.add_text(found[0])
            self.at = found[1]
        elif byte != ord("<"):
            self.plain.add(byte)
            self.at += 1
        elif self.source[self.at + 1 : self.at + 2] == b"/":
            self._end_tag()
        else:
            self._start_tag()

    def _take(self, pattern: re.Pattern[bytes]) -> str:
        match = pattern.match(self.source, self.at)
        taken = match.group() if match else b""
        self.at += len(taken)
        return taken.decode("utf-8", "replace")

    def _next(self) -> str:
        return chr(self.source[self.at]) if self.at < len(self.source) else ""

    def _start_tag(self) -> None:
        begin = self.at
        self.at += 1
        name = self._take(_TAG_NAME).lower()
        if not self._next():
            raise unparsable(f"Unclosed start tag at byte offset {begin}")
        if name not in _TAGS:
            raise unparsable(f'Unsupported start tag "{name}" at byte offset {begin}')
        tag = _Tag(name, self.plain.units, len(self.plain))
        while True:
            self._take(_SPACE)
            if self._next() == ">":
                break
            self._attribute(tag, begin)
        self.at += 1
        if name == "span" and tag.attributes.get("class") != "tg-spoiler":
            raise unparsable(f'Tag "span" must have class "tg-spoiler" at byte offset {begin}')
        self.open.append(tag)

    def _attribute(self, tag: _Tag, begin: int) -> None:
        unclosed = unparsable(f'Unclosed start tag "{tag.name}" at byte offset {begin}')
        name = self._take(_ATTRIBUTE_NAME)
        if not name:
            raise unparsable(f'Empty attribute name in the tag "{tag.name}" at byte offset {begin}')
        self._take(_SPACE)
        if not self._next():
            raise unclosed
        if self._next() != "=":
            tag.attributes[name] = "1"
            return
        self.at += 1
        self._take(_SPACE)
        if not self._next():
            raise unclosed
        tag.attributes[name] = self._value()
        if not self._next():
            raise unparsable(f"Unclosed start tag at byte offset {begin}")

    def _value(self) -> str:
        quote = self._next()
        if quote in "'\"":
            end = self.source.find(quote.encode(), self.at + 1)
            end = len(self.source) if end < 0 else end
            raw, self.at = self.source[self.at + 1 : end], min(end + 1, len(self.source))
            return _REFERENCE.sub(lambda match: unescape(match.group().decode()).encode(), raw).decode(
                "utf-8", "replace"
            )
        start = self.at
        value = self._take(_TOKEN).lower()
        if self._next() not in {" ", "\t", "\n", "\r", "\v", ">"}:
            raise unparsable(f"Unexpected end of name token at byte offset {start}")
        return value

    def _end_tag(self) -> None:
        begin = self.at
        if not self.open:
            raise unparsable(f"Unexpected end tag at byte offset {begin}")
        self.at += 2
        name = self._take(_TAG_NAME).lower()
        self._take(_SPACE)
        if self._next() != ">":
            raise unparsable(f"Unclosed end tag at byte offset {begin}")
        self.at += 1
        tag = self.open.pop()
        if name and name != tag.name:
            where = f'byte offset {begin}, expected "</{tag.name}>", found "</{name}>"'
            raise unparsable(f"Unmatched end tag at {where}")
        if self.plain.units > tag.offset and (found := self._entity(tag)) is not None:
            self.entities.append(found)

    def _entity(self, tag: _Tag) -> Json | None:
        offset, end = tag.offset, self.plain.units
        if tag.name == "a":
            return link(tag.attributes.get("href") or self.plain.since(tag.start), offset, end)
        if tag.name == "tg-emoji":
            return _emoji(tag, offset, end)
        if tag.name == "tg-time":
            return _time(tag, offset, end)
        if tag.name == "blockquote":
            kind = "expandable_blockquote" if "expandable" in tag.attributes else "blockquote"
            return entity(kind, offset, end)
        if tag.name in {"pre", "code"}:
            return self._code(tag, offset, end)
        return entity(_KINDS[tag.name], offset, end)

    def _code(self, tag: _Tag, offset: int, end: int) -> Json | None:
        """`<pre><code class="language-x">`, either way around, is one block in that language."""
        found = entity(tag.name, offset, end)
        language = tag.attributes.get("class", "").removeprefix("language-") if tag.name == "code" else ""
        if language and language != tag.attributes["class"]:
            found["language"] = language
        inner = self.entities[-1] if self.entities else {}
        is_pair = {inner.get("type"), tag.name} == {"pre", "code"} and inner.get("offset") == offset
        if is_pair and inner.get("length") == end - offset and (inner.get("language") or found.get("language")):
            inner.update(type="pre", language=inner.get("language") or found["language"])
            return None
        return found


def _emoji(tag: _Tag, offset: int, end: int) -> Json:
    identifier = tag.attributes.get("emoji-id", "")
    if not identifier.isdecimal() or int(identifier) == 0:
        raise unparsable("Invalid custom emoji identifier specified")
    return entity("custom_emoji", offset, end, custom_emoji_id=identifier)


def _time(tag: _Tag, offset: int, end: int) -> Json | None:
    unix = tag.attributes.get("unix", "")
    if not unix.isdecimal() or int(unix) == 0:
        return None
    return entity("date_time", offset, end, unix_time=int(unix), date_time_format=tag.attributes.get("format", ""))


def _reference(source: bytes, at: int) -> tuple[str, int] | None:
    match = _REFERENCE.match(source, at)
    if match is None:
        return None
    text = match.group().decode()
    digits = text.strip("&#;")
    code = int(digits[1:], 16) if digits[:1] in {"x", "X"} else int(digits) if digits.isdecimal() else None
    if code is None:
        return unescape(text if text.endswith(";") else f"{text};"), match.end()
    return (chr(code), match.end()) if 0 < code < 0x110000 else None
