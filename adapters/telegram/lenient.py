"""JSON that only a lenient reader takes: broken UTF-8, half surrogate pairs, control characters in texts.

One odd update must keep no other from being read, nor be lost itself.
"""

import json
import re
from typing import Any

# What reading raises for what is no JSON all the same.
UNREADABLE = (ValueError, RecursionError)
_HALF_PAIR = re.compile("[\ud800-\udfff]")


def read(payload: bytes) -> Any:
    """What it says, U+FFFD for each byte that is no text. Raises one of `UNREADABLE`."""
    return json.loads(payload.decode(errors="replace"), strict=False)


def written(value: object) -> bytes:
    """The same as JSON that every reader takes, U+FFFD for half a pair: offsets into texts, in UTF-16, stay right."""
    return _HALF_PAIR.sub("\ufffd", json.dumps(value, ensure_ascii=False)).encode()
