"""What every request goes through, found or not: its id, the log line, metrics, and the headers that protect."""

import logging
import re
from collections.abc import Callable
from time import perf_counter
from typing import NamedTuple
from uuid import UUID

import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPResponseStartEvent, HTTPScope, Message, Receive, Scope, Send

from application.ports.observability import RequestMetrics
from entrypoints.http import lasting
from entrypoints.http.client_address import believe_proxies
from entrypoints.http.security_headers import (
    DATA_POLICY,
    FRAMED_POLICY,
    PAGE_POLICY,
    content_policy,
    security_headers,
)
from entrypoints.settings import Settings

REQUEST_ID = "X-Request-ID"
UNMATCHED = "unmatched"
# Every page brings a dozen files, and Telegram calls for every message: told at debug, unless one is refused.
QUIET = ("/static/", "/api/v1/telegram/webhook")

_REQUEST_ID = REQUEST_ID.lower().encode("ascii")
_SANE_ID = re.compile(rb"[A-Za-z0-9._:-]{1,128}")
_log = logging.getLogger(__name__)


class Envelope:
    """Wraps the whole application, so that refusals of the router itself are told and counted like all others.

    What is answered without the application uses the same ids, headers, counts and lines.
    """

    def __init__(self, app: ASGIApp, settings: Settings, metrics: RequestMetrics, new_id: Callable[[], UUID]) -> None:
        self._app = app
        self._settings = settings
        self._metrics = metrics
        self._new_id = new_id
        self._headers = {policy: _pairs(policy, settings) for policy in (PAGE_POLICY, DATA_POLICY, FRAMED_POLICY)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        believe_proxies(scope, self._settings.trusted_proxies)
        request_id = self.request_id(scope)
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        if scope["type"] == ScopeType.HTTP:
            await self._request(scope, receive, send, request_id)
        else:
            await lasting.run(self._app, scope, receive, send)

    async def _request(self, scope: HTTPScope, receive: Receive, send: Send, request_id: str) -> None:
        began, status, method = perf_counter(), 500, scope["method"]
        if method == "HEAD":
            # A scope of its own: the server must still see that the answer has no body, whatever length it names.
            scope = {**scope, "method": "GET"}

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self._add_headers(message, scope, request_id)
            elif message["type"] == "http.response.body" and method == "HEAD":
                message["body"] = b""
            await send(message)

        try:
            await self._app(scope, receive, answer)
        finally:
            route, client = str(scope.get("path_template") or UNMATCHED), scope["client"]
            told = Told(method, scope["path"], route, client[0] if client else None, request_id)
            self.tell(told, status, perf_counter() - began)

    def request_id(self, scope: Scope) -> str:
        """The client's own id of this request, if it is a sane one, else a new one."""
        given = next((value for name, value in scope["headers"] if name == _REQUEST_ID), b"")
        return given.decode() if _SANE_ID.fullmatch(given) else self._new_id().hex

    def headers(self, path: str, media_type: str) -> list[tuple[bytes, bytes]]:
        """What protects every answer of this kind, unless it has its own."""
        return self._headers[content_policy(path, media_type, self._settings)]

    def tell(self, told: "Told", status: int, seconds: float) -> None:
        """Count a request that was answered, and write its line."""
        self._metrics.request_finished(told.method, told.route, status, seconds)
        level = logging.DEBUG if told.path.startswith(QUIET) and status < 400 else logging.INFO
        if _log.isEnabledFor(level):
            fields = {"method": told.method, "path": told.path, "route": told.route, "status": status}
            took = {"duration_ms": round(seconds * 1000, 2), "client": told.client}
            with structlog.contextvars.bound_contextvars(request_id=told.request_id):
                _log.log(level, "request", extra={**fields, **took})

    def _add_headers(self, message: HTTPResponseStartEvent, scope: HTTPScope, request_id: str) -> None:
        given = {name.lower(): value for name, value in message["headers"]}
        protecting = self.headers(scope["path"], given.get(b"content-type", b"").decode("latin-1"))
        added = [(_REQUEST_ID, request_id.encode("ascii")), *protecting]
        message["headers"] = [*message["headers"], *(pair for pair in added if pair[0] not in given)]


class Told(NamedTuple):
    """A request as its line names it; `client` is an address."""

    method: str
    path: str
    route: str
    client: str | None
    request_id: str


def _pairs(policy: str, settings: Settings) -> list[tuple[bytes, bytes]]:
    """The headers of every answer with that policy, as they are sent."""
    headers = {**security_headers(settings), "Content-Security-Policy": policy}
    if policy is FRAMED_POLICY:
        # It has no word for a single site, and old browsers obey it rather than the policy.
        del headers["X-Frame-Options"]
    return [(name.lower().encode("ascii"), value.encode("ascii")) for name, value in headers.items()]
