"""The channels' logs, and the instance they belong to."""

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, SmallInteger, Table
from sqlalchemy import text as sql

from adapters.sql.tables.base import between, metadata
from adapters.sql.types import CleanText, SortedText, UtcDateTime
from domain.identity import Role

channels = Table(
    "channels",
    metadata,
    Column("channel", SortedText, primary_key=True),
    Column("last_offset", BigInteger, nullable=False),
    Column("pruned_through", BigInteger, nullable=False),
    CheckConstraint(sql("pruned_through >= 0 AND pruned_through <= last_offset"), name="pruned_through"),
)

channel_events = Table(
    "channel_events",
    metadata,
    Column("channel", SortedText, primary_key=True),
    Column("offset", BigInteger, primary_key=True),
    Column("type", CleanText, nullable=False),
    Column("payload", CleanText, nullable=False),
    Column("minimum_role", SmallInteger, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    CheckConstraint(sql('"offset" >= 1'), name="offset"),
    between("minimum_role", min(Role), max(Role)),
    Index(None, "created_at"),
)

instance = Table(
    "instance",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("epoch", CleanText, nullable=False),
    CheckConstraint(sql("id = 1"), name="id"),
)
