"""What every request goes through, found or not: its id, the log line, metrics, and the headers that protect."""

import logging
import re
from collections.abc import Callable
from time import perf_counter
from uuid import UUID

import structlog
from litestar.datastructures import MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from application.ports.observability import RequestMetrics
from entrypoints.http.client_address import believe_proxies
from entrypoints.http.security_headers import content_policy, security_headers
from entrypoints.settings import Settings

REQUEST_ID = "X-Request-ID"
UNMATCHED = "unmatched"
# Every page brings a dozen files: their answers are told at debug, unless one is refused.
QUIET = "/static/"

_SANE_ID = re.compile(rb"[A-Za-z0-9._:-]{1,128}")
_log = logging.getLogger(__name__)


class Envelope:
    """Wraps the whole application, so that refusals of the router itself are told and counted like all others."""

    def __init__(self, app: ASGIApp, settings: Settings, metrics: RequestMetrics, new_id: Callable[[], UUID]) -> None:
        self._app = app
        self._settings = settings
        self._metrics = metrics
        self._new_id = new_id
        self._headers = security_headers(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        believe_proxies(scope, self._settings.trusted_proxies)
        request_id = self._request_id(scope)
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        if scope["type"] == ScopeType.HTTP:
            await self._request(scope, receive, send, request_id)
        else:
            await self._app(scope, receive, send)

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
            seconds = perf_counter() - began
            route = str(scope.get("path_template") or UNMATCHED)
            self._metrics.request_finished(method, route, status, seconds)
            fields = {"method": method, "path": scope["path"], "route": route, "status": status}
            client = scope["client"][0] if scope["client"] else None
            level = logging.DEBUG if scope["path"].startswith(QUIET) and status < 400 else logging.INFO
            _log.log(level, "request", extra={**fields, "duration_ms": round(seconds * 1000, 2), "client": client})

    def _add_headers(self, message: Message, scope: HTTPScope, request_id: str) -> None:
        headers = MutableScopeHeaders.from_message(message)
        headers[REQUEST_ID] = request_id
        for name, value in self._headers.items():
            headers.setdefault(name, value)
        policy = content_policy(scope["path"], headers.get("content-type", ""))
        headers.setdefault("Content-Security-Policy", policy)

    def _request_id(self, scope: Scope) -> str:
        given = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"")
        return given.decode() if _SANE_ID.fullmatch(given) else self._new_id().hex
