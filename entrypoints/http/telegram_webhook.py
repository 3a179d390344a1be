"""Where Telegram brings updates: `POST /api/v1/telegram/webhook`.

Handlers of the bare protocol, with their own guard, `Webhook`: the fewest steps between Telegram and the commit.
"""

from typing import Any, cast

from litestar import asgi
from litestar.enums import ScopeType
from litestar.exceptions import ClientException, MethodNotAllowedException
from litestar.handlers import ASGIRouteHandler
from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send

from application.telegram.webhook import MAX_BODY, Webhook
from domain.errors import Malformed
from entrypoints.http.access import ANONYMOUS
from entrypoints.http.requests import ApiRequest, body_within

PATH = "/telegram/webhook"
SECRET_HEADER, SIGNATURE_HEADER = b"x-telegram-bot-api-secret-token", b"x-guildhall-signature"
_REFUSAL = "guildhall.webhook_refusal"
IN_HANDLER: dict[str, Any] = {**ANONYMOUS, "authentication": "telegram_secret"}
"""Mark of a route whose caller proves itself by a header that the handler's use case checks."""


def webhook_handler(webhook: Webhook) -> ASGIRouteHandler:
    """The route over this door. It tells what `AheadOfTheRouter` was refused, and takes whatever did not come there."""

    @asgi(PATH, opt=IN_HANDLER, copy_scope=False)
    async def telegram_webhook(scope: Scope, receive: Receive, send: Send) -> None:
        """Keep an update: 200 once it is committed. 403, 413 and 429 as the door refuses, 503 when nothing was kept.

        A body that is late is a 408; one whose caller went away counts as a 400.
        """
        if scope["type"] != ScopeType.HTTP:
            raise ClientException("This address takes HTTP only.")
        if (refusal := cast("dict[str, Any]", scope).get(_REFUSAL)) is not None:
            raise refusal
        if scope["method"] != "POST":
            raise MethodNotAllowedException(headers={"Allow": "POST"})
        await _keep(webhook, scope, dict(scope["headers"]), receive)
        await _answer(send)

    return telegram_webhook


class AheadOfTheRouter:
    """Takes Telegram's calls before the router and its middleware do: there is one for every message to the bot.

    Only what is plainly Telegram's, a POST without a query and not from a browser, and is kept ends here. All else goes
    on, and so does what the door refused: the route raises it again, so that it is told as everywhere.
    """

    def __init__(self, app: ASGIApp, webhook: Webhook, path: str) -> None:
        self._app = app
        self._webhook = webhook
        self._path = path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["path"] == self._path and scope["type"] == ScopeType.HTTP and scope["method"] == "POST":
            headers = dict(scope["headers"])
            if not (scope["query_string"] or b"origin" in headers or b"sec-fetch-site" in headers):
                scope["path_template"] = self._path
                try:
                    await _keep(self._webhook, scope, headers, receive)
                except Exception as error:  # noqa: BLE001 - raised again by the route
                    cast("dict[str, Any]", scope)[_REFUSAL] = error
                else:
                    await _answer(send)
                    return
        await self._app(scope, receive, send)


async def _keep(webhook: Webhook, scope: HTTPScope, headers: dict[bytes, bytes], receive: Receive) -> None:
    """Return once the update is committed."""
    client = scope["client"][0] if scope["client"] else None
    await webhook.admit(client, headers.get(SECRET_HEADER), _length(headers))
    async with body_within(ApiRequest.body_seconds):
        body = await _body(receive)
    await webhook.receive(client, body, headers.get(SIGNATURE_HEADER, b"").decode("latin-1"))


async def _answer(send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


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
