"""Parameters that several routes take."""

from datetime import UTC, datetime
from typing import Annotated

from litestar.params import HeaderParameter, QueryParameter

from domain.errors import Invalid

MAX_LIMIT = 200
MAX_SEQ = 2_147_483_647

Limit = Annotated[int, QueryParameter(ge=1, le=MAX_LIMIT, description="How many at most.")]
Cursor = Annotated[str | None, QueryParameter(description="`next_cursor` of the page before.")]
IfMatch = Annotated[
    str | None,
    HeaderParameter(name="If-Match", description="The ETag that was read; another version now is refused with 412."),
]


def in_utc(at: datetime | None, field: str) -> datetime | None:
    """A client's time in UTC; raises `Invalid` without an offset, and beyond what a calendar holds."""
    if at is None:
        return None
    try:
        if at.tzinfo is not None:
            return at.astimezone(UTC)
    except OverflowError:
        pass
    raise Invalid.of(field, "expected a time with its offset from UTC, such as 2026-01-31T12:00:00Z")
