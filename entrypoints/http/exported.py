"""Documents that are written while they are read."""

from collections.abc import AsyncIterator, Mapping

import msgspec

CHUNK_BYTES = 32_768


async def json_document(records: AsyncIterator[tuple[str, Mapping[str, object]]]) -> AsyncIterator[bytes]:
    """An object with a list for each section, in the order they come. A document without its end is not whole."""
    section: str | None = None
    async for name, record in records:
        if name == section:
            opening = b",\n"
        else:
            opening = (b"{" if section is None else b"],\n") + msgspec.json.encode(name) + b":[\n"
            section = name
        yield opening + msgspec.json.encode(record)
    yield b"{}\n" if section is None else b"]}\n"


async def encoded(pieces: AsyncIterator[str]) -> AsyncIterator[bytes]:
    """Text as UTF-8."""
    async for piece in pieces:
        yield piece.encode()


async def in_chunks(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same bytes in fewer parts, 32 kB or more each: every part costs a write of its own."""
    waiting = bytearray()
    async for piece in pieces:
        waiting += piece
        if len(waiting) >= CHUNK_BYTES:
            yield bytes(waiting)
            waiting.clear()
    if waiting:
        yield bytes(waiting)
