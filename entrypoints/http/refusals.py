"""Which refusal a value deserves: 400 for what is of the wrong kind, 422 for what is well-formed and breaks a rule."""

import re
from collections.abc import Sequence

from domain.errors import FieldError, GuildhallError, Invalid, Malformed

_WHERE = re.compile(r" - at `\$\.?(?P<path>.*)`$")
_WRONG_KIND = re.compile(r"Expected `[^`]+`, got `[^`]+`|Invalid UUID|Number out of range")
_MISSING = re.compile(r"Object missing required field `(?P<field>[^`]+)`")
_UNKNOWN = re.compile(r"Object contains unknown field `(?P<field>.*)`")


class WrongKind(Malformed):
    """A value is of another kind than expected, such as text for a number."""

    def __init__(self, field: FieldError) -> None:
        super().__init__(f"{field.field}: {field.message}")
        self.fields = (field,)


def refused_value(text: str, prefix: str = "", known: Sequence[str] = ()) -> GuildhallError:
    """The refusal for what msgspec says of a value: "Expected `int`, got `str` - at `$.limit`".

    `known` are the fields that the whole value may have, where that can be said.
    """
    where = _WHERE.search(text)
    path = ".".join(part for part in (prefix, where["path"] if where else "") if part)
    message = _WHERE.sub("", text)
    unknown = "there is no such field"
    if known and not path:
        unknown += f"; expected one of {', '.join(known)}"
    for pattern, expected in ((_MISSING, "is required"), (_UNKNOWN, unknown)):
        if found := pattern.match(message):
            path = ".".join(part for part in (path, found["field"]) if part)
            return Invalid.of(path, expected)
    error = FieldError(path or "body", _plain(message))
    return WrongKind(error) if _WRONG_KIND.match(message) else Invalid(f"{error.field}: {error.message}", [error])


def _plain(message: str) -> str:
    return message[:1].lower() + message[1:].replace("`", "")
