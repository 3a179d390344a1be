"""Who may open a page. Every handler names the guard, or carries the mark `PUBLIC`."""

from typing import Any
from urllib.parse import quote

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from domain.errors import NotSignedIn
from domain.identity import Actor, Role

PUBLIC: dict[str, Any] = {"public": True}
"""Mark of a page for everybody; an old cookie makes a guest there."""

HOME = "/chat"


def members_only(connection: ASGIConnection[Any, Actor, Any, Any], _handler: BaseRouteHandler) -> None:
    """For members; pages answer a guest with the way to sign in, fragments with a problem."""
    if connection.user.member_id is None:
        raise NotSignedIn("Sign in to open this page.")


def admins_only(connection: ASGIConnection[Any, Actor, Any, Any], handler: BaseRouteHandler) -> None:
    """For ADMIN and OWNER."""
    members_only(connection, handler)
    connection.user.require(Role.ADMIN)


def sign_in_path(path: str, query: str) -> str:
    """The sign-in page that leads back to where somebody wanted to go."""
    return f"/sign-in?next={quote(f'{path}?{query}' if query else path, safe='')}"


def own_path(wanted: str | None) -> str:
    """Where to go after signing in: a path of this site, whatever was asked for."""
    if (
        not wanted
        or not wanted.startswith("/")
        or wanted.startswith("//")
        or "\\" in wanted
        or not wanted.isprintable()
    ):
        return HOME
    return wanted
