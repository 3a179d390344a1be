"""The sockets: `/ws` for many channels, and one per chat session that speaks the same protocol."""

import asyncio
import logging
from collections.abc import Collection
from functools import partial
from typing import Any

from litestar import Router, websocket
from litestar.connection import ASGIConnection
from litestar.di import NamedDependency
from litestar.params import FromPath, SkipValidation

from application.ports.system import Clock
from domain.errors import TooManyRequests
from entrypoints.http.lasting import BareSocket, take_lasting
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
from entrypoints.http.socket_session import AskedSession
from entrypoints.http.socket_transport import AsgiSocket, InternalFailure, error_fields

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

    async def serve(self, socket: BareSocket, session_id: str | None = None) -> None:
        """Accept, find out who it is, and talk until the end. With `session_id` that session is subscribed.

        Where that is looked after, the talk outlasts the handler: it takes hours, and needs nothing of the request.
        """
        lasting = take_lasting(socket.scope)
        ends = lasting or socket
        peer = AsgiSocket(socket.scope, ends.receive, ends.send)
        try:
            await socket.accept()
        except OSError:
            return
        asked = None if session_id is None else AskedSession.of(session_id, socket)
        talk = partial(self._talk, _asking(socket), peer, asked)
        if lasting is None:
            await talk()
        else:
            lasting.rest = talk

    async def _talk(
        self, request: ASGIConnection[Any, Any, Any, Any], peer: AsgiSocket, asked: AskedSession | None
    ) -> None:
        client: LiveSocket | None = None
        reader: asyncio.Task[bool] | None = None
        try:
            identity = await self._services.identification.identify(request, peer)
            if identity is None:
                return
            client = self._hub.connect(identity.actor, peer)
            conversation = Conversation(client, peer, identity, self._services, self._limits)
            # Nothing asks for them any more, and a socket stays for hours.
            del request, identity
            conversation.welcome()
            reader = asyncio.create_task(_read(client, conversation, asked))
            reader.add_done_callback(partial(_stop_sending, client))
            await client.run()
            if not reader.done():
                await _let_finish(reader, conversation)
        except TooManyRequests as error:
            await peer.refuse(FLOOD, error)
        except OSError:
            return
        except Exception:
            logger.exception("socket_failed")
            await peer.refuse(INTERNAL, InternalFailure())
        finally:
            if client is not None:
                client.leave()
            if reader is not None:
                await _end(reader)


def _asking(socket: BareSocket) -> ASGIConnection[Any, Any, Any, Any]:
    """The request that opened a socket, on its own: what is parsed of it goes with it."""
    return ASGIConnection({**socket.scope, "state": {}})


async def _read(client: LiveSocket, conversation: Conversation, asked: AskedSession | None) -> bool:
    if asked is not None and not await asked.enter(client, conversation):
        return True
    return await conversation.listen()


async def _end(reader: asyncio.Task[bool]) -> None:
    reader.cancel()
    for failure in await asyncio.gather(reader, return_exceptions=True):
        if isinstance(failure, Exception):
            logger.error("socket_failed", exc_info=failure)


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


@websocket("/ws", opt=IN_PROTOCOL, websocket_class=BareSocket)
async def open_socket(socket: BareSocket, socket_endpoint: SocketEndpointDependency) -> None:
    """One socket, many channels."""
    await socket_endpoint.serve(socket)


@websocket("/chat/sessions/{session_id:str}/websocket", opt=IN_PROTOCOL, websocket_class=BareSocket)
async def open_session_socket(
    socket: BareSocket, session_id: FromPath[str], socket_endpoint: SocketEndpointDependency
) -> None:
    """One chat session; the same protocol with that session subscribed. Resumes with `?epoch=…&offset=…`."""
    await socket_endpoint.serve(socket, session_id)


def realtime_router() -> Router:
    """Both sockets under `/api/v1`; needs the dependency `socket_endpoint`."""
    return Router("/api/v1", route_handlers=[open_socket, open_session_socket])
