"""Every route and socket of an application, as calls that a test can make."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import uuid4

import httpx
from litestar import Litestar
from litestar.enums import HttpMethod
from litestar.handlers import ASGIRouteHandler, HTTPRouteHandler, WebsocketRouteHandler
from litestar.routes import ASGIRoute, HTTPRoute, WebSocketRoute

BODIES: dict[str, dict[str, object]] = {
    "post_message": {"content": "Who is there?"},
    "update_session": {"title": "Mine now"},
    "mark_guide_read": {"is_read": True},
    "revise_guide": {"title": "Mine now", "category": "risk"},
    "create_guide": {"title": "Mine", "category": "risk"},
    "grant_role": {"role": "SUBSCRIBER"},
    "ban_member": {"reason": "Mine now"},
    "change_account": {"password": "correct horse battery", "username": "mine-now"},
    "change_password": {"current_password": "correct horse battery", "new_password": "a whole new password"},
    "set_first_password": {"new_password": "a whole new password"},
    "confirm_link": {"password": "correct horse battery"},
    "delete_account": {"password": "correct horse battery"},
}


@dataclass(frozen=True)
class Call:
    """One method of one route."""

    method: str
    path: str
    handler: HTTPRouteHandler

    @property
    def is_public(self) -> bool:
        """Whether the handler carries the public mark and no guard."""
        return bool(self.handler.opt.get("public")) and not self.handler.guards

    @property
    def name(self) -> str:
        return self.handler.handler_name

    def url(self, **ids: str) -> str:
        """The address with these ids for the parameters, a new one where none is given."""
        return re.sub(r"\{(\w+):\w+\}", lambda found: ids.get(found[1], str(uuid4())), self.path)

    def refused(self, answer: httpx.Response, statuses: set[int]) -> bool:
        """Whether the answer has one of these statuses; a page may lead to where one signs in instead."""
        to_sign_in = answer.is_redirect and answer.headers["location"].startswith("/sign-in")
        return answer.status_code in statuses or (to_sign_in and not self.path.startswith("/api/"))

    async def send(self, client: httpx.AsyncClient, headers: dict[str, str], **ids: str) -> httpx.Response:
        """Call it with a body that would be good."""
        body = BODIES.get(self.name, {} if self.method in {"POST", "PUT", "PATCH"} else None)
        params = {"q": "anything"} if self.name.startswith("search") else None
        return await client.request(self.method, self.url(**ids), headers=headers, json=body, params=params)


def calls(app: Litestar) -> Iterator[Call]:
    """Every call, but for the OPTIONS that the framework answers by itself."""
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            for method, (handler, _) in route.route_handler_map.items():
                if method != HttpMethod.OPTIONS:
                    yield Call(str(HttpMethod(method).value), route.path, handler)


def sockets(app: Litestar) -> Iterator[tuple[str, WebsocketRouteHandler]]:
    """Every socket: its path and its handler."""
    for route in app.routes:
        if isinstance(route, WebSocketRoute):
            yield route.path, route.route_handler


def bare(app: Litestar) -> Iterator[tuple[str, ASGIRouteHandler]]:
    """Every handler of the bare protocol: its path and the handler."""
    for route in app.routes:
        if isinstance(route, ASGIRoute):
            yield route.path, route.route_handler
