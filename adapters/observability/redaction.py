"""Keeps secrets out of the logs."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from typing import Any
from urllib.parse import quote, quote_plus

MASK = "**********"
_SECRET_KEY = re.compile(
    r"passw|passphrase|secret|token|authori[sz]ation|cookie|api_?key|private_?key|signing_?key|credential|csrf|signature"
)
_COUNT_KEY = re.compile(r"tokens(_|$)")
_IN_TEXT = (
    (re.compile(r"(?i)\b(bearer|basic)\s+[^\s\"',;]{12,}"), rf"\1 {MASK}"),
    (re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://)[^\s\"'<>]+@"), rf"\1{MASK}@"),
    (re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*"), MASK),
    # A bot token, wherever it stands: in an address it follows "bot" at once.
    (re.compile(r"(?<!\d)\d{6,12}:[\w-]{30,}"), MASK),
    (re.compile(r"(?i)\b((?:\w*(?:password|secret|token|api_?key))=)[^\s&\"']+"), rf"\1{MASK}"),
)
_DEEPEST = 6
_SHORTEST = 8


class Redaction:
    """A structlog processor that masks values under telling names, what looks like a token, and known secrets.

    `secrets` are values that must not appear anywhere in a line, whatever the name; ones shorter than 8 characters
    are left out, since masking them would eat ordinary words. A secret is masked in its usual spellings too: as Python
    and JSON quote it, and percent-encoded.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        spelled = {form for secret in secrets if len(secret) >= _SHORTEST for form in _spellings(secret)}
        known = sorted(spelled, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, known))) if known else None

    def __call__(self, _logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        """The event without secrets."""
        return {self.known(key): self._value(key, value, 0) for key, value in event.items()}

    def known(self, text: str) -> str:
        """The text without the known secrets, and otherwise as it is."""
        return text if self._known is None else self._known.sub(MASK, text)

    def _value(self, key: str, value: object, depth: int) -> object:
        if value is None or isinstance(value, bool):
            return value
        if _is_secret(key, value):
            return MASK
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, bytes):
            return self._text(value.decode("utf-8", "replace"))
        return self._inside(value, depth)

    def _inside(self, value: object, depth: int) -> object:
        if isinstance(value, int | float):
            return value
        if depth >= _DEEPEST:
            return self._text(repr(value)) if not isinstance(value, Mapping | list | tuple) else "…"
        if isinstance(value, Mapping):
            return {self._text(str(key)): self._value(str(key), item, depth + 1) for key, item in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self._value("", item, depth + 1) for item in value]
        return self._text(str(value))

    def _text(self, text: str) -> str:
        text = self.known(text)
        for pattern, replacement in _IN_TEXT:
            text = pattern.sub(replacement, text)
        return text


def _spellings(secret: str) -> Iterator[str]:
    yield secret
    yield from (repr(secret)[1:-1], ascii(secret)[1:-1], json.dumps(secret)[1:-1])
    try:
        yield from (quote(secret), quote(secret, safe=""), quote_plus(secret))
    except UnicodeEncodeError:
        return


def _is_secret(key: str, value: object) -> bool:
    name = key.lower().replace("-", "_")
    if not _SECRET_KEY.search(name):
        return False
    # tokens_used and max_tokens are counts, not secrets.
    return not (isinstance(value, int | float) and _COUNT_KEY.search(name))
