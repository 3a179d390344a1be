"""A request's parameters, read as leniently or strictly as the Bot API reads them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from adapters.testing.telegram.errors import bad_request

_NUMBER = re.compile(r"\s*([+-]?\d{1,19})")
_WHOLE_NUMBER = re.compile(r"[+-]?\d{1,19}")


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that came with a request."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Arguments:
    """Every parameter as text, as the server keeps them: a value that was JSON is its JSON. Files by their field."""

    values: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, Upload] = field(default_factory=dict)

    def text(self, name: str, default: str = "") -> str:
        """The value, or the default when it is absent."""
        return self.values.get(name, default)

    def required(self, name: str) -> str:
        """The value; raises `ApiError` when it is absent or empty."""
        value = self.text(name)
        if not value:
            raise bad_request(f'Parameter "{name}" is required')
        return value

    def integer(self, name: str, default: int = 0, low: int | None = None, high: int | None = None) -> int:
        """The number that the value begins with, else 0, moved into the bounds."""
        value = self.text(name)
        match = _NUMBER.match(value)
        number = default if not value else int(match.group(1)) if match else 0
        number = number if low is None else max(low, number)
        return number if high is None else min(high, number)

    def boolean(self, name: str) -> bool:
        """`true`, `yes` and `1` are true, in any case; everything else is not."""
        return self.text(name).strip().lower() in {"true", "yes", "1"}

    def json(self, name: str, called: str) -> Any:
        """The value decoded, `None` when it is absent. `called` is what the refusal calls it."""
        value = self.text(name)
        if not value:
            return None
        try:
            return msgspec.json.decode(value)
        except (msgspec.MsgspecError, RecursionError):
            raise bad_request(f"Can't parse {called} JSON object") from None

    def lenient_json(self, name: str) -> Any:
        """The value decoded, `None` when it is absent or no JSON: some parameters are not worth a refusal."""
        try:
            return msgspec.json.decode(self.text(name))
        except (msgspec.MsgspecError, RecursionError):
            return None

    def user_id(self) -> int:
        """The parameter `user_id`; raises `ApiError` unless it is a positive number."""
        value = self.text("user_id")
        if not _WHOLE_NUMBER.fullmatch(value) or int(value) <= 0:
            raise bad_request("Invalid user_id specified")
        return int(value)

    def chat_id(self) -> int | None:
        """The parameter `chat_id` where it is a number: what faults are chosen by."""
        value = self.text("chat_id")
        return int(value) if _WHOLE_NUMBER.fullmatch(value) else None
