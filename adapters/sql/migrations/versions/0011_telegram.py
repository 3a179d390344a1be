"""The bot's inbox, what it owes to chats, and what it knows of them.

Revision 0011 after 0010.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
COUNTER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TABLES = ("telegram_webhooks", "outgoing_messages", "telegram_answers", "telegram_commands", "telegram_conversations")


def upgrade() -> None:
    _make_telegram_webhooks()
    _make_outgoing_messages()
    _make_telegram_answers()
    _make_telegram_commands()
    _make_telegram_conversations()


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)


def _make_telegram_webhooks() -> None:
    op.create_table(
        "telegram_webhooks",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("bot_id", sa.BigInteger(), nullable=False),
        sa.Column("update_id", sa.BigInteger(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("lane", KEY, nullable=False),
        sa.Column("is_urgent", sa.Boolean(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.SmallInteger(), nullable=False),
        sa.Column("received_at", TIME, nullable=False),
        sa.Column("due_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.Column("handler_response_time_ms", sa.BigInteger(), nullable=True),
        sa.Column("handled_at", TIME, nullable=True),
        sa.Column("claim", sa.Uuid(), nullable=True),
        sa.Column("lease_until", TIME, nullable=True),
        sa.CheckConstraint("update_id IS NOT NULL OR state = 3", name=op.f("ck_telegram_webhooks_update_id")),
        sa.CheckConstraint("attempts >= 0", name=op.f("ck_telegram_webhooks_attempts")),
        sa.CheckConstraint("(claim IS NULL) = (lease_until IS NULL)", name=op.f("ck_telegram_webhooks_lease_until")),
        sa.CheckConstraint("length(lane) >= 1 AND length(lane) <= 64", name=op.f("ck_telegram_webhooks_lane")),
        sa.CheckConstraint("(state = 1) = (claim IS NOT NULL)", name=op.f("ck_telegram_webhooks_claim")),
        sa.CheckConstraint("length(kind) >= 0 AND length(kind) <= 64", name=op.f("ck_telegram_webhooks_kind")),
        sa.CheckConstraint("state >= 0 AND state <= 3", name=op.f("ck_telegram_webhooks_state")),
        sa.PrimaryKeyConstraint("id", name="pk_telegram_webhooks"),
        sa.UniqueConstraint("bot_id", "update_id", name="uq_telegram_webhooks_bot_id_update_id"),
    )
    _some("state < 2", "ix_telegram_webhooks_bot_id_is_urgent_due_at_id_waiting", "bot_id", "is_urgent", "due_at", "id")
    _some("state = 1", "ix_telegram_webhooks_bot_id_lane_lease_until_held", "bot_id", "lane", "lease_until")
    _some("state < 2", "ix_telegram_webhooks_bot_id_lane_update_id_waiting", "bot_id", "lane", "update_id")
    op.create_index("ix_telegram_webhooks_bot_id_state", "telegram_webhooks", ["bot_id", "state"])
    _some("state = 1", "ix_telegram_webhooks_claim_held", "claim")
    _some("handled_at IS NOT NULL AND length(raw) > 0", "ix_telegram_webhooks_handled_at_with_body", "handled_at")
    _some("length(raw) > 0", "ix_telegram_webhooks_lane_id_with_body", "lane", "id")
    op.create_index("ix_telegram_webhooks_state_id", "telegram_webhooks", ["state", "id"])


def _make_outgoing_messages() -> None:
    op.create_table(
        "outgoing_messages",
        sa.Column("position", COUNTER, autoincrement=True, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("bot_id", sa.BigInteger(), nullable=False),
        sa.Column("chat_id", sa.BigInteger(), nullable=False),
        sa.Column("lane", KEY, nullable=False),
        sa.Column("kind", KEY, nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("priority", sa.SmallInteger(), nullable=False),
        sa.Column("state", KEY, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("due_at", TIME, nullable=False),
        sa.Column("caused_by", sa.Uuid(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.Column("telegram_message_id", sa.BigInteger(), nullable=True),
        sa.Column("sent_at", TIME, nullable=True),
        sa.Column("claim", sa.Uuid(), nullable=True),
        sa.Column("lease_until", TIME, nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'sending', 'sent', 'blocked', 'failed')", name=op.f("ck_outgoing_messages_state")
        ),
        sa.CheckConstraint(
            "kind IN ('send_text', 'edit_text', 'answer_button')", name=op.f("ck_outgoing_messages_kind")
        ),
        sa.CheckConstraint("(state = 'sent') = (sent_at IS NOT NULL)", name=op.f("ck_outgoing_messages_sent_at")),
        sa.CheckConstraint("(state = 'sending') = (claim IS NOT NULL)", name=op.f("ck_outgoing_messages_claim")),
        sa.CheckConstraint("priority >= 0 AND priority <= 2", name=op.f("ck_outgoing_messages_priority")),
        sa.CheckConstraint("length(lane) >= 1 AND length(lane) <= 64", name=op.f("ck_outgoing_messages_lane")),
        sa.CheckConstraint("(claim IS NULL) = (lease_until IS NULL)", name=op.f("ck_outgoing_messages_lease_until")),
        sa.CheckConstraint("attempts >= 0", name=op.f("ck_outgoing_messages_attempts")),
        sa.ForeignKeyConstraint(
            ["caused_by"],
            ["telegram_webhooks.id"],
            name="fk_outgoing_messages_caused_by_telegram_webhooks",
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("position", name="pk_outgoing_messages"),
        sa.UniqueConstraint("id", name="uq_outgoing_messages_id"),
    )
    _some("state = 'sending'", "ix_outgoing_messages_bot_id_lane_lease_until_held", "bot_id", "lane", "lease_until")
    _some(
        "state IN ('waiting', 'sending')",
        "ix_outgoing_messages_bot_id_lane_position_waiting",
        "bot_id",
        "lane",
        "position",
    )
    _some(
        "state IN ('waiting', 'sending')",
        "ix_outgoing_messages_bot_id_priority_due_at_position_waiting",
        "bot_id",
        "priority",
        "due_at",
        "position",
    )
    op.create_index("ix_outgoing_messages_caused_by", "outgoing_messages", ["caused_by"])
    op.create_index("ix_outgoing_messages_chat_id_position", "outgoing_messages", ["chat_id", "position"])
    _some("state = 'sending'", "ix_outgoing_messages_claim_held", "claim")
    _some("state IN ('blocked', 'failed')", "ix_outgoing_messages_due_at_over", "due_at")
    _some("state = 'sent'", "ix_outgoing_messages_sent_at_sent", "sent_at")


def _make_telegram_answers() -> None:
    op.create_table(
        "telegram_answers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("bot_id", sa.BigInteger(), nullable=False),
        sa.Column("chat_id", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=True),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("question", sa.Text(), nullable=True),
        sa.Column("reply_to", sa.BigInteger(), nullable=True),
        sa.Column("thread_id", sa.BigInteger(), nullable=True),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("telegram_message_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("claim", sa.Uuid(), nullable=True),
        sa.Column("lease_until", TIME, nullable=True),
        sa.CheckConstraint("generation >= 1", name=op.f("ck_telegram_answers_generation")),
        sa.CheckConstraint("(message_id IS NULL) <> (question IS NULL)", name=op.f("ck_telegram_answers_question")),
        sa.CheckConstraint("(claim IS NULL) = (lease_until IS NULL)", name=op.f("ck_telegram_answers_lease_until")),
        sa.ForeignKeyConstraint(
            ["message_id"],
            ["chat_messages.id"],
            name="fk_telegram_answers_message_id_chat_messages",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_telegram_answers"),
        sa.UniqueConstraint(
            "bot_id",
            "chat_id",
            "message_id",
            "generation",
            name="uq_telegram_answers_bot_id_chat_id_message_id_generation",
        ),
    )
    op.create_index("ix_telegram_answers_bot_id_created_at_id", "telegram_answers", ["bot_id", "created_at", "id"])
    op.create_index("ix_telegram_answers_chat_id", "telegram_answers", ["chat_id"])
    op.create_index("ix_telegram_answers_claim", "telegram_answers", ["claim"])
    op.create_index("ix_telegram_answers_message_id", "telegram_answers", ["message_id"])


def _make_telegram_commands() -> None:
    op.create_table(
        "telegram_commands",
        sa.Column("command", KEY, nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("required_role", sa.SmallInteger(), nullable=False),
        sa.Column("aliases", sa.JSON(), nullable=False),
        sa.Column("is_hidden", sa.Boolean(), nullable=False),
        sa.Column("usage_count", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "required_role >= 0 AND required_role <= 3", name=op.f("ck_telegram_commands_required_role")
        ),
        sa.CheckConstraint("usage_count >= 0", name=op.f("ck_telegram_commands_usage_count")),
        sa.CheckConstraint("length(command) >= 1 AND length(command) <= 32", name=op.f("ck_telegram_commands_command")),
        sa.PrimaryKeyConstraint("command", name="pk_telegram_commands"),
    )


def _make_telegram_conversations() -> None:
    op.create_table(
        "telegram_conversations",
        sa.Column("telegram_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("chosen_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["chat_sessions.id"],
            name="fk_telegram_conversations_session_id_chat_sessions",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("telegram_id", name="pk_telegram_conversations"),
    )
    op.create_index("ix_telegram_conversations_session_id", "telegram_conversations", ["session_id"])


def _some(rows: str, name: str, *columns: str) -> None:
    table = next(table for table in TABLES if table in name)
    where = sa.text(rows)
    op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)
