"""Bodies of sign-in and members."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from entrypoints.http.schemas.common import Answer, Body, RoleName

Mode = Annotated[
    Literal["bearer", "cookie"],
    msgspec.Meta(
        description="`bearer` answers with the tokens; `cookie` puts them into HttpOnly cookies and keeps them out of "
        "the body."
    ),
]


class RegisterRequest(Body, frozen=True):
    """A new web account: an email, a username, or both."""

    password: Annotated[str, msgspec.Meta(description="10 to 256 characters; not among the first that are guessed.")]
    email: str | None = None
    username: Annotated[str | None, msgspec.Meta(description="3 to 64 letters, digits, '.', '_' or '-'.")] = None


class LoginRequest(Body, frozen=True):
    """An account's email or username, and its password."""

    password: str
    email: str | None = None
    username: str | None = None
    mode: Mode = "bearer"


class LoginLinkRequest(Body, frozen=True):
    """The token of a one-time sign-in link."""

    token: str
    mode: Mode = "bearer"


class RefreshRequest(Body, frozen=True):
    """A refresh token to trade in; in the mode `cookie` it comes in its cookie."""

    refresh_token: str | None = None
    mode: Mode = "bearer"


class SignedInResponse(Answer, frozen=True):
    """A sign-in. Tokens are null where they went into cookies."""

    member_id: UUID
    access_expires_at: datetime
    refresh_expires_at: datetime
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - the kind of token, not a token
    access_token: str | None = None
    refresh_token: str | None = None


class TelegramAccountResponse(Answer, frozen=True):
    """A member's Telegram account."""

    telegram_id: int
    username: str | None
    first_name: str
    last_name: str | None
    has_blocked_bot: bool


class MemberResponse(Answer, frozen=True):
    """A member; `role` is the effective one. `email` and `username` are null without a web account."""

    id: UUID
    email: str | None
    email_verified: bool
    username: str | None
    role: RoleName
    is_active: bool
    created_at: datetime
    has_password: bool
    telegram: TelegramAccountResponse | None


class MembersListResponse(Answer, frozen=True):
    """A page of members; `next_cursor` is null at the end."""

    items: tuple[MemberResponse, ...]
    next_cursor: str | None
