"""Chat sessions, messages, replies to come, counters and the search.

Revision 0003 after 0002.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
COUNTER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

SQLITE = (
    """
CREATE VIRTUAL TABLE chat_message_words_fts USING fts5(
  words, content='chat_message_words', content_rowid='pk', prefix='2 3', tokenize="ascii tokenchars '_'"
)
""",
    """
CREATE TRIGGER chat_message_words_added AFTER INSERT ON chat_message_words
BEGIN
  INSERT INTO chat_message_words_fts(rowid, words) VALUES (new.pk, new.words);
END
""",
    """
CREATE TRIGGER chat_message_words_removed AFTER DELETE ON chat_message_words
BEGIN
  INSERT INTO chat_message_words_fts(chat_message_words_fts, rowid, words) VALUES ('delete', old.pk, old.words);
END
""",
    """
CREATE TRIGGER chat_message_words_changed AFTER UPDATE OF words ON chat_message_words
BEGIN
  INSERT INTO chat_message_words_fts(chat_message_words_fts, rowid, words) VALUES ('delete', old.pk, old.words);
  INSERT INTO chat_message_words_fts(rowid, words) VALUES (new.pk, new.words);
END
""",
)


def upgrade() -> None:
    op.create_table(
        "chat_sessions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("llm_provider", KEY, nullable=False),
        sa.Column("llm_model", KEY, nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("last_seq", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.CheckConstraint("llm_provider IN ('LOCAL', 'OPENROUTER')", name=op.f("ck_chat_sessions_llm_provider")),
        sa.CheckConstraint("last_seq >= 0", name=op.f("ck_chat_sessions_last_seq")),
        sa.CheckConstraint(
            "length(llm_model) >= 1 AND length(llm_model) <= 100", name=op.f("ck_chat_sessions_llm_model")
        ),
        sa.CheckConstraint("length(title) >= 1 AND length(title) <= 500", name=op.f("ck_chat_sessions_title")),
        sa.CheckConstraint("version >= 1", name=op.f("ck_chat_sessions_version")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["members.id"], name="fk_chat_sessions_user_id_members", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_chat_sessions"),
    )
    op.create_index("ix_chat_sessions_created_at", "chat_sessions", ["created_at"])
    op.create_index("ix_chat_sessions_llm_model", "chat_sessions", ["llm_model"])
    op.create_index("ix_chat_sessions_llm_provider", "chat_sessions", ["llm_provider"])
    op.create_index("ix_chat_sessions_user_id_created_at_id", "chat_sessions", ["user_id", "created_at", "id"])
    op.create_index("ix_chat_sessions_user_id_is_active", "chat_sessions", ["user_id", "is_active"])
    op.create_table(
        "chat_participants",
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("session_created_at", TIME, nullable=False),
        sa.CheckConstraint("position >= 0", name=op.f("ck_chat_participants_position")),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name="fk_chat_participants_member_id_members", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["chat_sessions.id"],
            name="fk_chat_participants_session_id_chat_sessions",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("session_id", "member_id", name="pk_chat_participants"),
    )
    op.create_index(
        "ix_chat_participants_member_id_session_created_at_session_id",
        "chat_participants",
        ["member_id", "session_created_at", "session_id"],
    )
    op.create_table(
        "chat_messages",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=True),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("llm_provider", KEY, nullable=True),
        sa.Column("llm_model", KEY, nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("is_streaming", sa.Boolean(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("started_at", TIME, nullable=True),
        sa.Column("response_time_ms", sa.BigInteger(), nullable=True),
        sa.Column("time_to_first_token_ms", sa.BigInteger(), nullable=True),
        sa.Column("tokens_used", sa.BigInteger(), nullable=False),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.Column("message_metadata", sa.JSON(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.CheckConstraint("NOT is_streaming OR status = 'streaming'", name=op.f("ck_chat_messages_is_streaming")),
        sa.CheckConstraint("llm_provider IN ('LOCAL', 'OPENROUTER')", name=op.f("ck_chat_messages_llm_provider")),
        sa.CheckConstraint(
            "role <> 'user' OR (length(content) >= 1 AND length(content) <= 10000)",
            name=op.f("ck_chat_messages_content"),
        ),
        sa.CheckConstraint("role IN ('user', 'assistant', 'system')", name=op.f("ck_chat_messages_role")),
        sa.CheckConstraint(
            "status IN ('complete', 'streaming', 'failed', 'cancelled', 'interrupted')",
            name=op.f("ck_chat_messages_status"),
        ),
        sa.CheckConstraint("generation >= 0", name=op.f("ck_chat_messages_generation")),
        sa.CheckConstraint(
            "length(llm_model) >= 1 AND length(llm_model) <= 100", name=op.f("ck_chat_messages_llm_model")
        ),
        sa.CheckConstraint("response_time_ms >= 0", name=op.f("ck_chat_messages_response_time_ms")),
        sa.CheckConstraint("seq >= 1", name=op.f("ck_chat_messages_seq")),
        sa.CheckConstraint("time_to_first_token_ms >= 0", name=op.f("ck_chat_messages_time_to_first_token_ms")),
        sa.CheckConstraint("tokens_used >= 0", name=op.f("ck_chat_messages_tokens_used")),
        sa.CheckConstraint("version >= 1", name=op.f("ck_chat_messages_version")),
        sa.ForeignKeyConstraint(
            ["author_id"], ["members.id"], name="fk_chat_messages_author_id_members", ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["session_id"], ["chat_sessions.id"], name="fk_chat_messages_session_id_chat_sessions", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_chat_messages"),
    )
    op.create_index("ix_chat_messages_author_id", "chat_messages", ["author_id"])
    op.create_index("ix_chat_messages_created_at", "chat_messages", ["created_at"])
    op.create_index("ix_chat_messages_llm_provider", "chat_messages", ["llm_provider"])
    op.create_index("ix_chat_messages_role", "chat_messages", ["role"])
    op.create_index("uq_chat_messages_session_id_seq", "chat_messages", ["session_id", "seq"], unique=True)
    op.create_table(
        "chat_message_words",
        sa.Column("pk", COUNTER, autoincrement=True, nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"],
            ["chat_messages.id"],
            name="fk_chat_message_words_message_id_chat_messages",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("pk", name="pk_chat_message_words"),
        sa.UniqueConstraint("message_id", name="uq_chat_message_words_message_id"),
    )
    if op.get_context().dialect.name == "postgresql":
        op.create_index(
            "ix_chat_message_words_words",
            "chat_message_words",
            [sa.text("array_to_tsvector(string_to_array(words, ' '))")],
            postgresql_using="gin",
        )
    op.create_table(
        "chat_replies",
        sa.Column("position", COUNTER, autoincrement=True, nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("queued_at", TIME, nullable=False),
        sa.Column("claim", sa.Uuid(), nullable=True),
        sa.Column("lease_until", TIME, nullable=True),
        sa.CheckConstraint("(claim IS NULL) = (lease_until IS NULL)", name=op.f("ck_chat_replies_lease_until")),
        sa.ForeignKeyConstraint(
            ["message_id"], ["chat_messages.id"], name="fk_chat_replies_message_id_chat_messages", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["session_id"], ["chat_sessions.id"], name="fk_chat_replies_session_id_chat_sessions", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("position", name="pk_chat_replies"),
        sa.UniqueConstraint("message_id", name="uq_chat_replies_message_id"),
    )
    op.create_index("ix_chat_replies_lease_until", "chat_replies", ["lease_until"])
    op.create_index("ix_chat_replies_session_id_position", "chat_replies", ["session_id", "position"])
    op.create_index(
        "uq_chat_replies_session_id_claimed",
        "chat_replies",
        ["session_id"],
        unique=True,
        sqlite_where=sa.text("claim IS NOT NULL"),
        postgresql_where=sa.text("claim IS NOT NULL"),
    )
    op.create_table(
        "chat_session_usage",
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("llm_provider", KEY, nullable=False),
        sa.Column("llm_model", KEY, nullable=False),
        sa.Column("messages", COUNTER, nullable=False),
        sa.Column("tokens_used", sa.BigInteger(), nullable=False),
        sa.Column("timed_replies", COUNTER, nullable=False),
        sa.Column("response_time_ms", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("messages >= 0", name=op.f("ck_chat_session_usage_messages")),
        sa.CheckConstraint("response_time_ms >= 0", name=op.f("ck_chat_session_usage_response_time_ms")),
        sa.CheckConstraint("timed_replies >= 0", name=op.f("ck_chat_session_usage_timed_replies")),
        sa.CheckConstraint("tokens_used >= 0", name=op.f("ck_chat_session_usage_tokens_used")),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["chat_sessions.id"],
            name="fk_chat_session_usage_session_id_chat_sessions",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("session_id", "day", "llm_provider", "llm_model", name="pk_chat_session_usage"),
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("key", KEY, nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name="fk_idempotency_keys_member_id_members", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["message_id"],
            ["chat_messages.id"],
            name="fk_idempotency_keys_message_id_chat_messages",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("member_id", "key", name="pk_idempotency_keys"),
    )
    op.create_index("ix_idempotency_keys_created_at", "idempotency_keys", ["created_at"])
    op.create_index("ix_idempotency_keys_message_id", "idempotency_keys", ["message_id"])
    if op.get_context().dialect.name == "sqlite":
        for statement in SQLITE:
            op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    if op.get_context().dialect.name == "sqlite":
        op.execute("DROP TABLE chat_message_words_fts")
    op.drop_table("idempotency_keys")
    op.drop_table("chat_session_usage")
    op.drop_table("chat_replies")
    op.drop_table("chat_message_words")
    op.drop_table("chat_messages")
    op.drop_table("chat_participants")
    op.drop_table("chat_sessions")
