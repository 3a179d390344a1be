"""Parameters that several routes take."""

from typing import Annotated

from litestar.params import HeaderParameter, QueryParameter

MAX_LIMIT = 200
MAX_SEQ = 2_147_483_647

Limit = Annotated[int, QueryParameter(ge=1, le=MAX_LIMIT, description="How many at most.")]
Cursor = Annotated[str | None, QueryParameter(description="`next_cursor` of the page before.")]
IfMatch = Annotated[
    str | None,
    HeaderParameter(name="If-Match", description="The ETag that was read; another version now is refused with 412."),
]
