"""All that is kept of a member, as one JSON document that is written while it is read."""

from collections.abc import AsyncIterator, Mapping

import msgspec

from application.realtime.events import plain


async def json_document(records: AsyncIterator[tuple[str, Mapping[str, object]]]) -> AsyncIterator[bytes]:
    """An object with a list for each section, in the order they come. A document without its end is not whole."""
    section: str | None = None
    async for name, record in records:
        if name == section:
            opening = b",\n"
        else:
            opening = (b"{" if section is None else b"],\n") + msgspec.json.encode(name) + b":[\n"
            section = name
        yield opening + msgspec.json.encode(plain(record))
    yield b"{}\n" if section is None else b"]}\n"
