"""How members, accounts and grants stand in their tables."""

from collections.abc import Sequence
from datetime import datetime

from adapters.sql.types import AnyRow, storable
from domain.identity import (
    Grant,
    GrantId,
    GrantSource,
    Member,
    MemberId,
    Role,
    TelegramPreferences,
    TelegramUser,
    TelegramUserId,
    User,
    UserId,
)


def folded(name: str | None) -> str | None:
    """The form in which emails and usernames are compared."""
    return None if name is None else name.casefold()


def member_to_row(member: Member, now: datetime) -> dict[str, object]:
    """The row of `members`, with the end of the effective role at `now`."""
    return {
        "id": member.id,
        "version": member.version,
        "role_until": member.role_ends_at(now),
        "created_at": member.created_at,
        "updated_at": member.updated_at,
    }


def member_from_rows(row: AnyRow, user: AnyRow | None, telegram: AnyRow | None, grants: Sequence[Grant]) -> Member:
    """A member of its row, its accounts' and its grants."""
    return Member(
        id=MemberId(row.id),
        created_at=row.created_at,
        updated_at=row.updated_at,
        user=None if user is None else _user_from_row(user),
        telegram=None if telegram is None else _telegram_from_row(telegram),
        grants=list(grants),
        version=row.version,
    )


def user_to_row(user: User, member: Member, now: datetime) -> dict[str, object]:
    """The row of `users`, with the member's effective role at `now`."""
    return {
        "id": user.id,
        "member_id": member.id,
        "email": user.email,
        "email_key": folded(user.email),
        "email_verified": user.email_verified,
        "username": user.username,
        "username_key": folded(user.username),
        "password_hash": user.password_hash,
        "telegram_user_id": user.telegram_user_id,
        "role": int(member.effective_role(now)),
        "is_active": user.is_active,
        "created_at": user.created_at,
        "updated_at": user.updated_at,
    }


def _user_from_row(row: AnyRow) -> User:
    return User(
        id=UserId(row.id),
        email=row.email,
        username=row.username,
        password_hash=row.password_hash,
        created_at=row.created_at,
        updated_at=row.updated_at,
        email_verified=row.email_verified,
        telegram_user_id=row.telegram_user_id,
        is_active=row.is_active,
    )


def telegram_to_row(account: TelegramUser, member: Member, now: datetime) -> dict[str, object]:
    """The row of `telegram_users`, with the member's effective role at `now`."""
    return {
        "id": account.id,
        "member_id": member.id,
        "telegram_id": account.telegram_id,
        "telegram_username": account.telegram_username,
        "first_name": account.first_name,
        "last_name": account.last_name,
        "search_key": _search_key(account),
        "role": int(member.effective_role(now)),
        "is_active": account.is_active,
        "blocked_bot_at": account.blocked_bot_at,
        "preferences": {
            "language": account.preferences.language,
            "muted": sorted(storable(category) for category in account.preferences.muted),
        },
        "created_at": account.created_at,
        "updated_at": account.updated_at,
    }


def _search_key(account: TelegramUser) -> str:
    username = f"@{account.telegram_username}" if account.telegram_username else ""
    name = f"{account.first_name} {account.last_name or ''}".strip()
    return "\n".join((str(account.telegram_id), username, name)).casefold()


def _telegram_from_row(row: AnyRow) -> TelegramUser:
    return TelegramUser(
        id=TelegramUserId(row.id),
        telegram_id=row.telegram_id,
        telegram_username=row.telegram_username,
        first_name=row.first_name,
        last_name=row.last_name,
        created_at=row.created_at,
        updated_at=row.updated_at,
        is_active=row.is_active,
        blocked_bot_at=row.blocked_bot_at,
        preferences=TelegramPreferences(row.preferences["language"], frozenset(row.preferences["muted"])),
    )


def grant_to_row(grant: Grant, member_id: MemberId) -> dict[str, object]:
    """The row of `role_grants`."""
    return {
        "id": grant.id,
        "member_id": member_id,
        "role": int(grant.role),
        "source": grant.source.value,
        "granted_by": grant.granted_by,
        "reason": grant.reason,
        "until": grant.until,
        "created_at": grant.created_at,
    }


def grant_from_row(row: AnyRow) -> Grant:
    """A grant of its row."""
    return Grant(
        id=GrantId(row.id),
        role=Role(row.role),
        source=GrantSource(row.source),
        granted_by=None if row.granted_by is None else MemberId(row.granted_by),
        reason=row.reason,
        until=row.until,
        created_at=row.created_at,
    )
