"""The connection to the Bot API. python-telegram-bot is imported when it is first used, and not before."""

import asyncio
import re
from typing import TYPE_CHECKING

from domain.errors import Unavailable

if TYPE_CHECKING:
    from adapters.telegram._client import Client

MASK = "**********"


class BotConnection:
    """One bot's client, made at the first call. `base_url` is the Bot API server.

    No error text that leaves this package holds the token: see `redacted`.
    """

    def __init__(self, token: str | None, base_url: str) -> None:
        self._token = token
        self._base_url = base_url.rstrip("/")
        self._client: Client | None = None
        self._making = asyncio.Lock()

    async def client(self) -> "Client":
        """Raises `Unavailable` without a token."""
        if self._token is None:
            raise Unavailable("There is no bot to speak through; set GUILDHALL_TELEGRAM_BOT_TOKEN.")
        async with self._making:
            if self._client is None:
                # Importing takes half a second, and the client reads certificates: neither may stop the loop.
                self._client = await asyncio.to_thread(_make, self._token, self._base_url)
        return self._client

    async def close(self) -> None:
        """End open connections; a later call opens new ones."""
        client, self._client = self._client, None
        if client is not None:
            await client.hang_up()

    def redacted(self, text: str) -> str:
        """The text without the secret half of the token, in whatever case a library put it."""
        secret = (self._token or "").partition(":")[2]
        return re.sub(re.escape(secret), MASK, text, flags=re.IGNORECASE) if secret else text


def _make(token: str, base_url: str) -> "Client":
    from adapters.telegram._client import Client

    return Client(token, base_url)
