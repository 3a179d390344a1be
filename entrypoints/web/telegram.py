"""Coming in from Telegram: the page that its clients open as a Mini App, and the one where its answers arrive."""

from typing import Annotated

from litestar import get
from litestar.params import QueryParameter
from litestar.response import Template

from domain.errors import NotFound
from domain.identity import MAX_PASSWORD, MIN_PASSWORD, Actor
from entrypoints.settings import Settings
from entrypoints.web.access import PUBLIC, own_path
from entrypoints.web.dependencies import MemberServiceDependency, PageRequest, SettingsDependency

Next = Annotated[str | None, QueryParameter(name="next", max_length=2_000)]


def bot_to_ask(settings: Settings) -> int | None:
    """The bot in whose name a page may ask Telegram who somebody is; None where there is none.

    Telegram answers to the domain that BotFather knows for the bot alone, so it takes a public address too.
    """
    return settings.telegram.bot_id if settings.public_url else None


@get("/telegram-app", opt=PUBLIC)
async def mini_app(
    request: PageRequest, member_service: MemberServiceDependency, settings: SettingsDependency, next_path: Next = None
) -> Template:
    """What Telegram opens inside its clients. What it signed is in the fragment: the script posts it."""
    _require_bot(settings)
    context = {
        "actor": request.user,
        "next": own_path(next_path),
        "telegram_id": await _telegram_id(request.user, member_service),
        "address": f"{settings.base_url}/sign-in",
        "may_ask": bot_to_ask(settings) is not None,
    }
    return Template("telegram-app.html", context=context)


@get("/sign-in/telegram", opt=PUBLIC)
async def answer(request: PageRequest, settings: SettingsDependency) -> Template:
    """Where Telegram sends the visitor back whom a page asked it about; its answer is in the fragment."""
    _require_bot(settings)
    context = {"actor": request.user, "password": (MIN_PASSWORD, MAX_PASSWORD)}
    return Template("sign-in-telegram.html", context=context)


def _require_bot(settings: Settings) -> None:
    if settings.telegram.bot_id is None:
        raise NotFound("This house has no Telegram bot.")


async def _telegram_id(actor: Actor, member_service: MemberServiceDependency) -> int | None:
    if actor.member_id is None:
        return None
    member = await member_service.me(actor)
    return None if member.telegram is None else member.telegram.telegram_id
