"""Chat sessions, messages, replies to come, counters and answers given before."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    Table,
    Uuid,
)
from sqlalchemy import text as sql

from adapters.sql.tables.base import Counter, at_least, length, metadata, one_of
from adapters.sql.types import CleanText, SortedText, UtcDateTime
from domain.chat import MAX_CONTENT, MAX_MODEL, MAX_TITLE, LLMProvider, MessageRole, MessageStatus

chat_sessions = Table(
    "chat_sessions",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("user_id", Uuid, ForeignKey("members.id", ondelete="CASCADE"), nullable=False),
    Column("title", CleanText, nullable=False),
    Column("llm_provider", SortedText, nullable=False),
    Column("llm_model", SortedText, nullable=False),
    Column("settings", JSON, nullable=False),
    Column("is_active", Boolean, nullable=False),
    Column("last_seq", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    length("title", 1, MAX_TITLE),
    length("llm_model", 1, MAX_MODEL),
    one_of("llm_provider", LLMProvider),
    at_least("last_seq", 0),
    at_least("version", 1),
    Index(None, "user_id", "created_at", "id"),
    Index(None, "user_id", "is_active"),
    Index(None, "llm_provider"),
    Index(None, "llm_model"),
    Index(None, "created_at"),
)

chat_participants = Table(
    "chat_participants",
    metadata,
    Column("session_id", Uuid, ForeignKey("chat_sessions.id", ondelete="CASCADE"), primary_key=True),
    Column("member_id", Uuid, ForeignKey("members.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, nullable=False),
    # The session's own, so that a member's list is one walk of an index.
    Column("session_created_at", UtcDateTime, nullable=False),
    at_least("position", 0),
    Index(None, "member_id", "session_created_at", "session_id"),
)

chat_messages = Table(
    "chat_messages",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("session_id", Uuid, ForeignKey("chat_sessions.id", ondelete="CASCADE"), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("role", CleanText, nullable=False),
    Column("author_id", Uuid, ForeignKey("members.id", ondelete="SET NULL")),
    Column("content", CleanText, nullable=False),
    Column("llm_provider", SortedText),
    Column("llm_model", SortedText),
    Column("status", CleanText, nullable=False),
    Column("is_streaming", Boolean, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("started_at", UtcDateTime),
    Column("response_time_ms", BigInteger),
    Column("time_to_first_token_ms", BigInteger),
    Column("tokens_used", BigInteger, nullable=False),
    Column("error_message", CleanText),
    Column("message_metadata", JSON, nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    at_least("seq", 1),
    one_of("role", MessageRole),
    one_of("status", MessageStatus),
    one_of("llm_provider", LLMProvider),
    length("llm_model", 1, MAX_MODEL),
    CheckConstraint(
        sql(f"role <> 'user' OR (length(content) >= 1 AND length(content) <= {MAX_CONTENT})"), name="content"
    ),
    CheckConstraint(sql("NOT is_streaming OR status = 'streaming'"), name="is_streaming"),
    at_least("generation", 0),
    at_least("response_time_ms", 0),
    at_least("time_to_first_token_ms", 0),
    at_least("tokens_used", 0),
    at_least("version", 1),
    Index("uq_chat_messages_session_id_seq", "session_id", "seq", unique=True),
    Index(None, "role"),
    Index(None, "created_at"),
    Index(None, "llm_provider"),
    Index(None, "author_id", "id"),
)

_words = sql("array_to_tsvector(string_to_array(words, ' '))")

chat_message_words = Table(
    "chat_message_words",
    metadata,
    Column("pk", Counter, primary_key=True, autoincrement=True),
    Column("message_id", Uuid, ForeignKey("chat_messages.id", ondelete="CASCADE"), nullable=False, unique=True),
    Column("words", CleanText, nullable=False),
    Index("ix_chat_message_words_words", _words, postgresql_using="gin").ddl_if(dialect="postgresql"),
)

chat_replies = Table(
    "chat_replies",
    metadata,
    Column("position", Counter, primary_key=True, autoincrement=True),
    Column("message_id", Uuid, ForeignKey("chat_messages.id", ondelete="CASCADE"), nullable=False, unique=True),
    Column("session_id", Uuid, ForeignKey("chat_sessions.id", ondelete="CASCADE"), nullable=False),
    Column("generation", Integer, nullable=False),
    Column("queued_at", UtcDateTime, nullable=False),
    Column("claim", Uuid),
    Column("lease_until", UtcDateTime),
    CheckConstraint(sql("(claim IS NULL) = (lease_until IS NULL)"), name="lease_until"),
    Index(None, "session_id", "position"),
    Index(
        "uq_chat_replies_session_id_claimed",
        "session_id",
        unique=True,
        sqlite_where=sql("claim IS NOT NULL"),
        postgresql_where=sql("claim IS NOT NULL"),
    ),
    Index(None, "lease_until"),
)

chat_session_usage = Table(
    "chat_session_usage",
    metadata,
    Column("session_id", Uuid, ForeignKey("chat_sessions.id", ondelete="CASCADE"), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("llm_provider", SortedText, primary_key=True),
    Column("llm_model", SortedText, primary_key=True),
    Column("messages", Counter, nullable=False),
    Column("tokens_used", BigInteger, nullable=False),
    Column("timed_replies", Counter, nullable=False),
    Column("response_time_ms", BigInteger, nullable=False),
    at_least("messages", 0),
    at_least("tokens_used", 0),
    at_least("timed_replies", 0),
    at_least("response_time_ms", 0),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("member_id", Uuid, ForeignKey("members.id", ondelete="CASCADE"), primary_key=True),
    Column("key", SortedText, primary_key=True),
    Column("fingerprint", CleanText, nullable=False),
    Column("message_id", Uuid, ForeignKey("chat_messages.id", ondelete="CASCADE"), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Index(None, "message_id"),
    Index(None, "created_at"),
)
