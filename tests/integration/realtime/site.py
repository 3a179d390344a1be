"""A running server with both sockets over the in-memory adapters, and clients that really connect."""

import asyncio
import contextlib
import socket
from collections import deque
from collections.abc import AsyncIterator, Mapping
from functools import partial
from random import Random
from typing import Any

import msgspec
import uvicorn
from litestar import Litestar
from litestar.di import Provide
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from adapters.memory import InMemoryChatQueries, InMemoryMemberQueries, InMemoryTokenIssuer, PlainPasswordHasher
from adapters.memory.credentials import InMemoryCredentialQueries
from adapters.memory.rate_limiter import InMemoryRateLimiter
from adapters.observability.metrics import NullMetrics
from adapters.system.clock import SystemClock
from adapters.websocket import HubSettings
from application.allowances import Allowance
from application.chat.messages import MessageService
from application.identity._auditing import Trail
from application.identity._hashing import HashingQueue
from application.identity._opening import SignInOpener
from application.identity._password_check import PasswordCheck
from application.identity._throttling import SignInThrottle
from application.identity.known_browsers import KnownBrowsers
from application.identity.sign_in import AuthService, Credentials, SignedIn
from application.realtime.typing import TypingService
from domain.identity import Device, Grant, GrantId, GrantSource, Member, MemberId, Role, User, UserId
from entrypoints.http import lasting
from entrypoints.http.direct_frames import DirectProtocol
from entrypoints.http.realtime import SocketEndpoint, realtime_router
from entrypoints.http.socket_limits import SocketLimits, Strangers
from tests.support.limits import unlimited
from tests.unit.realtime.world import World

PATIENCE = 5.0
STRANGERS = 5
PASSWORD = "correct horse battery"


class Client:
    """A real client: hands out frames one by one, whether they came alone or several at once."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self._frames: deque[Mapping[str, Any]] = deque()

    async def say(self, kind: str, **fields: object) -> None:
        await self.connection.send(msgspec.json.encode({"type": kind, **fields}).decode())

    async def next(self) -> Mapping[str, Any]:
        async with asyncio.timeout(PATIENCE):
            while not self._frames:
                decoded = msgspec.json.decode(await self.connection.recv())
                self._frames.extend(decoded if isinstance(decoded, list) else [decoded])
        return self._frames.popleft()

    async def hear(self, kind: str) -> Mapping[str, Any]:
        """The next frame of that type; what comes before it is passed over, except an error nobody asked for."""
        while True:
            frame = await self.next()
            if frame["type"] == kind:
                return frame
            assert frame["type"] != "error", frame

    async def closed(self) -> tuple[int, list[Mapping[str, Any]]]:
        """The code of the close frame, and the frames before it."""
        rest: list[Mapping[str, Any]] = []
        try:
            while True:
                rest.append(await self.next())
        except ConnectionClosed as error:
            return (error.rcvd.code if error.rcvd else 1006), rest


class Site(World):
    """A server on a free port of this machine. `outlasting` talks go on without their handlers, as in the product."""

    def __init__(
        self,
        settings: HubSettings | None = None,
        limits: SocketLimits | None = None,
        allowance: Allowance | None = None,
        *,
        outlasting: bool = True,
    ) -> None:
        super().__init__(settings or HubSettings(), SystemClock())
        self._outlasting = outlasting
        self.limits = limits or SocketLimits()
        self.strangers = Strangers(STRANGERS)
        self.tokens = InMemoryTokenIssuer()
        limiter = InMemoryRateLimiter(self.clock)
        trail = Trail(self.unit_of_work, self.clock, self.ids)
        self.auth = AuthService(
            self.unit_of_work,
            InMemoryMemberQueries(self.store),
            PasswordCheck(
                InMemoryCredentialQueries(self.store),
                SignInThrottle(limiter, HashingQueue(PlainPasswordHasher(), self.clock, Random(1).randrange)),
                KnownBrowsers(self.tokens, self.clock),
                trail,
                self.clock,
            ),
            SignInOpener(limiter, trail, self.tokens, self.clock, self.ids),
            self.tokens,
            self.clock,
            self.ids,
        )
        self.messages = MessageService(
            self.unit_of_work,
            InMemoryChatQueries(self.store),
            self.running,
            self.clock,
            self.ids,
            NullMetrics(),
            allowance or unlimited(),
        )
        self.port = 0
        self._server: uvicorn.Server | None = None
        self._serving: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Site":
        await super().__aenter__()
        app = Litestar(
            [realtime_router()],
            dependencies={"socket_endpoint": Provide(self.endpoint, sync_to_thread=False)},
            openapi_config=None,
            logging_config=None,
        )
        config = uvicorn.Config(
            partial(lasting.run, app) if self._outlasting else app,
            interface="asgi3",
            lifespan="off",
            log_config=None,
            ws=DirectProtocol,
            timeout_graceful_shutdown=1,
        )
        listener = socket.create_server(("127.0.0.1", 0))
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.port = listener.getsockname()[1]
        self._server = uvicorn.Server(config)
        self._serving = asyncio.create_task(self._server.serve(sockets=[listener]))
        await self._started()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.hub.close(deadline=1)
        if self._server is not None and self._serving is not None:
            self._server.should_exit = True
            await self._serving

    async def _started(self) -> None:
        async with asyncio.timeout(PATIENCE), connect(f"ws://127.0.0.1:{self.port}/api/v1/ws", proxy=None):
            return

    def endpoint(self) -> SocketEndpoint:
        typing = TypingService(InMemoryChatQueries(self.store), self.bus)
        return SocketEndpoint(
            self.hub,
            self.auth,
            self.messages,
            typing,
            self.clock,
            self.strangers,
            {"https://guild.example"},
            self.limits,
        )

    async def signed_in(self, name: str = "ada", role: Role = Role.PUBLIC) -> SignedIn:
        now = self.clock.now()
        user = User(UserId(self.ids.new()), None, name, f"plain:{PASSWORD}", created_at=now, updated_at=now)
        member = Member(MemberId(self.ids.new()), now, now, user)
        if role > Role.PUBLIC:
            member.grants.append(Grant(GrantId(self.ids.new()), role, GrantSource.MANUAL, None, "test", None, now))
        async with self.unit_of_work() as work:
            await work.members.add(member, now)
            await work.commit()
        return await self.auth.sign_in(Credentials(PASSWORD, username=name), Device())

    @contextlib.asynccontextmanager
    async def open(
        self,
        token: str | None = None,
        path: str = "/api/v1/ws",
        headers: Mapping[str, str] | None = None,
        **options: Any,
    ) -> AsyncIterator[Client]:
        """A connected client, authenticated when a token is given."""
        sent = dict(headers or {}) | ({"Authorization": f"Bearer {token}"} if token else {})
        async with connect(
            f"ws://127.0.0.1:{self.port}{path}", additional_headers=sent, proxy=None, **options
        ) as connection:
            yield Client(connection)
