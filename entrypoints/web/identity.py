"""Signing in, and one's own account."""

from datetime import timedelta
from typing import Annotated, Any

from litestar import Response, get
from litestar.params import QueryParameter
from litestar.response import Redirect, Template

from application.ports.identity import MemberView
from domain.identity import MAX_PASSWORD, MIN_PASSWORD, RECENT, Role
from entrypoints.web.access import HOME, PUBLIC, members_only, own_path
from entrypoints.web.dependencies import (
    AccountServiceDependency,
    ChatSessionServiceDependency,
    FirstPasswordsDependency,
    KnownBotDependency,
    MemberServiceDependency,
    PageRequest,
    SettingsDependency,
    SignInServiceDependency,
)
from entrypoints.web.telegram import bot_to_ask

PAGE = 20

Cursor = Annotated[str | None, QueryParameter(max_length=2_000)]
Next = Annotated[str | None, QueryParameter(name="next", max_length=2_000)]


@get("/", opt=PUBLIC)
async def home(request: PageRequest) -> Redirect:
    """To the chat, or to the way in."""
    return Redirect(HOME if request.user.member_id else "/sign-in", status_code=303)


@get("/sign-in", opt=PUBLIC)
async def sign_in(request: PageRequest, settings: SettingsDependency, next_path: Next = None) -> Response[Any]:
    """The form; whoever is signed in goes straight on."""
    wanted = own_path(next_path)
    if request.user.member_id:
        return Redirect(wanted, status_code=303)
    context = {
        "actor": request.user,
        "next": wanted,
        "password": (MIN_PASSWORD, MAX_PASSWORD),
        "bot_id": bot_to_ask(settings),
    }
    return Template("sign-in.html", context=context)


@get("/sign-in/link", opt=PUBLIC)
async def sign_in_link(request: PageRequest, next_path: Next = None) -> Template:
    """Where a one-time link leads. Its token is in the fragment: the server sees it only when the script posts it."""
    return Template("sign-in-link.html", context={"actor": request.user, "next": own_path(next_path)})


@get("/sign-in/forgotten", opt=PUBLIC)
async def forgotten(request: PageRequest) -> Template:
    """Where a link to set a new password is asked for."""
    return Template("forgotten.html", context={"actor": request.user})


@get("/password-reset", opt=PUBLIC)
async def password_reset(request: PageRequest) -> Template:
    """Where the link of that mail leads; its token is in the fragment."""
    return Template("password-reset.html", context={"actor": request.user, "password": (MIN_PASSWORD, MAX_PASSWORD)})


@get("/verify-email", opt=PUBLIC)
async def verify_email(request: PageRequest) -> Template:
    """Where the link of a mail that verifies an address leads; its token is in the fragment."""
    return Template("verify-email.html", context={"actor": request.user})


@get("/account", guards=[members_only])
async def account(
    request: PageRequest,
    member_service: MemberServiceDependency,
    sign_in_service: SignInServiceDependency,
    account_service: AccountServiceDependency,
    first_passwords: FirstPasswordsDependency,
    chat_session_service: ChatSessionServiceDependency,
    known_bot: KnownBotDependency,
    settings: SettingsDependency,
    cursor: Cursor = None,
) -> Template:
    """Who one is here, from where one is signed in, and one's data. `cursor` names the sign-ins to go on after."""
    sign_ins = await sign_in_service.page(request.user, cursor=cursor or None, limit=PAGE)
    member = await member_service.me(request.user)
    context = {
        "actor": request.user,
        "member": member,
        "sign_ins": sign_ins.items,
        "next_cursor": sign_ins.next_cursor,
        "is_first_page": not cursor,
        "stats": await chat_session_service.stats(request.user),
        "password": (MIN_PASSWORD, MAX_PASSWORD),
        "sends_mail": account_service.sends_mail,
        "first_password": (await first_passwords.next_step(request.user)).value,
        "password_minutes": RECENT // timedelta(minutes=1),
        "has_bot": settings.telegram.bot_token is not None,
        "bot_to_ask": bot_to_ask(settings),
        "bot": await _bot_to_link(member, known_bot, settings),
        "admin_role": Role.ADMIN,
    }
    return Template("account.html", context=context)


async def _bot_to_link(member: MemberView, known_bot: KnownBotDependency, settings: SettingsDependency) -> str | None:
    """The bot's name for a member who may link it, where Telegram tells it."""
    if settings.telegram.bot_token is None or member.telegram is not None:
        return None
    identity = await known_bot.identity()
    return None if identity is None else identity.username or None
