"""What no query may hold."""

from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send

from domain.errors import Malformed

NUL = b"%00"


class QueryTextMiddleware(ASGIMiddleware):
    """Refuses NUL characters in the query, which no name, tag or word has and PostgreSQL cannot hold."""

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Check, then go on."""
        if NUL in scope["query_string"] or b"\0" in scope["query_string"]:
            raise Malformed("The query holds a NUL character.")
        await next_app(scope, receive, send)
