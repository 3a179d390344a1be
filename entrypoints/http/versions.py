"""Versions of things as entity tags: `ETag` on the way out, `If-Match` on the way in."""

import re

from domain.errors import Malformed

_TAG = re.compile(r'"(\d{1,18})"')


def etag(version: int) -> dict[str, str]:
    """The header that names this version."""
    return {"ETag": f'"{version}"'}


def expected_version(if_match: str | None) -> int | None:
    """The version that the client read; None when it names none. Raises `Malformed` on anything but one strong tag."""
    if if_match is None or if_match.strip() == "*":
        return None
    tag = _TAG.fullmatch(if_match.strip())
    if tag is None:
        raise Malformed('If-Match is expected to be an ETag as it was given, such as "3".')
    return int(tag[1])
