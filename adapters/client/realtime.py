"""One socket that is always there: opened again after every break, with everything where it was."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import msgspec

from adapters.client.backoff import NOT_SIGNED_IN, Backoff
from adapters.client.errors import ClientError, Disconnected, SignedOut
from adapters.client.events import Place
from adapters.client.requests import MessageAck, Requests
from adapters.client.sockets import Connect, Socket, frames_of, open_socket, send_all
from adapters.client.subscription import Subscription
from adapters.client.tokens import TokenSource

SILENCE_SECONDS = 70.0
STEADY_SECONDS = 5.0
AGAIN_SECONDS = 2.0
RENEWED_BEFORE_SECONDS = 60.0
RENEWED_EVERY_SECONDS = 15.0
REFUSED_AT_MOST = 2
UTC_NOW = partial(datetime.now, UTC)

logger = logging.getLogger(__name__)
_encoder = msgspec.json.Encoder()


class RealtimeClient:
    """A member's socket to a Guildhall server. Use it as a context; it connects when it is entered.

    `url` is the server's `/api/v1/ws`. Subscriptions live until they end, whatever happens to the connection. `limit`
    is how many events of one channel may wait to be taken; after `silence` seconds without a frame (the server sends
    one at least every 30) the connection counts as broken.
    """

    def __init__(
        self,
        url: str,
        tokens: TokenSource,
        *,
        connect: Connect = open_socket,
        backoff: Backoff | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        now: Callable[[], datetime] = UTC_NOW,
        silence: float = SILENCE_SECONDS,
        limit: int = 10_000,
    ) -> None:
        self._url = url
        self._tokens = tokens
        self._connect = connect
        self._backoff = backoff or Backoff()
        self._sleep = sleep
        self._now = now
        self._silence = silence
        self._limit = limit
        self._subscriptions: dict[str, Subscription] = {}
        self._requests = Requests(self._say)
        self._outgoing: asyncio.Queue[str] | None = None
        self._live = asyncio.Event()
        self._hint: float | None = None
        self._refused = 0
        self._error: Exception | None = None
        self._task: asyncio.Task[None] | None = None
        self._helpers: set[asyncio.Task[None]] = set()
        self._renewal: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "RealtimeClient":
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def is_live(self) -> bool:
        """Whether there is a connection that the server has welcomed."""
        return self._live.is_set()

    async def close(self) -> None:
        """Close the socket and end every subscription with the reason `closed`; whoever asks from now on is told so."""
        closed = ClientError("closed", "The client was closed.")
        self._error = self._error or closed
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        for subscription in self._subscriptions.values():
            subscription.end("closed")
        self._subscriptions.clear()
        self._requests.refuse(closed)

    def subscribe(self, channel: str, place: Place | None = None) -> Subscription:
        """Hear a channel from a place on, or from now on; raises `ValueError` when it is heard already."""
        if channel in self._subscriptions and not self._subscriptions[channel].is_over:
            raise ValueError(f"{channel} is subscribed already; end that subscription first.")
        subscription = self._subscriptions[channel] = Subscription(channel, place, self._say, self._limit)
        if self._error is not None:
            subscription.fail(self._error)
        elif self.is_live:
            subscription.connected()
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """Hear no more of a channel; the subscription ends with the reason `requested`."""
        if self._subscriptions.get(subscription.channel) is subscription:
            del self._subscriptions[subscription.channel]
            self._say({"type": "unsubscribe", "channel": subscription.channel})
        subscription.end("requested")

    async def send_message(self, session_id: str | UUID, content: str, request_id: str | None = None) -> MessageAck:
        """Write to a session, once, over any number of breaks; raises `RequestRefused` and `SignedOut`.

        The same `request_id` again, within a day, is the same message; raises `ValueError` while it is being written.
        """
        return await self._ask(
            {"type": "send_message", "session_id": str(session_id), "content": content}, request_id or str(uuid4())
        )

    async def cancel(self, message_id: str | UUID) -> MessageAck:
        """Stop a reply, keeping what arrived; raises `RequestRefused` and `SignedOut`."""
        return await self._ask({"type": "cancel", "message_id": str(message_id)}, str(uuid4()))

    def typing(self, session_id: str | UUID, *, is_typing: bool) -> None:
        """Tell the session's participants; nothing is told while there is no connection."""
        self._say({"type": "typing_start" if is_typing else "typing_stop", "session_id": str(session_id)})

    async def _ask(self, frame: Mapping[str, object], request_id: str) -> MessageAck:
        if self._error is not None:
            raise self._error
        return await self._requests.ask(frame, request_id)

    async def _run(self) -> None:
        try:
            while True:
                code = await self._connection()
                await self._sleep(self._backoff.next(code, self._hint))
                self._hint = None
        except Exception as error:  # noqa: BLE001 - handed on to all who listen or ask
            self._error = error
            for subscription in self._subscriptions.values():
                subscription.fail(error)
            self._requests.refuse(error)

    async def _connection(self) -> int:
        """One connection from its opening to its end; the code it ended with."""
        try:
            socket = await self._connect(self._url, await self._tokens(self._refused > 0))
            await self._converse(socket)
        except Disconnected as gone:
            if gone.code == NOT_SIGNED_IN:
                self._refused += 1
                if self._refused > REFUSED_AT_MOST:
                    raise SignedOut("not_signed_in", gone.reason or "The server knows the sign-in no longer.") from gone
            return gone.code
        except OSError:
            return 1006
        return 1006

    async def _converse(self, socket: Socket) -> None:
        self._outgoing = asyncio.Queue()
        self._help(send_all(socket, self._outgoing))
        try:
            while True:
                async with asyncio.timeout(self._silence):
                    text = await socket.receive()
                for frame in frames_of(text):
                    self._hear(frame)
        except TimeoutError:
            raise Disconnected(1006, "nothing was heard for too long") from None
        finally:
            self._live.clear()
            self._outgoing = None
            helpers = tuple(self._helpers)
            for helper in helpers:
                helper.cancel()
            await asyncio.gather(*helpers, return_exceptions=True)
            await socket.close()

    def _hear(self, frame: Mapping[str, Any]) -> None:
        kind, channel, request_id = frame["type"], frame.get("channel"), frame.get("request_id")
        if kind == "welcome":
            self._welcomed(frame)
        elif kind == "ping":
            self._say({"type": "pong"})
        elif kind == "message_ack" or (kind == "error" and request_id is not None):
            self._requests.hear(frame)
        elif kind == "system_update" and frame.get("retry_after_ms") is not None:
            self._hint = frame["retry_after_ms"] / 1000
        elif channel in self._subscriptions:
            self._told(self._subscriptions[channel], frame)
        elif kind == "error":
            logger.warning(
                "socket_error", extra={"code": frame.get("error_code"), "reason": frame.get("error_message")}
            )

    def _told(self, subscription: Subscription, frame: Mapping[str, Any]) -> None:
        if not subscription.hear(frame):
            self._help(self._again(subscription))
        elif subscription.is_over:
            del self._subscriptions[subscription.channel]

    def _welcomed(self, frame: Mapping[str, Any]) -> None:
        self._refused = 0
        if self._renewal is not None:
            self._renewal.cancel()
        ends_at = frame.get("token_expires_at")
        if ends_at is not None:
            self._renewal = self._help(self._renew(msgspec.convert(ends_at, datetime)))
        if self.is_live:
            return
        self._live.set()
        self._help(self._hold())
        for subscription in self._subscriptions.values():
            subscription.connected()
        self._requests.say_again()

    async def _again(self, subscription: Subscription) -> None:
        """Ask once more for a channel that was refused for now."""
        await self._sleep(AGAIN_SECONDS)
        subscription.connected()

    async def _hold(self) -> None:
        """A connection that lasts some seconds makes up for the breaks before it."""
        await self._sleep(STEADY_SECONDS)
        self._backoff.succeeded()

    async def _renew(self, ends_at: datetime) -> None:
        """Give the server a new token before the present one ends; one that cannot be had now ends with 4001."""
        # A clock that is fast believes every token ended: even so, it asks for few.
        left = (ends_at - self._now()).total_seconds()
        await self._sleep(max(left - min(RENEWED_BEFORE_SECONDS, left / 4), RENEWED_EVERY_SECONDS))
        try:
            self._say({"type": "authenticate", "token": await self._tokens(True)})
        except (ClientError, Disconnected, OSError) as error:
            logger.info("token_not_renewed", extra={"reason": str(error)})

    def _say(self, frame: Mapping[str, object]) -> None:
        """Send a frame over a live connection; without one, all that has to be said is said when there is one."""
        if self._outgoing is not None and self.is_live:
            self._outgoing.put_nowait(_encoder.encode(frame).decode())

    def _help(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._helpers.add(task)
        task.add_done_callback(self._helpers.discard)
        return task
