"""What buttons carry: a version, a verb and its arguments, in at most 64 bytes.

A button may be pressed years after it was sent. One of another version, or of a verb that is gone, is stale: it is
answered politely and does nothing.
"""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from uuid import UUID

VERSION = "1"


@dataclass(frozen=True, slots=True)
class Callback:
    """A pressed button, read."""

    verb: str
    arguments: tuple[str, ...]


def callback(verb: str, *arguments: object) -> str:
    """The data of a button. Ids are written in 22 characters; read them with `read_id`."""
    return ":".join((VERSION, verb, *(_written(argument) for argument in arguments)))


def read_callback(data: str) -> Callback | None:
    """None for what is not of this version."""
    version, _, rest = data.partition(":")
    if version != VERSION or not rest:
        return None
    verb, *arguments = rest.split(":")
    return Callback(verb, tuple(arguments))


def read_id(text: str) -> UUID | None:
    """The id in an argument; None when it is none."""
    try:
        found = UUID(bytes=urlsafe_b64decode(text + "=="))
    except (ValueError, binascii.Error):
        return None
    # The decoder passes over what is no part of its alphabet.
    return found if _written(found) == text else None


def read_guide_id(text: str) -> UUID | None:
    """The guide in a deep link, written like an id in a button or in full; None when it is none."""
    try:
        return UUID(text)
    except ValueError:
        return read_id(text)


def _written(argument: object) -> str:
    if isinstance(argument, UUID):
        return urlsafe_b64encode(argument.bytes).decode().rstrip("=")
    return str(argument)
