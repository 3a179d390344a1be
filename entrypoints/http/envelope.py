"""What every request goes through, found or not: its id, the log line, metrics, and the headers that protect."""

import logging
import re
from collections.abc import Callable
from time import perf_counter
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
    """Wraps the whole application, so that refusals of the router itself are told and counted like all others."""

    def __init__(self, app: ASGIApp, settings: Settings, metrics: RequestMetrics, new_id: Callable[[], UUID]) -> None:
        self._app = app
        self._settings = settings
        self._metrics = metrics
        self._new_id = new_id
        self._headers = {policy: _pairs(policy, settings) for policy in (PAGE_POLICY, DATA_POLICY, FRAMED_POLICY)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        believe_proxies(scope, self._settings.trusted_proxies)
        request_id = self._request_id(scope)
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
            seconds = perf_counter() - began
            route = str(scope.get("path_template") or UNMATCHED)
            self._metrics.request_finished(method, route, status, seconds)
            level = logging.DEBUG if scope["path"].startswith(QUIET) and status < 400 else logging.INFO
            if _log.isEnabledFor(level):
                fields = {"method": method, "path": scope["path"], "route": route, "status": status}
                client = scope["client"][0] if scope["client"] else None
                _log.log(level, "request", extra={**fields, "duration_ms": round(seconds * 1000, 2), "client": client})

    def _add_headers(self, message: HTTPResponseStartEvent, scope: HTTPScope, request_id: str) -> None:
        given = {name.lower(): value for name, value in message["headers"]}
        policy = content_policy(scope["path"], given.get(b"content-type", b"").decode("latin-1"), self._settings)
        added = [(_REQUEST_ID, request_id.encode("ascii")), *self._headers[policy]]
        message["headers"] = [*message["headers"], *(pair for pair in added if pair[0] not in given)]

    def _request_id(self, scope: Scope) -> str:
        given = next((value for name, value in scope["headers"] if name == _REQUEST_ID), b"")
        return given.decode() if _SANE_ID.fullmatch(given) else self._new_id().hex


def _pairs(policy: str, settings: Settings) -> list[tuple[bytes, bytes]]:
    """The headers of every answer with that policy, as they are sent."""
    headers = {**security_headers(settings), "Content-Security-Policy": policy}
    if policy is FRAMED_POLICY:
        # It has no word for a single site, and old browsers obey it rather than the policy.
        del headers["X-Frame-Options"]
    return [(name.lower().encode("ascii"), value.encode("ascii")) for name, value in headers.items()]
