"""Who may call a route. Every handler names one of these guards, or the mark `PUBLIC`."""

from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from domain.errors import NotSignedIn
from domain.identity import Actor, Role
from entrypoints.http.client_address import is_direct_from_this_machine
from entrypoints.http.cookies import holds_sign_in

PUBLIC: dict[str, Any] = {"public": True}
"""Mark of a route for everybody. A cookie that does not hold makes a guest there, not a refusal."""

ANONYMOUS: dict[str, Any] = {"public": True, "anonymous": True}
"""Mark of a public route that never looks at who asks: signing in, health, documentation."""

Connection = ASGIConnection[Any, Actor, Any, Any]


def signed_in(connection: Connection, _handler: BaseRouteHandler) -> None:
    """For members."""
    if connection.user.member_id is None:
        raise NotSignedIn("Sign in first, or send an access token as `Authorization: Bearer`.")


def admin(connection: Connection, handler: BaseRouteHandler) -> None:
    """For ADMIN and above."""
    signed_in(connection, handler)
    connection.user.require(Role.ADMIN)


def owner(connection: Connection, handler: BaseRouteHandler) -> None:
    """For OWNER."""
    signed_in(connection, handler)
    connection.user.require(Role.OWNER)


def signing_out(connection: Connection, handler: BaseRouteHandler) -> None:
    """For members, and for browsers whose cookies don't hold any more: they get rid of them here."""
    if not holds_sign_in(connection.cookies):
        signed_in(connection, handler)


def metrics_reader(connection: Connection, handler: BaseRouteHandler) -> None:
    """For this machine itself, without a proxy in between, and for ADMIN from elsewhere."""
    if not is_direct_from_this_machine(connection.scope):
        admin(connection, handler)
