"""The bot's inbox, what it owes to chats, and what it knows of them."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    TextClause,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy import text as sql

from adapters.sql.tables.base import Counter, at_least, between, length, metadata, one_of
from adapters.sql.types import CleanText, SortedText, UtcDateTime
from domain.identity import Role
from domain.telegram import MAX_KIND, MAX_LANE, OutgoingState, Priority, UpdateState

# Engines use a partial index where a statement says the very same of a row.
UPDATE_WAITS, UPDATE_IS_HELD, UPDATE_HAS_BODY = sql("state < 2"), sql("state = 1"), sql("length(raw) > 0")
OUTGOING_WAITS, OUTGOING_IS_HELD = sql("state IN ('waiting', 'sending')"), sql("state = 'sending'")
OUTGOING_IS_SENT, OUTGOING_IS_OVER = sql("state = 'sent'"), sql("state IN ('blocked', 'failed')")


def _some(rows: TextClause, name: str, *columns: str) -> Index:
    """An index of these rows only."""
    return Index(name, *columns, sqlite_where=rows, postgresql_where=rows)


telegram_webhooks = Table(
    "telegram_webhooks",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("bot_id", BigInteger, nullable=False),
    # None for what is no update: kept, and never handled.
    Column("update_id", BigInteger),
    Column("kind", CleanText, nullable=False),
    Column("lane", SortedText, nullable=False),
    Column("is_urgent", Boolean, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    Column("state", SmallInteger, nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime),
    Column("attempts", Integer, nullable=False),
    Column("error_message", CleanText),
    Column("handler_response_time_ms", BigInteger),
    Column("handled_at", UtcDateTime),
    Column("claim", Uuid),
    Column("lease_until", UtcDateTime),
    UniqueConstraint("bot_id", "update_id"),
    between("state", min(UpdateState), max(UpdateState)),
    length("kind", 0, MAX_KIND),
    length("lane", 1, MAX_LANE),
    at_least("attempts", 0),
    CheckConstraint(sql("update_id IS NOT NULL OR state = 3"), name="update_id"),
    CheckConstraint(sql("(state = 1) = (claim IS NOT NULL)"), name="claim"),
    CheckConstraint(sql("(claim IS NULL) = (lease_until IS NULL)"), name="lease_until"),
    _some(UPDATE_WAITS, "ix_telegram_webhooks_bot_id_lane_update_id_waiting", "bot_id", "lane", "update_id"),
    _some(
        UPDATE_WAITS, "ix_telegram_webhooks_bot_id_is_urgent_due_at_id_waiting", "bot_id", "is_urgent", "due_at", "id"
    ),
    _some(UPDATE_IS_HELD, "ix_telegram_webhooks_bot_id_lane_lease_until_held", "bot_id", "lane", "lease_until"),
    _some(UPDATE_IS_HELD, "ix_telegram_webhooks_claim_held", "claim"),
    _some(sql("handled_at IS NOT NULL AND length(raw) > 0"), "ix_telegram_webhooks_handled_at_with_body", "handled_at"),
    _some(UPDATE_HAS_BODY, "ix_telegram_webhooks_lane_id_with_body", "lane", "id"),
    Index(None, "state", "id"),
    Index(None, "bot_id", "state"),
)

outgoing_messages = Table(
    "outgoing_messages",
    metadata,
    # Increases: in one chat rows leave in this order.
    Column("position", Counter, primary_key=True, autoincrement=True),
    Column("id", Uuid, nullable=False, unique=True),
    Column("bot_id", BigInteger, nullable=False),
    Column("chat_id", BigInteger, nullable=False),
    # The chat, or the row alone where it waits for no other.
    Column("lane", SortedText, nullable=False),
    Column("kind", SortedText, nullable=False),
    # All that is said but the chat.
    Column("content", JSON, nullable=False),
    Column("priority", SmallInteger, nullable=False),
    Column("state", SortedText, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    Column("caused_by", Uuid, ForeignKey("telegram_webhooks.id", ondelete="SET NULL")),
    Column("attempts", Integer, nullable=False),
    Column("error_message", CleanText),
    Column("telegram_message_id", BigInteger),
    Column("sent_at", UtcDateTime),
    Column("claim", Uuid),
    Column("lease_until", UtcDateTime),
    CheckConstraint(sql("kind IN ('send_text', 'edit_text', 'answer_button')"), name="kind"),
    between("priority", min(Priority), max(Priority)),
    one_of("state", OutgoingState),
    length("lane", 1, MAX_LANE),
    at_least("attempts", 0),
    CheckConstraint(sql("(state = 'sending') = (claim IS NOT NULL)"), name="claim"),
    CheckConstraint(sql("(claim IS NULL) = (lease_until IS NULL)"), name="lease_until"),
    CheckConstraint(sql("(state = 'sent') = (sent_at IS NOT NULL)"), name="sent_at"),
    _some(OUTGOING_WAITS, "ix_outgoing_messages_bot_id_lane_position_waiting", "bot_id", "lane", "position"),
    _some(
        OUTGOING_WAITS,
        "ix_outgoing_messages_bot_id_priority_due_at_position_waiting",
        "bot_id",
        "priority",
        "due_at",
        "position",
    ),
    _some(OUTGOING_IS_HELD, "ix_outgoing_messages_bot_id_lane_lease_until_held", "bot_id", "lane", "lease_until"),
    _some(OUTGOING_IS_HELD, "ix_outgoing_messages_claim_held", "claim"),
    _some(OUTGOING_IS_SENT, "ix_outgoing_messages_sent_at_sent", "sent_at"),
    _some(OUTGOING_IS_OVER, "ix_outgoing_messages_due_at_over", "due_at"),
    Index(None, "chat_id", "position"),
    Index(None, "caused_by"),
)

telegram_answers = Table(
    "telegram_answers",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("bot_id", BigInteger, nullable=False),
    Column("chat_id", BigInteger, nullable=False),
    Column("message_id", Uuid, ForeignKey("chat_messages.id", ondelete="CASCADE")),
    Column("generation", Integer, nullable=False),
    Column("question", CleanText),
    Column("reply_to", BigInteger),
    Column("thread_id", BigInteger),
    Column("language", CleanText),
    Column("telegram_message_id", BigInteger),
    Column("created_at", UtcDateTime, nullable=False),
    Column("claim", Uuid),
    Column("lease_until", UtcDateTime),
    UniqueConstraint("bot_id", "chat_id", "message_id", "generation"),
    CheckConstraint(sql("(message_id IS NULL) <> (question IS NULL)"), name="question"),
    at_least("generation", 1),
    CheckConstraint(sql("(claim IS NULL) = (lease_until IS NULL)"), name="lease_until"),
    Index(None, "bot_id", "created_at", "id"),
    Index(None, "message_id"),
    Index(None, "chat_id"),
    Index(None, "claim"),
)

telegram_commands = Table(
    "telegram_commands",
    metadata,
    Column("command", SortedText, primary_key=True),
    Column("description", CleanText, nullable=False),
    Column("category", CleanText, nullable=False),
    Column("required_role", SmallInteger, nullable=False),
    Column("aliases", JSON, nullable=False),
    Column("is_hidden", Boolean, nullable=False),
    Column("usage_count", BigInteger, nullable=False),
    length("command", 1, 32),
    between("required_role", min(Role), max(Role)),
    at_least("usage_count", 0),
)

telegram_conversations = Table(
    "telegram_conversations",
    metadata,
    Column("telegram_id", BigInteger, primary_key=True, autoincrement=False),
    Column("session_id", Uuid, ForeignKey("chat_sessions.id", ondelete="CASCADE"), nullable=False),
    Column("chosen_at", UtcDateTime, nullable=False),
    Index(None, "session_id"),
)
