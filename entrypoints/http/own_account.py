"""One's own account: its names, its password, its email, its data."""

from typing import Any

from litestar import Request, Response, delete, get, patch, post, put
from litestar.params import JSONBody
from litestar.response import Stream
from litestar.status_codes import HTTP_200_OK, HTTP_202_ACCEPTED, HTTP_204_NO_CONTENT

from domain.errors import Invalid
from domain.identity import Actor
from entrypoints.http.access import ANONYMOUS, signed_in
from entrypoints.http.cookies import expired_cookies
from entrypoints.http.dependencies import (
    AccountServiceDependency,
    ActorDependency,
    DataRightsDependency,
    FirstPasswordsDependency,
    PasswordServiceDependency,
    SettingsDependency,
    SignInPresenterDependency,
)
from entrypoints.http.devices import device_of
from entrypoints.http.exported import in_chunks, json_document
from entrypoints.http.openapi import NO_CONTENT, SECURITY, refusals
from entrypoints.http.schemas.accounts import (
    AccountChangeRequest,
    AccountDeletionRequest,
    EmailVerificationConfirmRequest,
    FirstPasswordRequest,
    PasswordChangeRequest,
    PasswordResetConfirmRequest,
    PasswordResetRequest,
)
from entrypoints.http.schemas.common import present
from entrypoints.http.schemas.identity import MemberResponse, SignedInResponse


@patch("/me", guards=[signed_in], security=SECURITY, responses=refusals(401, 403, 409, 429, body=True))
async def change_account(
    actor: ActorDependency, account_service: AccountServiceDependency, data: JSONBody[AccountChangeRequest]
) -> MemberResponse:
    """Change one's email, username or both. A new email is not verified yet, and gets a mail with a link."""
    member = await account_service.change(actor, data.password, email=data.email, username=data.username)
    return present(MemberResponse, member)


@put(
    "/password",
    guards=[signed_in],
    security=SECURITY,
    status_code=HTTP_204_NO_CONTENT,
    responses={204: NO_CONTENT, **refusals(401, 403, 409, 429, body=True)},
)
async def change_password(
    request: Request[Actor, Any, Any],
    actor: ActorDependency,
    password_service: PasswordServiceDependency,
    sign_in_presenter: SignInPresenterDependency,
    data: JSONBody[PasswordChangeRequest],
) -> Response[None]:
    """Replace one's password. All one's other sign-ins end, and of one's browsers only this one is known any more."""
    stamp = await password_service.change(actor, data.current_password, data.new_password)
    return sign_in_presenter.password_set(actor, stamp, request.headers.get("authorization"))


@post(
    "/password",
    guards=[signed_in],
    security=SECURITY,
    status_code=HTTP_204_NO_CONTENT,
    responses={204: NO_CONTENT, **refusals(401, 403, 409, 429, 503, body=True)},
)
async def set_first_password(
    request: Request[Actor, Any, Any],
    actor: ActorDependency,
    first_passwords: FirstPasswordsDependency,
    sign_in_presenter: SignInPresenterDependency,
    data: JSONBody[FirstPasswordRequest],
) -> Response[None]:
    """Set the password of an account that has none. All one's other sign-ins end.

    Where the member has a Telegram account, Telegram vouches for them anew: what it signed goes along, whatever the
    sign-in. Where there is none, it has to be within 15 minutes of signing in.
    """
    if data.telegram is not None and data.init_data is not None:
        raise Invalid.of("init_data", "expected either this or `telegram`")
    signed = data.init_data if data.telegram is None else data.telegram
    stamp = await first_passwords.set(actor, data.new_password, data.username, signed)
    return sign_in_presenter.password_set(actor, stamp, request.headers.get("authorization"))


@post(
    "/password-reset",
    opt=ANONYMOUS,
    status_code=HTTP_202_ACCEPTED,
    responses=refusals(403, 429, 503, body=True),
)
async def request_password_reset(
    request: Request[Actor, Any, Any],
    password_service: PasswordServiceDependency,
    data: JSONBody[PasswordResetRequest],
) -> Response[None]:
    """Send a link to this email, if an account has it. The answer does not tell."""
    await password_service.request_reset(data.email, device_of(request))
    return Response(None)


@post(
    "/password-reset/confirm",
    opt=ANONYMOUS,
    status_code=HTTP_200_OK,
    responses=refusals(401, 403, body=True),
)
async def confirm_password_reset(
    request: Request[Actor, Any, Any],
    password_service: PasswordServiceDependency,
    sign_in_presenter: SignInPresenterDependency,
    data: JSONBody[PasswordResetConfirmRequest],
) -> Response[SignedInResponse]:
    """Set a new password with the token of a mailed link, and sign in. It works once, within 30 minutes.

    All the member's sign-ins end, and the email counts as verified.
    """
    signed = await password_service.redeem_reset(data.token, data.password, device_of(request))
    return sign_in_presenter(signed, data.mode)


@post(
    "/verify-email",
    guards=[signed_in],
    security=SECURITY,
    status_code=HTTP_202_ACCEPTED,
    responses=refusals(401, 403, 409, 429, 503),
)
async def request_email_verification(
    actor: ActorDependency, account_service: AccountServiceDependency
) -> Response[None]:
    """Send one's email a link that verifies it."""
    await account_service.request_verification(actor)
    return Response(None)


@post(
    "/verify-email/confirm",
    opt=ANONYMOUS,
    status_code=HTTP_204_NO_CONTENT,
    responses=refusals(401, 403, 429, body=True),
)
async def confirm_email(
    request: Request[Actor, Any, Any],
    account_service: AccountServiceDependency,
    data: JSONBody[EmailVerificationConfirmRequest],
) -> None:
    """Verify an email with the token of a mailed link. It works once, within two days."""
    await account_service.verify_email(data.token, device_of(request))


@get("/me/export", guards=[signed_in], security=SECURITY, responses=refusals(401, 429))
async def export_account(actor: ActorDependency, data_rights: DataRightsDependency) -> Stream:
    """All that is kept of oneself, as one JSON document with a list for each kind of thing.

    It is written while it is read: a document without its end is not whole. One at a time, and so many an hour; the
    conversations one exports count as well.
    """
    return Stream(
        in_chunks(json_document(await data_rights.export(actor))),
        media_type="application/json",
        headers={"Content-Disposition": 'attachment; filename="guildhall-account.json"'},
    )


@delete(
    "/me",
    guards=[signed_in],
    security=SECURITY,
    status_code=HTTP_204_NO_CONTENT,
    responses={204: NO_CONTENT, **refusals(401, 403, 409, 429, body=True)},
)
async def delete_account(
    actor: ActorDependency,
    data_rights: DataRightsDependency,
    settings: SettingsDependency,
    data: JSONBody[AccountDeletionRequest | None] = None,
) -> Response[None]:
    """Delete oneself, with all that one owns, for good. The password is needed where the account has one."""
    await data_rights.delete_own(actor, data.password if data else None)
    return Response(None, cookies=expired_cookies(secure=settings.secure_cookies, of_member=True))


HANDLERS = [
    change_account,
    change_password,
    set_first_password,
    request_password_reset,
    confirm_password_reset,
    request_email_verification,
    confirm_email,
    export_account,
    delete_account,
]
