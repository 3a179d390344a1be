"""Registering, signing in and out."""

from typing import Any

from litestar import Request, Response, get, post
from litestar.params import JSONBody
from litestar.status_codes import HTTP_200_OK, HTTP_204_NO_CONTENT

from application.identity.sign_in import Credentials
from domain.errors import Invalid, InvalidToken
from domain.identity import Actor
from entrypoints.http.access import ANONYMOUS, PUBLIC, signed_in, signing_out
from entrypoints.http.cookies import BROWSER_COOKIE, REFRESH_COOKIE, expired_cookies
from entrypoints.http.dependencies import (
    AccountServiceDependency,
    ActorDependency,
    AuthServiceDependency,
    MemberServiceDependency,
    SettingsDependency,
    SignInPresenterDependency,
)
from entrypoints.http.devices import device_of
from entrypoints.http.openapi import NO_CONTENT, SECURITY, refusals
from entrypoints.http.schemas.common import present
from entrypoints.http.schemas.identity import (
    LoginLinkRequest,
    LoginRequest,
    MemberResponse,
    RefreshRequest,
    RegisterRequest,
    SignedInResponse,
)


@post("/register", opt=ANONYMOUS, responses=refusals(403, 409, 429, body=True))
async def register(
    request: Request[Actor, Any, Any], data: JSONBody[RegisterRequest], account_service: AccountServiceDependency
) -> MemberResponse:
    """Make a new account with the role PUBLIC. Sign in afterwards. An email gets a mail with a link to verify it."""
    member = await account_service.register(data.email, data.username, data.password, device_of(request))
    return present(MemberResponse, member)


@post("/login", opt=ANONYMOUS, status_code=HTTP_200_OK, responses=refusals(401, 403, 429, body=True))
async def login(
    request: Request[Actor, Any, Any],
    data: JSONBody[LoginRequest],
    auth_service: AuthServiceDependency,
    sign_in_presenter: SignInPresenterDependency,
) -> Response[SignedInResponse]:
    """Sign in with an email or a username, and a password. A refusal never tells which part was wrong.

    After five failures in a quarter of an hour, under whichever name of the account, it waits for that address: 429
    with `Retry-After`. A browser that has signed in to the account before (the cookie `guildhall_browser`) does not
    stand behind strangers' guesses: it has five failures of its own.
    """
    if (data.email is None) is (data.username is None):
        raise Invalid.of("email", "expected either an email or a username")
    credentials = Credentials(
        password=data.password,
        email=data.email,
        username=data.username,
        browser_token=request.cookies.get(BROWSER_COOKIE),
    )
    return sign_in_presenter(await auth_service.sign_in(credentials, device_of(request)), data.mode)


@post("/login-link", opt=ANONYMOUS, status_code=HTTP_200_OK, responses=refusals(401, 403, body=True))
async def login_with_link(
    request: Request[Actor, Any, Any],
    data: JSONBody[LoginLinkRequest],
    auth_service: AuthServiceDependency,
    sign_in_presenter: SignInPresenterDependency,
) -> Response[SignedInResponse]:
    """Sign in with the token of a one-time link. It works once."""
    return sign_in_presenter(await auth_service.sign_in_with_link(data.token, device_of(request)), data.mode)


@post("/refresh", opt=ANONYMOUS, status_code=HTTP_200_OK, responses=refusals(401, 403, body=True))
async def refresh(
    request: Request[Actor, Any, Any],
    auth_service: AuthServiceDependency,
    sign_in_presenter: SignInPresenterDependency,
    data: JSONBody[RefreshRequest | None] = None,
) -> Response[SignedInResponse]:
    """Trade a refresh token for its successor and a new access token.

    A refresh token works once; within 30 seconds it still gives the same successor, after that its use ends the
    sign-in. Without a body the token is taken from its cookie.
    """
    given = data or RefreshRequest(mode="cookie")
    token = request.cookies.get(REFRESH_COOKIE) if given.mode == "cookie" else given.refresh_token
    if not token:
        raise InvalidToken("A refresh token is expected: in the body, or in its cookie with the mode `cookie`.")
    signed_in = await auth_service.refresh(token, device_of(request))
    return sign_in_presenter.refreshed(signed_in, given.mode, request.cookies.get(BROWSER_COOKIE))


@post(
    "/logout",
    opt=PUBLIC,
    guards=[signing_out],
    status_code=HTTP_204_NO_CONTENT,
    security=SECURITY,
    responses={204: NO_CONTENT, **refusals(401, 403)},
)
async def logout(
    request: Request[Actor, Any, Any],
    actor: ActorDependency,
    auth_service: AuthServiceDependency,
    settings: SettingsDependency,
) -> Response[None]:
    """End this sign-in: its tokens stop working at once, its sockets close, and a browser forgets its cookies."""
    refresh_token = request.cookies.get(REFRESH_COOKIE)
    if actor.sign_in_id is None and refresh_token is not None:
        actor = await _actor_of(auth_service, refresh_token, actor)
    await auth_service.sign_out(actor)
    return Response(None, cookies=expired_cookies(secure=settings.secure_cookies))


@get("/me", guards=[signed_in], security=SECURITY, responses=refusals(401))
async def me(actor: ActorDependency, member_service: MemberServiceDependency) -> MemberResponse:
    """One's own account, with the role it has now."""
    return present(MemberResponse, await member_service.me(actor))


async def _actor_of(auth_service: AuthServiceDependency, refresh_token: str, otherwise: Actor) -> Actor:
    try:
        refreshed = await auth_service.refresh(refresh_token, otherwise.device)
        actor, _ = await auth_service.actor(refreshed.access_token, otherwise.device)
    except InvalidToken:
        return otherwise
    return actor


HANDLERS = [register, login, login_with_link, refresh, logout, me]
