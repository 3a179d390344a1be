"""A value that doesn't show itself."""

import hmac
from typing import NoReturn

MASK = "**********"
HIDE = "hide_secrets"
"""Where an application's state keeps what takes configured secrets out of a text: drivers put them into messages."""


class Secret:
    """Text that must not reach a log, a page or a message. Only `reveal` gives it out."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The text itself."""
        return self._value

    def __repr__(self) -> str:
        return MASK

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(MASK, spec)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(_octets(self._value), _octets(other._value))

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not pickled")


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
