"""The trail of what was done to members and their rights."""

from sqlalchemy import JSON, CheckConstraint, Column, Index, Table, Uuid
from sqlalchemy import text as sql

from adapters.sql.tables.base import length, metadata
from adapters.sql.types import CleanText, SortedText, UtcDateTime
from domain.identity import MAX_DETAILS, MAX_RESOURCE_ID, MAX_RESOURCE_TYPE

_HAS_ADDRESS = sql("ip IS NOT NULL OR user_agent IS NOT NULL")

# Without foreign keys: a line outlives whom it names.
audit_log = Table(
    "audit_log",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("action", SortedText, nullable=False),
    Column("actor_id", Uuid),
    Column("resource_type", SortedText, nullable=False),
    Column("resource_id", SortedText, nullable=False),
    Column("details", JSON, nullable=False),
    Column("ip", CleanText),
    Column("user_agent", CleanText),
    length("resource_type", 1, MAX_RESOURCE_TYPE),
    length("resource_id", 0, MAX_RESOURCE_ID),
    CheckConstraint(sql(f"length(CAST(details AS TEXT)) <= {MAX_DETAILS}"), name="details"),
    Index(None, "at", "id"),
    Index(None, "action", "at", "id"),
    Index(None, "actor_id", "at", "id"),
    Index(None, "resource_type", "resource_id", "at", "id"),
    Index("ix_audit_log_at_with_address", "at", sqlite_where=_HAS_ADDRESS, postgresql_where=_HAS_ADDRESS),
)
