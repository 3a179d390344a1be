"""The sockets: `/ws` for many channels, and one per chat session that speaks the same protocol."""

import asyncio
import logging
from collections.abc import Collection
from functools import partial
from typing import Any

from litestar import Router, websocket
from litestar.connection import WebSocket
from litestar.di import NamedDependency
from litestar.exceptions import WebSocketDisconnect
from litestar.params import FromPath, SkipValidation

from application.ports.system import Clock
from domain.errors import GuildhallError, Invalid, NotFound, TooManyRequests
from entrypoints.http.socket_conversation import INTERNAL, Conversation, SocketServices
from entrypoints.http.socket_identity import SocketIdentification
from entrypoints.http.socket_limits import FLOOD, SocketLimits, Strangers
from entrypoints.http.socket_ports import (
    LiveHub,
    LiveSocket,
    MessageCommands,
    SocketAuthenticator,
    TypingCommands,
)
from entrypoints.http.socket_transport import AsgiSocket, InternalFailure, error_fields

SESSION_GONE = 4004
FINISHING_SECONDS = 10.0
IN_PROTOCOL: dict[str, Any] = {"authentication": "in_protocol"}
"""Mark of a socket that says itself who may open it: a refusal is told in a frame, which a guard could not do."""

logger = logging.getLogger(__name__)


class SocketEndpoint:
    """Serves one socket from its handshake to its end. Never silent, and no client brings down more than itself."""

    def __init__(
        self,
        hub: LiveHub,
        authenticator: SocketAuthenticator,
        messages: MessageCommands,
        typing: TypingCommands,
        clock: Clock,
        strangers: Strangers,
        own_origins: Collection[str] = (),
        limits: SocketLimits | None = None,
    ) -> None:
        self._hub = hub
        self._limits = limits or SocketLimits()
        identification = SocketIdentification(authenticator, own_origins, self._limits, strangers)
        self._services = SocketServices(identification, messages, typing, clock)

    async def serve(self, socket: WebSocket[Any, Any, Any], session_id: str | None = None) -> None:
        """Accept, find out who it is, and talk until the end. With `session_id` that session is subscribed."""
        peer = AsgiSocket(socket)
        try:
            await socket.accept()
            await self._serve_accepted(socket, peer, session_id)
        except (WebSocketDisconnect, OSError):
            return
        except Exception:
            logger.exception("socket_failed")
            await peer.refuse(INTERNAL, InternalFailure())

    async def _serve_accepted(self, socket: WebSocket[Any, Any, Any], peer: AsgiSocket, session_id: str | None) -> None:
        identity = await self._services.identification.identify(_asking(socket), peer)
        if identity is None:
            return
        # Nothing asks for them any more, and a socket stays for hours.
        socket.scope["headers"] = []
        try:
            client = self._hub.connect(identity.actor, peer)
        except TooManyRequests as error:
            await peer.refuse(FLOOD, error)
            return
        conversation = Conversation(client, peer, identity, self._services, self._limits)
        conversation.welcome()
        reader = asyncio.create_task(self._read(socket, client, conversation, session_id))
        reader.add_done_callback(partial(_stop_sending, client))
        try:
            await client.run()
            if not reader.done():
                await _let_finish(reader, conversation)
        finally:
            client.leave()
            reader.cancel()
            for failure in await asyncio.gather(reader, return_exceptions=True):
                if isinstance(failure, Exception):
                    logger.error("socket_failed", exc_info=failure)

    async def _read(
        self,
        socket: WebSocket[Any, Any, Any],
        client: LiveSocket,
        conversation: Conversation,
        session_id: str | None,
    ) -> bool:
        if session_id is not None and not await _enter(socket, client, conversation, session_id):
            return True
        return await conversation.listen()


def _asking(socket: WebSocket[Any, Any, Any]) -> WebSocket[Any, Any, Any]:
    """The request that opened a socket, on its own: what is parsed of it goes with it."""
    return WebSocket({**socket.scope, "state": {}})


async def _enter(
    socket: WebSocket[Any, Any, Any], client: LiveSocket, conversation: Conversation, session_id: str
) -> bool:
    """Subscribe the session that the address names; a missing one closes the socket with 4004."""
    channel = f"session:{session_id}"
    try:
        epoch, offset = _asked_place(socket)
    except Invalid as error:
        conversation.tell(error, channel=channel)
        epoch, offset = None, None
    try:
        await client.subscribe(channel, epoch, offset, home=True)
    except GuildhallError as error:
        gone = NotFound("There is no such chat session.") if isinstance(error, Invalid) else error
        conversation.tell(gone, channel=channel)
        client.close(SESSION_GONE, gone.message)
        return False
    return True


def _asked_place(socket: WebSocket[Any, Any, Any]) -> tuple[str | None, int | None]:
    epoch, offset = socket.query_params.get("epoch"), socket.query_params.get("offset")
    if epoch is None and offset is None:
        return None, None
    if epoch is None or offset is None or not (offset.isascii() and offset.isdigit() and len(offset) <= 18):
        raise Invalid.of("offset", "expected the number of the last event you have, together with its epoch")
    return epoch, int(offset)


async def _let_finish(reader: asyncio.Task[bool], conversation: Conversation) -> None:
    """A client that is gone may have asked for something just before: what was begun is done, not torn apart."""
    conversation.stop()
    if not conversation.is_waiting:
        await asyncio.wait({reader}, timeout=FINISHING_SECONDS)


def _stop_sending(client: LiveSocket, reader: asyncio.Task[bool]) -> None:
    """Nothing more comes: what is queued still goes to a client that is there, nothing to one that is gone."""
    if reader.cancelled():
        return
    if reader.exception() is not None:
        failure = InternalFailure()
        client.send("error", **error_fields(failure))
        client.close(INTERNAL, failure.message)
    elif not reader.result():
        client.abandon()


SocketEndpointDependency = NamedDependency[SkipValidation[SocketEndpoint]]


@websocket("/ws", opt=IN_PROTOCOL)
async def open_socket(socket: WebSocket[Any, Any, Any], socket_endpoint: SocketEndpointDependency) -> None:
    """One socket, many channels."""
    await socket_endpoint.serve(socket)


@websocket("/chat/sessions/{session_id:str}/websocket", opt=IN_PROTOCOL)
async def open_session_socket(
    socket: WebSocket[Any, Any, Any], session_id: FromPath[str], socket_endpoint: SocketEndpointDependency
) -> None:
    """One chat session; the same protocol with that session subscribed. Resumes with `?epoch=…&offset=…`."""
    await socket_endpoint.serve(socket, session_id)


def realtime_router() -> Router:
    """Both sockets under `/api/v1`; needs the dependency `socket_endpoint`."""
    return Router("/api/v1", route_handlers=[open_socket, open_session_socket])
