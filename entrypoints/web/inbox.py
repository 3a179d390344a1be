"""The bot's inbox, for admins: what waits, and what could not be handled."""

from typing import Annotated

from litestar import get
from litestar.params import QueryParameter
from litestar.response import Template

from domain.errors import NotFound
from domain.telegram import UpdateState
from entrypoints.web.access import admins_only
from entrypoints.web.dependencies import DeadLettersDependency, PageRequest, SettingsDependency

PAGE = 50

Cursor = Annotated[str | None, QueryParameter(max_length=2_000)]


@get("/admin/inbox", guards=[admins_only])
async def inbox(
    request: PageRequest, dead_letters: DeadLettersDependency, settings: SettingsDependency, cursor: Cursor = None
) -> Template:
    """How many updates are in which state, and the dead letters, latest first. What they say is not shown."""
    if (bot_id := settings.telegram.bot_id) is None:
        raise NotFound("This house has no Telegram bot.")
    page = await dead_letters.page(request.user, bot_id, UpdateState.ERROR, cursor or None, PAGE)
    context = {
        "actor": request.user,
        "counts": await dead_letters.counts(request.user, bot_id),
        "states": UpdateState,
        "dead": page.items,
        "next_cursor": page.next_cursor,
    }
    return Template("admin-inbox.html", context=context)
