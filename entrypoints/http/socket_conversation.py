"""What a signed-in client says on its socket, and what is answered. Every frame gets an answer or has its effect."""

import asyncio
import logging
from dataclasses import dataclass
from datetime import timedelta
from functools import singledispatchmethod

from application.ports.system import Clock
from domain.chat import ChatMessageId, ChatSessionId
from domain.errors import GuildhallError, NotAllowed, NotSignedIn, TooManyRequests
from domain.identity import Actor
from entrypoints.http import frames
from entrypoints.http.socket_identity import NOT_SIGNED_IN, Identity, SocketIdentification
from entrypoints.http.socket_limits import FLOOD, SocketLimits, TokenBucket
from entrypoints.http.socket_ports import LiveSocket, MessageCommands, TypingCommands
from entrypoints.http.socket_transport import AsgiSocket, InternalFailure, error_fields

FORBIDDEN, INTERNAL = 4003, 4000

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SocketServices:
    """The use cases behind client frames."""

    identification: SocketIdentification
    messages: MessageCommands
    typing: TypingCommands
    clock: Clock


class Conversation:
    """One signed-in socket. Frames are handled one after another, so what a client asks for happens in its order.

    `is_waiting` says that no frame is being handled, so that nothing is lost by cancelling.
    """

    __slots__ = (
        "_client",
        "_errors",
        "_frames",
        "_is_over",
        "_max_frame_bytes",
        "_peer",
        "_services",
        "_token_ends_at",
        "is_waiting",
    )

    def __init__(
        self, client: LiveSocket, peer: AsgiSocket, identity: Identity, services: SocketServices, limits: SocketLimits
    ) -> None:
        self._client = client
        self._peer = peer
        self._services = services
        self._max_frame_bytes = limits.max_frame_bytes
        self._token_ends_at = identity.ends_at
        time = asyncio.get_running_loop().time
        self._frames = TokenBucket(limits.frames_per_second, limits.frames_burst, time)
        self._errors = TokenBucket(limits.errors_per_second, limits.errors_burst, time)
        self._is_over = False
        self.is_waiting = False

    def stop(self) -> None:
        """Handle nothing after the present frame."""
        self._is_over = True

    def welcome(self) -> None:
        """Say that the socket is ready."""
        self._client.welcome(self._token_ends_at, self._max_frame_bytes)

    async def listen(self) -> bool:
        """Handle frames until the socket is to be closed (True) or the client is gone (False)."""
        while not self._is_over:
            try:
                async with asyncio.timeout(self._seconds_left()):
                    self.is_waiting = True
                    data = await self._peer.receive()
                    self.is_waiting = False
            except TimeoutError:
                self._end(NOT_SIGNED_IN, NotSignedIn("The access token has ended; authenticate with a new one."))
                break
            if data is None:
                return False
            self._client.heard()
            await self._handle(data)
        return True

    def tell(self, error: GuildhallError, **reference: str) -> None:
        """Queue an error frame."""
        self._client.send("error", **error_fields(error), **reference)

    async def _handle(self, data: str | bytes) -> None:
        try:
            self._limit_rate()
            await self._answer(frames.decode_frame(data, self._max_frame_bytes))
        except GuildhallError as error:
            self._refused(error, data)
        except Exception:
            logger.exception("socket_frame_failed")
            self._refused(InternalFailure(), data)

    def _limit_rate(self) -> None:
        if not self._frames.take():
            raise TooManyRequests("Too many frames; slow down.", timedelta(seconds=1))

    def _refused(self, error: GuildhallError, data: str | bytes) -> None:
        self.tell(error, **frames.reference_of(data))
        if not self._errors.take():
            self._end(FLOOD, TooManyRequests("Too many frames were refused.", timedelta(seconds=5)))

    def _end(self, code: int, error: GuildhallError) -> None:
        self.tell(error)
        self._client.close(code, error.public_message)
        self._is_over = True

    def _seconds_left(self) -> float | None:
        if self._token_ends_at is None:
            return None
        return max(0.0, (self._token_ends_at - self._services.clock.now()).total_seconds())

    async def _actor(self) -> Actor:
        actor = await self._client.refresh()
        if actor is None:
            error = NotSignedIn("You are no longer signed in.")
            self._client.close(NOT_SIGNED_IN, error.message)
            self._is_over = True
            raise error
        return actor

    @singledispatchmethod
    async def _answer(self, frame: frames.ClientFrame) -> None:
        raise TypeError(f"{type(frame).__name__} has no answer.")

    @_answer.register
    async def _(self, frame: frames.Authenticate) -> None:
        try:
            identity = await self._services.identification.from_token(frame.token, self._client.actor.device)
        except NotSignedIn as error:
            self._end(NOT_SIGNED_IN, error)
            return
        if identity.actor.member_id != self._client.actor.member_id:
            self._end(FORBIDDEN, NotAllowed("The token is another member's; open a socket of their own."))
            return
        self._client.become(identity.actor)
        self._token_ends_at = identity.ends_at
        self.welcome()

    @_answer.register
    async def _(self, frame: frames.Subscribe) -> None:
        await self._actor()
        await self._client.subscribe(frame.channel, frame.epoch, frame.offset)

    @_answer.register
    async def _(self, frame: frames.Unsubscribe) -> None:
        self._client.unsubscribe(frame.channel)

    @_answer.register
    async def _(self, _frame: frames.Ping) -> None:
        self._client.send("pong")

    @_answer.register
    async def _(self, _frame: frames.Pong) -> None:
        return

    @_answer.register
    async def _(self, frame: frames.SendMessage) -> None:
        posted = await self._services.messages.post(
            await self._actor(), ChatSessionId(frame.session_id), frame.content, idempotency_key=frame.request_id
        )
        reply_id = None if posted.reply_id is None else str(posted.reply_id)
        self._client.send(
            "message_ack", request_id=frame.request_id, message_id=str(posted.message.id), reply_id=reply_id
        )

    @_answer.register
    async def _(self, frame: frames.Cancel) -> None:
        message = await self._services.messages.cancel(await self._actor(), ChatMessageId(frame.message_id))
        self._client.send(
            "message_ack", request_id=frame.request_id, message_id=str(message.id), status=message.status.value
        )

    @_answer.register
    async def _(self, frame: frames.TypingStart) -> None:
        await self._services.typing.tell(await self._actor(), ChatSessionId(frame.session_id), is_typing=True)

    @_answer.register
    async def _(self, frame: frames.TypingStop) -> None:
        await self._services.typing.tell(await self._actor(), ChatSessionId(frame.session_id), is_typing=False)
