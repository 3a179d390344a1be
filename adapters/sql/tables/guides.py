"""The guide library, members' collections and the passages that search finds."""

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Uuid,
)
from sqlalchemy import text as sql

from adapters.sql.tables.base import Counter, at_least, between, length, metadata
from adapters.sql.types import CleanText, SearchVector, SortedText, UtcDateTime
from domain.guides import MAX_BODY_BYTES, MAX_DESCRIPTION, MAX_SOURCE_PATH, MAX_TITLE, MAX_URL, Difficulty
from domain.identity import Role

telegram_guides = Table(
    "telegram_guides",
    metadata,
    Column("pk", Counter, primary_key=True, autoincrement=True),
    Column("id", Uuid, nullable=False, unique=True),
    Column("title", CleanText, nullable=False),
    Column("title_key", SortedText, nullable=False),
    Column("description", CleanText, nullable=False),
    Column("body", CleanText),
    Column("content_url", CleanText),
    Column("category", SortedText, nullable=False),
    Column("difficulty_level", SmallInteger, nullable=False),
    Column("tags", JSON, nullable=False),
    Column("minimum_role", SmallInteger, nullable=False),
    Column("source_path", SortedText, unique=True),
    Column("views_count", Counter, nullable=False),
    Column("is_active", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    length("title", 1, MAX_TITLE),
    length("description", 0, MAX_DESCRIPTION),
    length("body", 0, MAX_BODY_BYTES),
    length("content_url", 1, MAX_URL),
    length("source_path", 1, MAX_SOURCE_PATH),
    between("difficulty_level", min(Difficulty), max(Difficulty)),
    between("minimum_role", min(Role), max(Role)),
    at_least("views_count", 0),
    at_least("version", 1),
    Index(None, "title_key", "id"),
    Index(None, "category", "title_key", "id"),
)

telegram_guide_tags = Table(
    "telegram_guide_tags",
    metadata,
    Column("tag", SortedText, primary_key=True),
    Column("guide_pk", Counter, ForeignKey("telegram_guides.pk", ondelete="CASCADE"), primary_key=True),
    Index(None, "guide_pk"),
)

telegram_user_guide_collections = Table(
    "telegram_user_guide_collections",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("member_id", Uuid, ForeignKey("members.id", ondelete="CASCADE"), nullable=False),
    Column("guide_id", Uuid, ForeignKey("telegram_guides.id", ondelete="CASCADE"), nullable=False),
    Column("is_read", Boolean, nullable=False),
    Column("times_viewed", Integer, nullable=False),
    Column("last_viewed_at", UtcDateTime),
    Column("saved_at", UtcDateTime, nullable=False),
    at_least("times_viewed", 0),
    Index("uq_telegram_user_guide_collections_member_id_guide_id", "member_id", "guide_id", unique=True),
    Index(None, "guide_id"),
    Index(None, "member_id", "saved_at", "id"),
)

guide_passages = Table(
    "guide_passages",
    metadata,
    Column("pk", Counter, primary_key=True, autoincrement=True),
    Column("guide_pk", Counter, ForeignKey("telegram_guides.pk", ondelete="CASCADE"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("heading", CleanText, nullable=False),
    Column("text", CleanText, nullable=False),
    Column("line", Integer, nullable=False),
    Column("terms", CleanText, nullable=False),
    Column("title_terms", CleanText, nullable=False),
    Column("length", Integer, nullable=False),
    Column("is_active", Boolean, nullable=False),
    # Written on PostgreSQL only; SQLite indexes the two columns of terms with FTS5.
    Column("search_vector", SearchVector),
    # The guide's: triggers see the passage alone. Whoever forgets it hides the passage.
    Column("minimum_role", SmallInteger, nullable=False, server_default=sql("3")),
    at_least("position", 0),
    at_least("line", 0),
    at_least("length", 0),
    Index("uq_guide_passages_guide_pk_position", "guide_pk", "position", unique=True),
    Index("ix_guide_passages_search_vector", "search_vector", postgresql_using="gin").ddl_if(dialect="postgresql"),
)

guide_passage_totals = Table(
    "guide_passage_totals",
    metadata,
    Column("minimum_role", SmallInteger, primary_key=True, autoincrement=False),
    Column("passages", Counter, nullable=False),
    Column("terms", Counter, nullable=False),
    between("minimum_role", min(Role), max(Role)),
    at_least("passages", 0),
    at_least("terms", 0),
)

# A row is never changed and its id never used again, so that a process may keep what it has read.
guide_passage_vectors = Table(
    "guide_passage_vectors",
    metadata,
    Column("id", Counter, primary_key=True, autoincrement=False),
    Column("passage_pk", Counter, ForeignKey("guide_passages.pk", ondelete="CASCADE"), nullable=False),
    Column("model", SortedText, nullable=False),
    Column("vector", LargeBinary, nullable=False),
    at_least("id", 1),
    Index("uq_guide_passage_vectors_passage_pk_model", "passage_pk", "model", unique=True),
)

# Its row is locked by whoever writes vectors, so that ids appear in their order; it is made with the first vector.
guide_passage_vector_ids = Table(
    "guide_passage_vector_ids",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("last", Counter, nullable=False),
    CheckConstraint(sql("id = 1"), name="id"),
    at_least("last", 0),
)
