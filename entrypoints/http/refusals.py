"""Which refusal a value deserves: 400 for what is of the wrong kind, 422 for what is well-formed and breaks a rule."""

import re
from collections.abc import Mapping, Sequence

from domain.errors import FieldError, GuildhallError, Invalid, Malformed

_WHERE = re.compile(r" - at `\$\.?(?P<path>.*)`$")
_WRONG_KIND = re.compile(r"Expected `[^`]+`, got `[^`]+`|Invalid UUID|Number out of range")
_NO_CHOICE = re.compile(r"Invalid enum value")
_MISSING = re.compile(r"Object missing required field `(?P<field>[^`]+)`")
_UNKNOWN = re.compile(r"Object contains unknown field `(?P<field>.*)`")

NO_CHOICES: Mapping[str, Sequence[str]] = {}


class WrongKind(Malformed):
    """A value is of another kind than expected, such as text for a number."""

    def __init__(self, field: FieldError) -> None:
        super().__init__(f"{field.field}: {field.message}")
        self.fields = (field,)


def refused_value(
    text: str, prefix: str = "", known: Sequence[str] = (), choices: Mapping[str, Sequence[str]] = NO_CHOICES
) -> GuildhallError:
    """The refusal for what msgspec says of a value: "Expected `int`, got `str` - at `$.limit`".

    `known` are the fields that the whole value may have, where that can be said; `choices` the names a field takes.
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
    told = _plain(message)
    if _NO_CHOICE.match(message) and (names := choices.get(path)):
        told += f"; expected one of {', '.join(names)}"
    error = FieldError(path or "body", told)
    return WrongKind(error) if _WRONG_KIND.match(message) else Invalid(f"{error.field}: {error.message}", [error])


def _plain(message: str) -> str:
    return message[:1].lower() + message[1:].replace("`", "")
