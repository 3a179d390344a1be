"""Message entities: offsets and lengths in UTF-16 code units, checked as Telegram checks them."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from adapters.testing.telegram.errors import Json, bad_request

FORMATTING = {
    "bold",
    "italic",
    "underline",
    "strikethrough",
    "spoiler",
    "blockquote",
    "expandable_blockquote",
    "code",
    "pre",
    "text_link",
    "text_mention",
    "custom_emoji",
    "date_time",
}
# Telegram finds these by itself and ignores them in requests.
DETECTED = {"mention", "hashtag", "cashtag", "bot_command", "url", "email", "phone_number", "bank_card_number"}
_MAX_OFFSET = 1_000_000
_FOUND = re.compile(
    r"(?P<url>(?:https?|tg)://[^\s<>\"]*[^\s<>\".,;:!?()\[\]]"
    r"|(?<![\w@.])(?:[a-z0-9-]+\.)+(?:com|org|net|io|me|dev|app|example)\b(?:/[^\s<>\"]*[^\s<>\".,;:!?()])?)"
    r"|(?P<email>(?<![\w@])[\w.+-]+@[\w-]+(?:\.[\w-]+)+)"
    r"|(?P<mention>(?<![\w@])@[A-Za-z][A-Za-z0-9_]{2,31}\b)"
    r"|(?P<bot_command>(?<![\w/<>])/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?(?![\w/]))"
    r"|(?P<hashtag>(?<![\w#])#\w*[^\W\d]\w*)"
    r"|(?P<cashtag>(?<![\w$])\$[A-Z]{1,8}\b)",
    re.ASCII,
)


def utf16_length(text: str) -> int:
    """How many UTF-16 code units the text has."""
    return len(text) + sum(ord(char) > 0xFFFF for char in text)


def utf16_slice(text: str, offset: int, length: int) -> str:
    """The part of a text that an entity covers."""
    encoded = text.encode("utf-16-le", "surrogatepass")
    return encoded[2 * offset : 2 * (offset + length)].decode("utf-16-le", "surrogatepass")


def read_entities(given: Any, text: str) -> list[Json]:
    """The entities of a request, sorted; detected kinds are left out. Raises `ApiError` for what Telegram refuses."""
    if not isinstance(given, list):
        return []
    found = [one for value in given if (one := _entity(value)) is not None]
    return check_entities(found, text)


def check_entities(entities: Iterable[Json], text: str) -> list[Json]:
    """The entities, sorted and without empty ones: each lies in the text and splits no surrogate pair."""
    kept = sorted((one for one in entities if _in_range(one)), key=lambda one: (one["offset"], -one["length"]))
    borders = _borders(text)
    total = utf16_length(text)
    for entity in kept:
        start, end = entity["offset"], entity["offset"] + entity["length"]
        if start >= total:
            raise bad_request(f"Entity begins after the end of the text at UTF-16 offset {start}")
        if start not in borders:
            position = len(utf16_slice(text, 0, start + 1).encode())
            raise bad_request(f"Entity begins in a middle of a UTF-16 symbol at byte offset {position}")
        if end > total:
            where = f"ends after the end of the text at UTF-16 offset {end}"
            raise bad_request(f"Entity beginning at UTF-16 offset {start} {where}")
        if end not in borders:
            position = len(utf16_slice(text, 0, end + 1).encode())
            where = f"ends in a middle of a UTF-16 symbol at byte offset {position}"
            raise bad_request(f"Entity beginning at UTF-16 offset {start} {where}")
    return kept


def detected(text: str, formatted: Sequence[Json] = ()) -> list[Json]:
    """Commands, mentions, links, addresses and tags in a text, outside of code and of links that were given."""
    closed = [one for one in formatted if one["type"] in {"code", "pre", "text_link", "text_mention"}]
    return [one for one in _detect(text) if not any(_overlap(one, other) for other in closed)]


def trimmed(text: str, entities: Sequence[Json]) -> tuple[str, list[Json]]:
    """The text without white space at its end, and at its start up to the first entity; the entities moved and cut
    accordingly.
    """
    left = len(text) - len(text.lstrip())  # white space is one UTF-16 code unit each
    left = min([left, *(entity["offset"] for entity in entities)])
    text = text[left:].rstrip()
    total = utf16_length(text)
    kept = []
    for entity in entities:
        start = min(max(entity["offset"] - left, 0), total)
        end = min(max(entity["offset"] + entity["length"] - left, 0), total)
        if end > start:
            kept.append({**entity, "offset": start, "length": end - start})
    return text, kept


def _entity(value: Any) -> Json | None:
    if not isinstance(value, dict):
        raise bad_request("Can't parse MessageEntity: expected an Object")
    for name in ("offset", "length"):
        if type(value.get(name)) is not int:
            raise bad_request(f'Can\'t parse MessageEntity: Field "{name}" must be of type Number')
    kind = value.get("type")
    if kind in DETECTED:
        return None
    if kind not in FORMATTING:
        raise bad_request("Can't parse MessageEntity: Unsupported type specified")
    if kind == "text_link" and not value.get("url"):
        raise bad_request("Can't parse MessageEntity: Can't find field \"url\"")
    return dict(value)


def _in_range(entity: Json) -> bool:
    for name in ("offset", "length"):
        if not 0 <= entity[name] <= _MAX_OFFSET:
            raise bad_request(f"Receive an entity with incorrect {name} {entity[name]}")
    return bool(entity["length"])


def _borders(text: str) -> set[int]:
    borders, at = {0}, 0
    for char in text:
        at += 2 if ord(char) > 0xFFFF else 1
        borders.add(at)
    return borders


def _detect(text: str) -> Iterator[Json]:
    for match in _FOUND.finditer(text):
        kind = str(match.lastgroup)
        offset = utf16_length(text[: match.start()])
        yield {"type": kind, "offset": offset, "length": utf16_length(match.group())}


def _overlap(one: Json, other: Json) -> bool:
    return bool(one["offset"] < other["offset"] + other["length"] and other["offset"] < one["offset"] + one["length"])
