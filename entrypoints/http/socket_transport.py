"""A socket as the server hands it over: text out, text in, and how a refusal is told."""

import logging
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from litestar.types import Receive, Scope, Send

from domain.errors import GuildhallError, TooManyRequests, Unavailable
from entrypoints.http.direct_frames import EXTENSION, DirectFrames

MAX_REASON_BYTES = 120

_log = logging.getLogger(__name__)


class InternalFailure(Unavailable):
    """Our own failure; the log has all of it."""

    code = "internal"

    def __init__(self) -> None:
        super().__init__("Something failed on our side; try again later.", is_public=True)


class AsgiSocket:
    """The two directions of one accepted socket, without anything in between."""

    __slots__ = ("_direct", "_receive", "_send")

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        extensions: Mapping[str, Any] = scope.get("extensions") or {}
        self._direct: DirectFrames | None = extensions.get(EXTENSION)

    @property
    def at_once(self) -> Callable[[str], bool] | None:
        """Sends one frame without waiting, or says that it cannot now; None where the server offers no way to."""
        return None if self._direct is None else self._direct.write_text

    async def receive(self) -> str | bytes | None:
        """The next frame; None when the client is gone."""
        message: Mapping[str, Any] = await self._receive()
        if message["type"] != "websocket.receive":
            return None
        text: str | None = message.get("text")
        if text is not None:
            return text
        data: bytes = message.get("bytes") or b""
        return data

    async def send_text(self, text: str) -> None:
        """Send one frame; raises `ConnectionResetError` when the peer is gone."""
        try:
            await self._send({"type": "websocket.send", "bytes": None, "text": text})
        except RuntimeError as error:
            raise ConnectionResetError("The peer is gone.") from error

    async def close(self, code: int, reason: str) -> None:
        """Send a close frame; raises `ConnectionResetError` when the peer is gone."""
        short = reason.encode()[:MAX_REASON_BYTES].decode(errors="ignore")
        try:
            await self._send({"type": "websocket.close", "code": code, "reason": short})
        except RuntimeError as error:
            raise ConnectionResetError("The peer is gone.") from error

    async def tell(self, error: GuildhallError, **reference: str) -> None:
        """Send an error frame at once, before there is an outbox."""
        await self.send_text(msgspec.json.encode({"type": "error", **error_fields(error), **reference}).decode())

    async def refuse(self, code: int, error: GuildhallError) -> None:
        """Say why, and close; a peer that is gone already is fine."""
        try:
            await self.tell(error)
            await self.close(code, error.public_message)
        except OSError:
            return


def error_fields(error: GuildhallError) -> dict[str, object]:
    """The fields of an error frame. What a client is not told of it stands in the log."""
    if isinstance(error, Unavailable) and not error.is_public:
        _log.error("unavailable", extra={"code": error.code, "reason": error.message})
    fields: dict[str, object] = {"error_code": error.code, "error_message": error.public_message}
    if isinstance(error, TooManyRequests):
        fields["retry_after_ms"] = int(error.retry_after.total_seconds() * 1000)
    return fields
