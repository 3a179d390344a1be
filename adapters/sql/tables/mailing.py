"""Mail that is owed."""

from sqlalchemy import Column, Index, Integer, Table, Uuid

from adapters.sql.tables.base import at_least, metadata, one_of
from adapters.sql.types import CleanText, UtcDateTime
from domain.identity import MailPurpose

mail_jobs = Table(
    "mail_jobs",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("purpose", CleanText, nullable=False),
    Column("address", CleanText, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    Column("attempts", Integer, nullable=False),
    # The end of the lease is the claim: it only ever moves on, so no two claims of a job have the same.
    Column("held_until", UtcDateTime),
    one_of("purpose", MailPurpose),
    at_least("attempts", 0),
    Index(None, "due_at", "id"),
    Index(None, "held_until"),
)
