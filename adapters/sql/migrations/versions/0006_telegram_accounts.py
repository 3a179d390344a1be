"""Members' Telegram accounts, and indexes for stored roles and for where somebody signed in from.

Revision 0006 after 0005.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "telegram_users",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("telegram_id", sa.BigInteger(), nullable=False),
        sa.Column("telegram_username", sa.Text(), nullable=True),
        sa.Column("first_name", sa.Text(), nullable=False),
        sa.Column("last_name", sa.Text(), nullable=True),
        sa.Column("search_key", sa.Text(), nullable=False),
        sa.Column("role", sa.SmallInteger(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("blocked_bot_at", TIME, nullable=True),
        sa.Column("preferences", sa.JSON(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.CheckConstraint("telegram_id >= 1", name=op.f("ck_telegram_users_telegram_id")),
        sa.CheckConstraint(
            "length(telegram_username) >= 1 AND length(telegram_username) <= 32",
            name=op.f("ck_telegram_users_telegram_username"),
        ),
        sa.CheckConstraint(
            "length(first_name) >= 0 AND length(first_name) <= 64", name=op.f("ck_telegram_users_first_name")
        ),
        sa.CheckConstraint(
            "length(last_name) >= 1 AND length(last_name) <= 64", name=op.f("ck_telegram_users_last_name")
        ),
        sa.CheckConstraint("role >= 0 AND role <= 3", name=op.f("ck_telegram_users_role")),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name="fk_telegram_users_member_id_members", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_telegram_users"),
        sa.UniqueConstraint("member_id", name="uq_telegram_users_member_id"),
        sa.UniqueConstraint("telegram_id", name="uq_telegram_users_telegram_id"),
    )
    op.create_index("ix_telegram_users_role", "telegram_users", ["role"])
    op.create_index("ix_users_role", "users", ["role"])
    op.drop_index("ix_sign_ins_member_id", "sign_ins")
    op.create_index("ix_sign_ins_member_id_ip_created_at", "sign_ins", ["member_id", "ip", "created_at"])


def downgrade() -> None:
    op.drop_index("ix_sign_ins_member_id_ip_created_at", "sign_ins")
    op.create_index("ix_sign_ins_member_id", "sign_ins", ["member_id"])
    op.drop_index("ix_users_role", "users")
    op.drop_table("telegram_users")
