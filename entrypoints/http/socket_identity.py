"""Who opens a socket: by `Authorization`, by cookie on our own site, or by an `authenticate` frame."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from litestar.connection import ASGIConnection

from domain.errors import GuildhallError, NotSignedIn, TooManyRequests
from domain.identity import Actor, Device
from entrypoints.http.client_address import is_secure
from entrypoints.http.cookies import ACCESS_COOKIE
from entrypoints.http.cross_site import require_own_site
from entrypoints.http.devices import device_of
from entrypoints.http.frames import Authenticate, decode_frame, reference_of
from entrypoints.http.socket_limits import FLOOD, SocketLimits, Strangers
from entrypoints.http.socket_ports import SocketAuthenticator
from entrypoints.http.socket_transport import AsgiSocket

NOT_SIGNED_IN = 4001
ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Identity:
    """A signed-in member. `ends_at` is when their token ends; None for a cookie, whose sign-in counts instead."""

    actor: Actor
    ends_at: datetime | None


class SocketIdentification:
    """Finds out who is there. A socket that proves nothing in time is told so and closed with 4001; where an address
    has too many that have proved nothing yet, the next one is with 4029.

    A browser's cookie is refreshed by HTTP where a socket cannot see it: such a socket lives as long as its sign-in
    is active in the database. A bearer's token has to be replaced before it ends.
    """

    def __init__(
        self,
        authenticator: SocketAuthenticator,
        own_origins: Collection[str],
        limits: SocketLimits,
        strangers: Strangers,
    ) -> None:
        self._authenticator = authenticator
        self._own_origins = own_origins
        self._seconds = limits.authenticate_seconds
        self._max_frame_bytes = limits.max_frame_bytes
        self._strangers = strangers

    async def identify(self, request: ASGIConnection[Any, Any, Any, Any], peer: AsgiSocket) -> Identity | None:
        """The member; None when the socket was refused or its client is gone."""
        try:
            async with asyncio.timeout(self._seconds):
                return await self._from_request(request) or await self._from_stranger(peer, device_of(request))
        except TimeoutError:
            message = f"Send an authenticate frame with an access token within {self._seconds:g} s."
            await peer.refuse(NOT_SIGNED_IN, NotSignedIn(message))
        except TooManyRequests as error:
            await peer.refuse(FLOOD, error)
        except GuildhallError as error:
            await peer.refuse(NOT_SIGNED_IN, error)
        return None

    async def from_token(self, token: str, device: Device) -> Identity:
        """The bearer of a token, at this device; raises `NotSignedIn`."""
        actor, ends_at = await self._authenticator.actor(token)
        return Identity(replace(actor, device=device), ends_at)

    async def _from_request(self, request: ASGIConnection[Any, Any, Any, Any]) -> Identity | None:
        authorization = request.headers.get("authorization")
        if authorization is not None:
            scheme, _, token = authorization.partition(" ")
            if scheme.lower() != "bearer" or not token.strip():
                raise NotSignedIn("Expected `Authorization: Bearer` with an access token.")
            return await self.from_token(token.strip(), device_of(request))
        cookie = request.cookies.get(ACCESS_COOKIE)
        if cookie is None:
            return None
        require_own_site(request.headers, self._own_origins, is_secure(request.scope))
        return Identity((await self.from_token(cookie, device_of(request))).actor, None)

    async def _from_stranger(self, peer: AsgiSocket, device: Device) -> Identity | None:
        with self._strangers.one_from(device.ip):
            return await self._from_frames(peer, device)

    async def _from_frames(self, peer: AsgiSocket, device: Device) -> Identity | None:
        for _ in range(ATTEMPTS):
            data = await peer.receive()
            if data is None:
                return None
            try:
                frame = decode_frame(data, self._max_frame_bytes)
            except GuildhallError as error:
                await peer.tell(error, **reference_of(data))
                continue
            if isinstance(frame, Authenticate):
                return await self.from_token(frame.token, device)
            await peer.tell(NotSignedIn("Authenticate first: send an authenticate frame with an access token."))
        raise NotSignedIn("Nobody was authenticated; open the socket again and authenticate first.")
