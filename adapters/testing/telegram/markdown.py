"""The legacy parse mode Markdown: nothing nests, and only `_*`[` can be escaped."""

import re

from adapters.testing.telegram.errors import Json, unparsable
from adapters.testing.telegram.plain import PlainText, entity, link

_ESCAPED = re.compile(rb"\\([_*`\[])")
_BEGIN = re.compile(rb"```|[_*`\[]")
_KINDS = {b"_": "italic", b"*": "bold", b"`": "code", b"```": "pre"}
_ENDS = {b"[": b"]"}
_LANGUAGE = re.compile(rb"([^\s`]+)(?=\s)")
_ADDRESS = re.compile(rb"\(([^)]*)\)")
_NEW_LINE = re.compile(rb"\r\n|\n\r|\n|\r")


def parse_markdown(text: str) -> tuple[str, list[Json]]:
    """The plain text and its entities, sorted. Raises `ApiError` with the place in bytes."""
    source, plain, entities, at = text.encode("utf-8", "surrogatepass"), PlainText(), [], 0
    while at < len(source):
        if escaped := _ESCAPED.match(source, at):
            plain.add(escaped.group(1)[0])
            at = escaped.end()
        elif mark := _BEGIN.match(source, at):
            found, at = _marked(source, at, mark.group(), plain)
            if found is not None and found["length"]:
                entities.append(found)
        else:
            plain.add(source[at])
            at += 1
    return plain.text(), entities


def _marked(source: bytes, begin: int, mark: bytes, plain: PlainText) -> tuple[Json | None, int]:
    at, language = begin + len(mark), ""
    if mark == b"```":
        if named := _LANGUAGE.match(source, at):
            language, at = named.group(1).decode("utf-8", "replace"), named.end()
        at = new_line.end() if (new_line := _NEW_LINE.match(source, at)) else at
    end = source.find(_ENDS.get(mark, mark), at)
    if end < 0:
        raise unparsable(f"Can't find end of the entity starting at byte offset {begin}")
    offset, start = plain.units, len(plain)
    for byte in source[at:end]:
        plain.add(byte)
    after = end + len(_ENDS.get(mark, mark))
    if mark != b"[":
        more = {"language": language} if language else {}
        return entity(_KINDS[mark], offset, plain.units, **more), after
    address = _ADDRESS.match(source, after)
    url = address.group(1).decode("utf-8", "replace") if address else plain.since(start)
    return link(url, offset, plain.units), address.end() if address else after
