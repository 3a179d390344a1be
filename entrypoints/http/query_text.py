"""What no query may hold."""

from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send

from domain.errors import Malformed

MAX_PARAMETERS = 100


class QueryTextMiddleware(ASGIMiddleware):
    """Refuses queries that are no text: raw bytes that are not UTF-8, and NUL, which PostgreSQL cannot hold.

    More than 100 parameters are refused as well, before each of them is looked at.
    """

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Check, then go on."""
        query = scope["query_string"]
        try:
            query.decode()
        except UnicodeDecodeError:
            raise Malformed("The query is not text in UTF-8; percent-encode it.") from None
        if b"%00" in query or b"\0" in query:
            raise Malformed("The query holds a NUL character.")
        if query.count(b"&") >= MAX_PARAMETERS:
            raise Malformed(f"The query holds more than {MAX_PARAMETERS} parameters.")
        await next_app(scope, receive, send)
