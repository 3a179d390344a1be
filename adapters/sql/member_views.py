"""Rows of members as they are shown."""

from adapters.sql.types import AnyRow
from application.ports.identity import MemberView, SignInView, TelegramView
from domain.identity import MemberId, Role, SignInId


def member_view(row: AnyRow) -> MemberView:
    """A member; columns of an account that is not there are None."""
    return MemberView(
        id=MemberId(row.id),
        email=row.email,
        email_verified=bool(row.email_verified),
        username=row.username,
        role=Role(row.role),
        is_active=bool(row.is_active),
        created_at=row.created_at,
        has_password=bool(row.has_password),
        telegram=None if row.telegram_id is None else _telegram_view(row),
    )


def _telegram_view(row: AnyRow) -> TelegramView:
    return TelegramView(
        telegram_id=row.telegram_id,
        username=row.telegram_username,
        first_name=row.first_name,
        last_name=row.last_name,
        has_blocked_bot=row.blocked_bot_at is not None,
        language=row.preferences["language"],
    )


def sign_in_view(row: AnyRow) -> SignInView:
    """A sign-in in its member's list."""
    return SignInView(
        id=SignInId(row.id),
        created_at=row.created_at,
        refreshed_at=row.rotated_at,
        expires_at=row.expires_at,
        ip=row.ip,
        user_agent=row.user_agent,
    )
