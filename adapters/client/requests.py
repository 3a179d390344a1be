"""What a client asked for and waits to hear about."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from adapters.client.errors import RequestRefused

Say = Callable[[Mapping[str, object]], None]


@dataclass(frozen=True, slots=True)
class MessageAck:
    """What became of a request: the message it concerns, the reply to come, or the status after a cancel."""

    message_id: str
    reply_id: str | None = None
    status: str | None = None


class Requests:
    """Requests by their id. One that was not answered is said again over the next connection, under the same id."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._waiting: dict[str, tuple[Mapping[str, object], asyncio.Future[MessageAck]]] = {}

    async def ask(self, frame: Mapping[str, object], request_id: str) -> MessageAck:
        """Say it, and wait for the answer; raises `RequestRefused`, or what `refuse` was called with.

        Raises `ValueError` for an id that another request waits under.
        """
        if request_id in self._waiting:
            raise ValueError(f"The request {request_id!r} waits for its answer already; await that one.")
        whole = {**frame, "request_id": request_id}
        answer: asyncio.Future[MessageAck] = asyncio.get_running_loop().create_future()
        self._waiting[request_id] = (whole, answer)
        self._say(whole)
        try:
            return await answer
        finally:
            del self._waiting[request_id]

    def say_again(self) -> None:
        """There is a new connection."""
        for frame, _ in self._waiting.values():
            self._say(frame)

    def hear(self, frame: Mapping[str, Any]) -> None:
        """Take an answer: a `message_ack`, or an `error` with a request id."""
        _, answer = self._waiting.get(frame.get("request_id") or "", (None, None))
        if answer is None or answer.done():
            return
        if frame["type"] == "error":
            answer.set_exception(RequestRefused(str(frame.get("error_code")), str(frame.get("error_message"))))
        else:
            answer.set_result(MessageAck(frame["message_id"], frame.get("reply_id"), frame.get("status")))

    def refuse(self, error: Exception) -> None:
        """Nothing will be answered any more."""
        for _, answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(error)
