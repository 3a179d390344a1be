"""Requests to link, and proofs of Telegram's that were used."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Table, Uuid

from adapters.sql.tables.base import metadata, one_of
from adapters.sql.types import CleanText, SortedText, UtcDateTime
from domain.identity import LinkState

link_requests = Table(
    "link_requests",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("member_id", Uuid, ForeignKey("members.id", ondelete="CASCADE"), nullable=False),
    Column("code_hash", CleanText, nullable=False, unique=True),
    Column("state", CleanText, nullable=False),
    Column("telegram_id", BigInteger),
    Column("is_reauthenticated", Boolean, nullable=False),
    Column("sign_in_id", Uuid, ForeignKey("sign_ins.id", ondelete="CASCADE")),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    one_of("state", LinkState),
    Index(None, "member_id"),
    Index(None, "sign_in_id"),
    Index(None, "expires_at"),
)

used_proofs = Table(
    "used_proofs",
    metadata,
    Column("digest", SortedText, primary_key=True),
    Column("expires_at", UtcDateTime, nullable=False),
    Index(None, "expires_at"),
)
