"""Bodies of one's own account: names, passwords, sign-ins, linking."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from entrypoints.http.schemas.common import Answer, Body
from entrypoints.http.schemas.identity import Mode

Password = Annotated[str, msgspec.Meta(description="One's present password.")]
NewPassword = Annotated[str, msgspec.Meta(description="10 to 256 characters; not among the first that are guessed.")]


TelegramFields = Annotated[
    dict[str, str | int],
    msgspec.Meta(
        description="What the Login Widget hands to the page, as it is: `id`, `auth_date`, `hash`, and the others it "
        "sent. All of them are signed, so none may be left out.",
        max_length=20,
    ),
]
InitData = Annotated[
    str, msgspec.Meta(description="A Mini App's `initData`, as Telegram hands it to the page.", max_length=8_192)
]


class AccountChangeRequest(Body, frozen=True):
    """What changes in one's own account; what is absent or null stays."""

    password: Password
    email: str | None = None
    username: str | None = None


class PasswordChangeRequest(Body, frozen=True):
    """A new password in place of the present one."""

    current_password: Password
    new_password: NewPassword


class FirstPasswordRequest(Body, frozen=True):
    """The password of an account that has none yet; for one that came by Telegram also the username to sign in with.

    A member with a Telegram account sends either `telegram` or `init_data` along, signed within 15 minutes and not
    used yet, not for signing in either.
    """

    new_password: NewPassword
    username: str | None = None
    telegram: TelegramFields | None = None
    init_data: InitData | None = None


class PasswordResetRequest(Body, frozen=True):
    """The email of the account whose password was forgotten."""

    email: str


class PasswordResetConfirmRequest(Body, frozen=True):
    """The token of the mailed link, and the new password."""

    token: str
    password: NewPassword
    mode: Mode = "bearer"


class EmailVerificationConfirmRequest(Body, frozen=True):
    """The token of the mailed link."""

    token: str


class AccountDeletionRequest(Body, frozen=True):
    """One's password, for an account that has one."""

    password: Password | None = None


class SignInResponse(Answer, frozen=True):
    """Where one is signed in. `is_current` marks the sign-in that asks."""

    id: UUID
    created_at: datetime
    refreshed_at: datetime | None
    expires_at: datetime
    ip: str | None
    user_agent: str | None
    is_current: bool


class SignInsListResponse(Answer, frozen=True):
    """One's active sign-ins, newest first."""

    items: tuple[SignInResponse, ...]
    next_cursor: str | None


class MiniAppLoginRequest(Body, frozen=True):
    """A Mini App's `initData`, as Telegram hands it to the page."""

    init_data: InitData
    mode: Mode = "bearer"


class LinkCodeRequest(Body, frozen=True):
    """One's password, which linking needs where either side is ADMIN or OWNER; it may also be given afterwards."""

    password: Password | None = None


class LinkCodeResponse(Answer, frozen=True):
    """A code to send to the bot as `/link CODE`. It is shown once."""

    request_id: UUID
    code: str
    expires_at: datetime


class LinkStatusResponse(Answer, frozen=True):
    """Where a request to link stands."""

    request_id: UUID
    state: Annotated[
        Literal["waiting", "presented", "awaiting_password", "linked", "declined"],
        msgspec.Meta(description="`awaiting_password` waits for the confirmation with one's password."),
    ]
    is_expired: bool
    expires_at: datetime
    telegram_account: Annotated[
        str | None, msgspec.Meta(description="What Telegram calls the account that sent the code.")
    ]


class LinkConfirmRequest(Body, frozen=True):
    """One's password."""

    password: Password


class LinkOutcomeResponse(Answer, frozen=True):
    """What a confirmation did. `member_id` is whom both accounts belong to now: the older of the two."""

    state: Literal["awaiting_password", "linked"]
    member_id: UUID | None
