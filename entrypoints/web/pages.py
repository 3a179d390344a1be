"""All pages, as the application takes them."""

from typing import Any

from litestar import Response, Router

from entrypoints.container import Container
from entrypoints.web import admin, chat, guides, identity, inbox, telegram
from entrypoints.web.assets import static_handlers
from entrypoints.web.dependencies import dependencies
from entrypoints.web.errors import PAGE_ERRORS, show_error_pages
from entrypoints.web.templating import template_config

__all__ = ["page_handlers", "show_error_pages", "static_handlers", "template_config"]


def page_handlers(container: Container) -> list[Router]:
    """The pages, whose refusals are pages too, and the fragments that scripts load, whose refusals are problems."""
    pages = Router(
        path="/",
        route_handlers=[
            identity.home,
            identity.sign_in,
            identity.sign_in_link,
            identity.forgotten,
            identity.password_reset,
            identity.verify_email,
            identity.account,
            admin.members,
            admin.member,
            admin.audit,
            inbox.inbox,
            telegram.mini_app,
            telegram.answer,
            guides.library,
            guides.guide,
            guides.saved,
            chat.new_chat,
            chat.chat,
        ],
        dependencies=dependencies(container),
        exception_handlers=PAGE_ERRORS,
        after_request=_never_shared,
        include_in_schema=False,
    )
    fragments = Router(
        path="/",
        route_handlers=[chat.transcript, chat.message_html],
        dependencies=dependencies(container),
        include_in_schema=False,
    )
    return [pages, fragments]


async def _never_shared(response: Response[Any]) -> Response[Any]:
    """Pages show what one member may see: no cache keeps them, not even the browser's own after signing out."""
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers.setdefault("Vary", "Cookie")
    return response
