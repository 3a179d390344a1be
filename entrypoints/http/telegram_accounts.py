"""Signing in with Telegram, and linking a Telegram account to one's web account."""

from typing import Annotated, Any, Literal
from uuid import UUID

from litestar import Request, Response, delete, get, post
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.status_codes import HTTP_200_OK, HTTP_204_NO_CONTENT

from domain.identity import Actor, LinkRequestId
from entrypoints.http.access import ANONYMOUS, signed_in
from entrypoints.http.dependencies import (
    ActorDependency,
    LinkingServiceDependency,
    SignInPresenterDependency,
    TelegramSignInDependency,
)
from entrypoints.http.devices import device_of
from entrypoints.http.openapi import SECURITY, refusals
from entrypoints.http.schemas.accounts import (
    LinkCodeRequest,
    LinkCodeResponse,
    LinkConfirmRequest,
    LinkOutcomeResponse,
    LinkStatusResponse,
    MiniAppLoginRequest,
    TelegramFields,
)
from entrypoints.http.schemas.common import present
from entrypoints.http.schemas.identity import SignedInResponse


@post("/telegram", opt=ANONYMOUS, status_code=HTTP_200_OK, responses=refusals(401, 403, 429, 503, body=True))
async def login_with_telegram(
    request: Request[Actor, Any, Any],
    telegram_sign_in: TelegramSignInDependency,
    sign_in_presenter: SignInPresenterDependency,
    data: JSONBody[TelegramFields],
    mode: Annotated[
        Literal["bearer", "cookie"],
        QueryParameter(description="As at `/auth/login`; not in the body, which holds what Telegram signed."),
    ] = "bearer",
) -> Response[SignedInResponse]:
    """Sign in with what Telegram's Login Widget handed to the page. It works once, within 15 minutes.

    A Telegram account that nobody here has gets a member without an email.
    """
    return sign_in_presenter(await telegram_sign_in.with_widget(data, device_of(request)), mode)


@post("/telegram/mini-app", opt=ANONYMOUS, status_code=HTTP_200_OK, responses=refusals(401, 403, 429, 503, body=True))
async def login_with_mini_app(
    request: Request[Actor, Any, Any],
    telegram_sign_in: TelegramSignInDependency,
    sign_in_presenter: SignInPresenterDependency,
    data: JSONBody[MiniAppLoginRequest],
) -> Response[SignedInResponse]:
    """Sign in with a Mini App's `initData`. It works once, within 15 minutes."""
    return sign_in_presenter(await telegram_sign_in.with_mini_app(data.init_data, device_of(request)), data.mode)


@post("/link-code", guards=[signed_in], security=SECURITY, responses=refusals(401, 403, 409, 429, body=True))
async def make_link_code(
    actor: ActorDependency,
    linking_service: LinkingServiceDependency,
    data: JSONBody[LinkCodeRequest | None] = None,
) -> LinkCodeResponse:
    """A code that links a Telegram account: send `/link CODE` to the bot in a private chat, and confirm there.

    It works once, within 10 minutes. A code made earlier does not work any more.
    """
    return present(LinkCodeResponse, await linking_service.request(actor, data.password if data else None))


@get("/link-code/{request_id:uuid}", guards=[signed_in], security=SECURITY, responses=refusals(401, 404))
async def get_link_status(
    actor: ActorDependency, linking_service: LinkingServiceDependency, request_id: FromPath[UUID]
) -> LinkStatusResponse:
    """How far a request to link has come."""
    return present(LinkStatusResponse, await linking_service.status(actor, LinkRequestId(request_id)))


@post(
    "/link-code/{request_id:uuid}/confirm",
    guards=[signed_in],
    security=SECURITY,
    status_code=HTTP_200_OK,
    responses=refusals(401, 403, 404, 409, 429, body=True),
)
async def confirm_link(
    actor: ActorDependency,
    linking_service: LinkingServiceDependency,
    request_id: FromPath[UUID],
    data: JSONBody[LinkConfirmRequest],
) -> LinkOutcomeResponse:
    """Enter one's password where linking waits for it, since either side is ADMIN or OWNER."""
    outcome = await linking_service.complete(actor, LinkRequestId(request_id), data.password)
    return present(LinkOutcomeResponse, outcome)


@delete(
    "/link-code/{request_id:uuid}",
    guards=[signed_in],
    security=SECURITY,
    status_code=HTTP_204_NO_CONTENT,
    responses=refusals(401, 403, 404, 409),
)
async def withdraw_link_code(
    actor: ActorDependency, linking_service: LinkingServiceDependency, request_id: FromPath[UUID]
) -> None:
    """Take a code back; it does not work any more."""
    await linking_service.withdraw(actor, LinkRequestId(request_id))


@delete(
    "/telegram",
    guards=[signed_in],
    security=SECURITY,
    status_code=HTTP_204_NO_CONTENT,
    responses=refusals(401, 403, 409),
)
async def unlink_telegram(actor: ActorDependency, linking_service: LinkingServiceDependency) -> None:
    """Take the Telegram account off. What the member owns stays here; the Telegram account starts afresh.

    All one's other sign-ins end.
    """
    await linking_service.unlink(actor)


HANDLERS = [
    login_with_telegram,
    login_with_mini_app,
    make_link_code,
    get_link_status,
    confirm_link,
    withdraw_link_code,
    unlink_telegram,
]
