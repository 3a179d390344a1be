"""Requests to link, used proofs, mail that is owed, the audit trail, and what one-time tokens are about.

Revision 0007 after 0006.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
KEEP = """
CREATE TABLE kept_tokens AS
SELECT id, purpose, member_id, token_hash, created_at, expires_at, used_at FROM one_time_tokens
"""
PUT_BACK = """
INSERT INTO one_time_tokens (id, purpose, member_id, token_hash, created_at, expires_at, used_at)
SELECT id, purpose, member_id, token_hash, created_at, expires_at, used_at FROM kept_tokens
"""


def upgrade() -> None:
    _make_link_requests()
    _make_mail_jobs()
    _make_audit_log()
    _remake_one_time_tokens("'sign_in', 'reset_password', 'verify_email'", sa.Column("subject", sa.Text()))
    op.create_index("ix_one_time_tokens_expires_at", "one_time_tokens", ["expires_at"])
    op.create_index("ix_sign_ins_expires_at", "sign_ins", ["expires_at"])
    op.create_index("ix_sign_ins_ended_at", "sign_ins", ["ended_at"])
    op.drop_index("ix_chat_messages_author_id", "chat_messages")
    op.create_index("ix_chat_messages_author_id_id", "chat_messages", ["author_id", "id"])


def downgrade() -> None:
    op.drop_index("ix_chat_messages_author_id_id", "chat_messages")
    op.create_index("ix_chat_messages_author_id", "chat_messages", ["author_id"])
    op.drop_index("ix_sign_ins_ended_at", "sign_ins")
    op.drop_index("ix_sign_ins_expires_at", "sign_ins")
    op.execute("DELETE FROM one_time_tokens WHERE purpose <> 'sign_in'")
    _remake_one_time_tokens("'sign_in'")
    op.drop_table("audit_log")
    op.drop_table("mail_jobs")
    op.drop_table("used_proofs")
    op.drop_table("link_requests")


def _make_link_requests() -> None:
    op.create_table(
        "link_requests",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("code_hash", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("telegram_id", sa.BigInteger(), nullable=True),
        sa.Column("is_reauthenticated", sa.Boolean(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.CheckConstraint(
            "state IN ('waiting', 'presented', 'awaiting_password', 'linked', 'declined')",
            name=op.f("ck_link_requests_state"),
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name="fk_link_requests_member_id_members", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_link_requests"),
        sa.UniqueConstraint("code_hash", name="uq_link_requests_code_hash"),
    )
    op.create_index("ix_link_requests_member_id", "link_requests", ["member_id"])
    op.create_index("ix_link_requests_expires_at", "link_requests", ["expires_at"])
    op.create_table(
        "used_proofs",
        sa.Column("digest", KEY, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_used_proofs"),
    )
    op.create_index("ix_used_proofs_expires_at", "used_proofs", ["expires_at"])


def _make_mail_jobs() -> None:
    op.create_table(
        "mail_jobs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("due_at", TIME, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("held_until", TIME, nullable=True),
        sa.CheckConstraint(
            "purpose IN ('reset_password', 'verify_email', 'password_changed')", name=op.f("ck_mail_jobs_purpose")
        ),
        sa.CheckConstraint("attempts >= 0", name=op.f("ck_mail_jobs_attempts")),
        sa.PrimaryKeyConstraint("id", name="pk_mail_jobs"),
    )
    op.create_index("ix_mail_jobs_due_at_id", "mail_jobs", ["due_at", "id"])
    op.create_index("ix_mail_jobs_held_until", "mail_jobs", ["held_until"])


def _make_audit_log() -> None:
    op.create_table(
        "audit_log",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("action", KEY, nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("resource_type", KEY, nullable=False),
        sa.Column("resource_id", KEY, nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("ip", sa.Text(), nullable=True),
        sa.Column("user_agent", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "length(resource_type) >= 1 AND length(resource_type) <= 50", name=op.f("ck_audit_log_resource_type")
        ),
        sa.CheckConstraint(
            "length(resource_id) >= 0 AND length(resource_id) <= 200", name=op.f("ck_audit_log_resource_id")
        ),
        sa.CheckConstraint("length(CAST(details AS TEXT)) <= 10000", name=op.f("ck_audit_log_details")),
        sa.PrimaryKeyConstraint("id", name="pk_audit_log"),
    )
    op.create_index("ix_audit_log_at_id", "audit_log", ["at", "id"])
    op.create_index("ix_audit_log_action_at_id", "audit_log", ["action", "at", "id"])
    op.create_index("ix_audit_log_actor_id_at_id", "audit_log", ["actor_id", "at", "id"])
    op.create_index(
        "ix_audit_log_resource_type_resource_id_at_id", "audit_log", ["resource_type", "resource_id", "at", "id"]
    )
    has_address = sa.text("ip IS NOT NULL OR user_agent IS NOT NULL")
    op.create_index(
        "ix_audit_log_at_with_address", "audit_log", ["at"], sqlite_where=has_address, postgresql_where=has_address
    )


def _remake_one_time_tokens(purposes: str, *more: sa.Column[str]) -> None:
    # SQLite cannot change a check; both engines go the same way, and the tokens that are waiting stay.
    op.execute(KEEP)
    op.drop_table("one_time_tokens")
    op.create_table(
        "one_time_tokens",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("used_at", TIME, nullable=True),
        *more,
        sa.CheckConstraint(f"purpose IN ({purposes})", name=op.f("ck_one_time_tokens_purpose")),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name="fk_one_time_tokens_member_id_members", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_one_time_tokens"),
        sa.UniqueConstraint("token_hash", name="uq_one_time_tokens_token_hash"),
    )
    op.create_index("ix_one_time_tokens_member_id", "one_time_tokens", ["member_id"])
    op.execute(PUT_BACK)
    op.drop_table("kept_tokens")
