"""The HTTP application: the API, its documentation, and whatever pages it is given."""

from collections.abc import Sequence
from typing import Any

from litestar import Litestar, Router
from litestar.config.cors import CORSConfig
from litestar.template.config import TemplateConfig
from litestar.types import ControllerRouterHandler

from application.room import require_room
from domain.errors import Unavailable
from entrypoints.beside import Service
from entrypoints.container import Container
from entrypoints.http import (
    audit,
    auth,
    chat_messages,
    chat_sessions,
    guides,
    members,
    operating,
    own_account,
    own_sign_ins,
    reference,
    saved_guides,
    telegram_accounts,
    telegram_inbox,
    telegram_webhook,
)
from entrypoints.http.cross_site import CSRF_HEADER
from entrypoints.http.dependencies import dependencies, own_origins
from entrypoints.http.envelope import REQUEST_ID, Envelope
from entrypoints.http.identity_middleware import IdentityMiddleware
from entrypoints.http.lifespan import lifespan
from entrypoints.http.openapi import ClosedBodies, openapi_config
from entrypoints.http.problems import EXCEPTION_HANDLERS, tell_unavailable
from entrypoints.http.query_text import QueryTextMiddleware
from entrypoints.http.readiness import Readiness
from entrypoints.http.realtime import realtime_router
from entrypoints.http.requests import ApiRequest
from entrypoints.replying import ReplyWork
from entrypoints.settings import Settings, require_rules
from entrypoints.settings.secret import HIDE

PREFIX = "/api/v1"
DIRECT_CALLS = "guildhall.direct_calls"
"""Where the application's state holds the `DirectCalls` for a server's protocol, if there are any."""


def create_app(
    container: Container,
    pages: Sequence[ControllerRouterHandler] = (),
    template_config: TemplateConfig[Any] | None = None,
    services: Sequence[Service] = (),
) -> Litestar:
    """The whole application on what the container holds.

    `pages` are handlers of other deliveries: they get the same identity, request ids, headers and problem documents,
    and each needs a guard or the mark `opt={"public": True}`. `services` begin and end with the application. Raises
    `SettingsError` for settings that leave the instance open outside loopback.
    """
    settings = container.settings()
    require_rules(settings)
    work = ReplyWork(container)
    readiness = Readiness(
        container.clock(),
        {
            "database": lambda: container.event_log().epoch(),
            "schema": lambda: _require_newest_schema(container),
            "replies": work.require_alive,
            "disk": lambda: require_room(container.data_disk()),
        },
    )
    app = Litestar(
        route_handlers=[
            *api_routers(),
            *_webhook_routers(container),
            _root_router(),
            realtime_router(),
            *reference.HANDLERS,
            *pages,
        ],
        dependencies=dependencies(container, readiness),
        middleware=[QueryTextMiddleware(), IdentityMiddleware(container.auth_service(), own_origins(settings))],
        exception_handlers=EXCEPTION_HANDLERS,
        after_exception=[tell_unavailable],
        lifespan=[lifespan(container, work, services)],
        request_class=ApiRequest,
        request_max_body_size=settings.http.max_body_bytes,
        openapi_config=openapi_config(),
        plugins=[ClosedBodies()],
        template_config=template_config,
        cors_config=_cors(settings),
        logging_config=None,
    )
    app.state[HIDE] = container.redaction().known
    envelope = Envelope(app.asgi_handler, settings, container.metrics(), container.ids().new)
    app.asgi_handler = envelope
    if _is_called_by_telegram(settings):
        path = f"{PREFIX}{telegram_webhook.PATH}"
        webhook = container.webhook()
        app.state[DIRECT_CALLS] = telegram_webhook.WebhookCalls(webhook, envelope, path, settings.trusted_proxies)
    return app


def api_routers() -> list[Router]:
    """The API, room by room."""
    rooms = (
        (
            "/auth",
            "auth",
            [*auth.HANDLERS, *own_account.HANDLERS, *own_sign_ins.HANDLERS, *telegram_accounts.HANDLERS],
        ),
        ("/members", "members", [*members.HANDLERS, *audit.HANDLERS]),
        ("/guides", "guides", [*guides.HANDLERS, *saved_guides.HANDLERS]),
        ("/chat", "chat", [*chat_sessions.HANDLERS, *chat_messages.HANDLERS]),
        ("/telegram", "telegram", telegram_inbox.HANDLERS),
        ("/", "operating", operating.HANDLERS),
    )
    return [Router(f"{PREFIX}{path}", route_handlers=handlers, tags=[room]) for path, room, handlers in rooms]


def _is_called_by_telegram(settings: Settings) -> bool:
    return settings.telegram.bot_id is not None and settings.has_webhook


def _webhook_routers(container: Container) -> list[Router]:
    """Where Telegram calls, if there is a bot that it is to call."""
    if not _is_called_by_telegram(container.settings()):
        return []
    return [Router(PREFIX, route_handlers=[telegram_webhook.webhook_handler(container.webhook())])]


def _root_router() -> Router:
    return Router("/", route_handlers=list(operating.AT_ROOT), include_in_schema=False)


async def _require_newest_schema(container: Container) -> None:
    migrator = container.migrator()
    current, head = await migrator.current(), migrator.head()
    if current != head:
        raise Unavailable(f"The database is at revision {current}, this version expects {head}.")


def _cors(settings: Settings) -> CORSConfig | None:
    """Off, but for the configured origins; cookies are shared with those that are named."""
    origins = settings.http.allowed_origins
    if not origins:
        return None
    return CORSConfig(
        allow_origins=list(origins),
        allow_credentials="*" not in origins,
        allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
        allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "If-Match", CSRF_HEADER, REQUEST_ID],
        max_age=600,
        expose_headers=["ETag", "Location", "Retry-After", REQUEST_ID, "Content-Disposition"],
    )
