"""Where Telegram brings updates: `POST /api/v1/telegram/webhook`.

Plain calls of it are taken by the server's protocol, all others by a handler of the bare protocol. Both ask the same
guard, `Webhook`, in the same order.
"""

import asyncio
from collections.abc import Sequence
from time import perf_counter
from typing import Any, cast

from litestar import asgi
from litestar.enums import ScopeType
from litestar.exceptions import ClientException, MethodNotAllowedException
from litestar.handlers import ASGIRouteHandler
from litestar.types import Receive, Scope, Send

from application.telegram.webhook import MAX_BODY, Webhook
from domain.errors import Malformed
from entrypoints.http.access import ANONYMOUS
from entrypoints.http.client_address import Network, client_of
from entrypoints.http.direct_calls import DirectCall, DirectCalls, Reply
from entrypoints.http.envelope import REQUEST_ID, Envelope, Told
from entrypoints.http.requests import ApiRequest, body_within

PATH = "/telegram/webhook"
SECRET_HEADER, SIGNATURE_HEADER = b"x-telegram-bot-api-secret-token", b"x-guildhall-signature"
_ID = REQUEST_ID.lower().encode("ascii")
_NOT_PLAIN = frozenset({b"origin", b"sec-fetch-site", b"upgrade"})
_FAILURE = "guildhall.webhook_failure"
IN_HANDLER: dict[str, Any] = {**ANONYMOUS, "authentication": "telegram_secret"}
"""Mark of a route whose caller proves itself by a header that the handler's use case checks."""


def webhook_handler(webhook: Webhook) -> ASGIRouteHandler:
    """The route over this door."""

    @asgi(PATH, opt=IN_HANDLER, copy_scope=False)
    async def telegram_webhook(scope: Scope, receive: Receive, send: Send) -> None:
        """Keep an update: 200 once it is committed. 403, 413 and 429 as the door refuses, 503 when nothing was kept.

        A body that is late is a 408; one whose caller went away counts as a 400.
        """
        if scope["type"] != ScopeType.HTTP:
            raise ClientException("This address takes HTTP only.")
        if (failure := cast("dict[str, Any]", scope).get(_FAILURE)) is not None:
            error, traceback = failure
            # Many calls raise the same one: each would add its own lines to those of the others.
            raise error.with_traceback(traceback)
        if scope["method"] != "POST":
            raise MethodNotAllowedException(headers={"Allow": "POST"})
        headers, client = dict(scope["headers"]), _address(scope["client"])
        await webhook.admit(client, headers.get(SECRET_HEADER), _length(headers))
        async with body_within(ApiRequest.body_seconds):
            body = await _body(receive)
        await webhook.receive(client, body, _signature(headers))
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    return telegram_webhook


class WebhookCalls(DirectCalls):
    """Telegram's calls as the server's protocol takes them: a POST to `path` without a query and not from a browser.

    Those that come in one turn of the loop are kept together. What the door refuses is left to the route, and so is,
    with its failure, what was not kept: problem documents and log lines are made there.
    """

    def __init__(self, webhook: Webhook, envelope: Envelope, path: str, trusted: Sequence[Network]) -> None:
        self.webhook = webhook
        self._envelope = envelope
        self._path = path
        self._target = path.encode("ascii")
        self._trusted = trusted
        self._headers = b"content-length: 0\r\n" + b"".join(
            b"%s: %s\r\n" % header for header in envelope.headers(path, "")
        )
        self._gathered: list[_Call] = []

    def opened(self, scope: Any) -> "_Call | None":
        if scope["raw_path"] != self._target or scope["method"] != "POST" or scope["query_string"]:
            return None
        headers = dict(scope["headers"])
        if not _NOT_PLAIN.isdisjoint(headers):
            return None
        return _Call(self, scope, headers, _address(client_of(scope, self._trusted)))

    def gather(self, call: "_Call") -> None:
        """Keep it with the others that come now."""
        if not self._gathered:
            asyncio.get_running_loop().call_soon(self._begin)
        self._gathered.append(call)

    def _begin(self) -> None:
        calls, self._gathered = self._gathered, []
        calls[0].reply.run(self._keep(calls))

    async def _keep(self, calls: "Sequence[_Call]") -> None:
        try:
            await self.webhook.keep([call.body for call in calls])
        except Exception as error:  # noqa: BLE001 - raised again by the route
            for call in calls:
                call.scope[_FAILURE] = error, error.__traceback__
                call.reply.leave()
            return
        for call in calls:
            request_id = self._envelope.request_id(call.scope)
            call.reply.done(b"%s%s: %s\r\n" % (self._headers, _ID, request_id.encode("ascii")))
            told = Told("POST", self._path, self._path, call.client, request_id)
            self._envelope.tell(told, 200, perf_counter() - call.began)


class _Call(DirectCall):
    __slots__ = ("_calls", "_headers", "began", "body", "client", "reply", "scope")

    body: bytes
    reply: Reply

    def __init__(self, calls: WebhookCalls, scope: Any, headers: dict[bytes, bytes], client: str | None) -> None:
        self._calls = calls
        self._headers = headers
        self.scope = scope
        self.client = client
        self.began = perf_counter()

    def is_admitted(self) -> bool:
        return self._is_flawless(_length(self._headers))

    def take(self, body: bytes, reply: Reply) -> bool:
        if not self._is_flawless(len(body)):
            return False
        if self._calls.webhook.fault_of_body(body, _signature(self._headers)) is not None:
            return False
        self.body, self.reply = body, reply
        self._calls.gather(self)
        return True

    def _is_flawless(self, length: int | None) -> bool:
        secret = self._headers.get(SECRET_HEADER)
        return self._calls.webhook.fault_of_caller(self.client, secret, length) is None


def _address(client: tuple[str, int] | None) -> str | None:
    return client[0] if client else None


def _signature(headers: dict[bytes, bytes]) -> str:
    return headers.get(SIGNATURE_HEADER, b"").decode("latin-1")


def _length(headers: dict[bytes, bytes]) -> int | None:
    """What the caller says; None without a word, and for one that is no number, which the server refuses itself."""
    given = headers.get(b"content-length", b"")
    return int(given) if given.isdigit() else None


async def _body(receive: Receive) -> bytes:
    """The whole body, or as much of it as shows that it is too large; raises `Malformed` when the caller went away."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise Malformed("The client went away before its body was whole.")
        parts.append(message["body"])
        size += len(message["body"])
        if size > MAX_BODY or not message["more_body"]:
            return b"".join(parts)
