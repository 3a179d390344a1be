"""Text in the making: bytes that come one by one, and how many UTF-16 code units they are."""

from adapters.testing.telegram.errors import Json
from adapters.testing.telegram.links import checked, user_of

SPACE = b" \t\n\r\v\0"


class PlainText:
    """What a parser has put out so far."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self.units = 0

    def __len__(self) -> int:
        return len(self._bytes)

    def add(self, byte: int) -> None:
        """One byte of UTF-8."""
        self._bytes.append(byte)
        if not 0x80 <= byte < 0xC0:
            self.units += 2 if byte >= 0xF0 else 1

    def add_text(self, text: str) -> None:
        """Whole characters."""
        for byte in text.encode("utf-8", "surrogatepass"):
            self.add(byte)

    def since(self, start: int) -> str:
        """What was put out from a byte on."""
        return self._bytes[start:].decode("utf-8", "replace")

    def text(self) -> str:
        """All of it; raises `UnicodeDecodeError` where it holds half a surrogate pair."""
        return self._bytes.decode()


def entity(kind: str, offset: int, end: int, **more: object) -> Json:
    """An entity from one UTF-16 offset to another."""
    return {"type": kind, "offset": offset, "length": end - offset, **more}


def link(url: str, offset: int, end: int) -> Json | None:
    """The entity of a link: of a user, or of an address; nothing for an address that Telegram drops."""
    if (user := user_of(url)) is not None:
        return entity("text_mention", offset, end, user={"id": user})
    address = checked(url)
    return entity("text_link", offset, end, url=address) if address is not None else None
