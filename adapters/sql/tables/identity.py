"""Members, their accounts, grants, sign-ins and one-time tokens."""

from sqlalchemy import JSON, BigInteger, Boolean, Column, ForeignKey, Index, Integer, SmallInteger, Table, Uuid
from sqlalchemy import text as sql

from adapters.sql.tables.base import at_least, between, length, metadata, one_of
from adapters.sql.types import CleanText, SortedText, UtcDateTime
from domain.identity import (
    MAX_EMAIL,
    MAX_TELEGRAM_NAME,
    MAX_TELEGRAM_USERNAME,
    MAX_USERNAME,
    MIN_USERNAME,
    GrantSource,
    Role,
    TokenPurpose,
)

_IS_OPEN = sql("ended_at IS NULL")

members = Table(
    "members",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    # When the role that stands beside the accounts ends; NULL for one without an end.
    Column("role_until", UtcDateTime),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    at_least("version", 1),
    Index(None, "created_at", "id"),
    Index(None, "role_until", "id"),
)

users = Table(
    "users",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("member_id", Uuid, ForeignKey("members.id", ondelete="CASCADE"), nullable=False, unique=True),
    Column("email", CleanText),
    Column("email_key", SortedText, unique=True),
    Column("email_verified", Boolean, nullable=False),
    Column("username", CleanText),
    Column("username_key", SortedText, unique=True),
    Column("password_hash", CleanText),
    Column("telegram_user_id", BigInteger, unique=True),
    Column("role", SmallInteger, nullable=False),
    Column("is_active", Boolean, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    length("email", 1, MAX_EMAIL),
    length("username", MIN_USERNAME, MAX_USERNAME),
    between("role", min(Role), max(Role)),
    Index(None, "role"),
)

telegram_users = Table(
    "telegram_users",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("member_id", Uuid, ForeignKey("members.id", ondelete="CASCADE"), nullable=False, unique=True),
    Column("telegram_id", BigInteger, nullable=False, unique=True),
    Column("telegram_username", CleanText),
    Column("first_name", CleanText, nullable=False),
    Column("last_name", CleanText),
    # Id, username and name in folded form, so that a search looks into one column.
    Column("search_key", CleanText, nullable=False),
    Column("role", SmallInteger, nullable=False),
    Column("is_active", Boolean, nullable=False),
    Column("blocked_bot_at", UtcDateTime),
    Column("preferences", JSON, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    at_least("telegram_id", 1),
    length("telegram_username", 1, MAX_TELEGRAM_USERNAME),
    length("first_name", 0, MAX_TELEGRAM_NAME),
    length("last_name", 1, MAX_TELEGRAM_NAME),
    between("role", min(Role), max(Role)),
    Index(None, "role"),
)

role_grants = Table(
    "role_grants",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("member_id", Uuid, ForeignKey("members.id", ondelete="CASCADE"), nullable=False),
    Column("role", SmallInteger, nullable=False),
    Column("source", CleanText, nullable=False),
    Column("granted_by", Uuid, ForeignKey("members.id", ondelete="SET NULL")),
    Column("reason", CleanText, nullable=False),
    Column("until", UtcDateTime),
    Column("created_at", UtcDateTime, nullable=False),
    between("role", min(Role), max(Role)),
    one_of("source", GrantSource),
    Index(None, "member_id"),
    Index(None, "granted_by"),
    Index(None, "role"),
)

sign_ins = Table(
    "sign_ins",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("member_id", Uuid, ForeignKey("members.id", ondelete="CASCADE"), nullable=False),
    Column("refresh_hash", CleanText, nullable=False),
    Column("previous_hash", CleanText),
    Column("rotated_at", UtcDateTime),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("ip", CleanText),
    Column("user_agent", CleanText),
    Index(None, "member_id", "ip", "created_at"),
    Index(
        "ix_sign_ins_member_id_created_at_id_open",
        "member_id",
        "created_at",
        "id",
        sqlite_where=_IS_OPEN,
        postgresql_where=_IS_OPEN,
    ),
    Index(None, "expires_at"),
    Index(None, "ended_at"),
)

one_time_tokens = Table(
    "one_time_tokens",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("purpose", CleanText, nullable=False),
    Column("member_id", Uuid, ForeignKey("members.id", ondelete="CASCADE"), nullable=False),
    Column("token_hash", CleanText, nullable=False, unique=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime),
    Column("subject", CleanText),
    one_of("purpose", TokenPurpose),
    Index(None, "member_id"),
    Index(None, "expires_at"),
)
