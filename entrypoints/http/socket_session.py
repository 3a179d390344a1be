"""The chat session that the address of a socket names."""

from dataclasses import dataclass
from typing import Any

from litestar.connection import ASGIConnection

from domain.errors import GuildhallError, Invalid, NotFound
from entrypoints.http.socket_conversation import Conversation
from entrypoints.http.socket_ports import LiveSocket

SESSION_GONE = 4004


@dataclass(frozen=True, slots=True)
class AskedSession:
    """The session that an address names, and the place in it to go on from, both as text."""

    channel: str
    epoch: str | None
    offset: str | None

    @classmethod
    def of(cls, session_id: str, request: ASGIConnection[Any, Any, Any, Any]) -> "AskedSession":
        """What the address says."""
        query = request.query_params
        return cls(f"session:{session_id}", query.get("epoch"), query.get("offset"))

    async def enter(self, client: LiveSocket, conversation: Conversation) -> bool:
        """Subscribe it; a missing one closes the socket with 4004, and False is given back."""
        try:
            epoch, offset = self._place()
        except Invalid as error:
            conversation.tell(error, channel=self.channel)
            epoch, offset = None, None
        try:
            await client.subscribe(self.channel, epoch, offset, home=True)
        except GuildhallError as error:
            gone = NotFound("There is no such chat session.") if isinstance(error, Invalid) else error
            conversation.tell(gone, channel=self.channel)
            client.close(SESSION_GONE, gone.public_message)
            return False
        return True

    def _place(self) -> tuple[str | None, int | None]:
        epoch, offset = self.epoch, self.offset
        if epoch is None and offset is None:
            return None, None
        if epoch is None or offset is None or not (offset.isascii() and offset.isdigit() and len(offset) <= 18):
            raise Invalid.of("offset", "expected the number of the last event you have, together with its epoch")
        return epoch, int(offset)
