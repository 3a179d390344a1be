"""Who asks: the actor of each HTTP request, from the database."""

from collections.abc import Collection
from dataclasses import replace
from typing import Any

import structlog
from litestar import Request
from litestar.connection import ASGIConnection
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send

from application.identity.sign_in import AuthService
from domain.errors import InvalidToken
from domain.identity import GUEST, Actor
from entrypoints.http.client_address import is_secure
from entrypoints.http.cookies import ACCESS_COOKIE
from entrypoints.http.cross_site import SAFE_METHODS, require_csrf_token, require_own_site
from entrypoints.http.devices import device_of


class IdentityMiddleware(ASGIMiddleware):
    """Puts the `Actor` into `scope["user"]`: the bearer's, else the cookie's, else a guest, with where they ask from.

    A token that is there and does not hold is refused, never taken for a guest. Public routes are the exception for
    cookies: a browser with an old one must still reach them.
    A change asked for with a cookie needs the CSRF token, and our own site for a page; a bearer token needs neither.
    """

    scopes = (ScopeType.HTTP,)

    def __init__(self, auth_service: AuthService, own_origins: Collection[str]) -> None:
        self._auth_service = auth_service
        self._own_origins = own_origins

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Identify, then go on."""
        scope["user"], scope["auth"] = GUEST, None
        request: Request[Any, Any, Any] = Request(scope)
        if request.method != "OPTIONS":
            actor = await self._actor(request, scope["route_handler"].opt)
            scope["user"] = replace(actor, device=device_of(request))
        if scope["user"].member_id is not None:
            structlog.contextvars.bind_contextvars(member_id=str(scope["user"].member_id))
        await next_app(scope, receive, send)

    async def _actor(self, request: Request[Any, Any, Any], opt: dict[str, Any]) -> Actor:
        authorization = request.headers.get("authorization")
        is_change = request.method not in SAFE_METHODS
        if opt.get("anonymous"):
            if is_change:
                require_own_site(request.headers, self._own_origins, is_secure(request.scope))
            return GUEST
        if authorization is not None:
            return await self._bearer(authorization)
        if is_change:
            require_own_site(request.headers, self._own_origins, is_secure(request.scope))
        actor = await self._cookie(request, is_public="public" in opt)
        if is_change and actor.sign_in_id is not None:
            expected = self._auth_service.csrf_tokens(actor.sign_in_id)
            require_csrf_token(request.headers, request.cookies, expected)
        return actor

    async def _bearer(self, authorization: str) -> Actor:
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer":
            raise InvalidToken("Authorization is expected as `Bearer` and an access token.")
        actor, _ = await self._auth_service.actor(token.strip())
        return actor

    async def _cookie(self, connection: ASGIConnection[Any, Any, Any, Any], *, is_public: bool) -> Actor:
        token = connection.cookies.get(ACCESS_COOKIE)
        if token is None:
            return GUEST
        try:
            actor, _ = await self._auth_service.actor(token)
        except InvalidToken:
            if is_public:
                return GUEST
            raise
        return actor
