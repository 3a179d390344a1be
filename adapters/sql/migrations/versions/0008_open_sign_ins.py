"""When a stored role ends, which sign-in asked for a link, and an index of open sign-ins.

Codes that wait are void: nobody knows which sign-in asked for them. They would have lasted ten minutes.

Revision 0008 after 0007.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
ROLE_UNTIL = """
UPDATE members SET role_until = (
  SELECT coalesce(max(g.until), members.created_at) FROM role_grants AS g WHERE g.member_id = members.id
  AND g.role >= (SELECT a.role FROM {accounts} AS a WHERE a.member_id = members.id)
) WHERE EXISTS (
  SELECT 1 FROM {accounts} AS a WHERE a.member_id = members.id AND a.role > 0 AND NOT EXISTS (
    SELECT 1 FROM role_grants AS g WHERE g.member_id = a.member_id AND g.role >= a.role AND g.until IS NULL
  )
)
"""


def upgrade() -> None:
    op.add_column("members", sa.Column("role_until", TIME, nullable=True))
    for accounts in ("users", "telegram_users"):
        op.execute(ROLE_UNTIL.format(accounts=accounts))
    op.create_index("ix_members_role_until_id", "members", ["role_until", "id"])
    _remake_link_requests(
        sa.Column("sign_in_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["sign_in_id"], ["sign_ins.id"], name="fk_link_requests_sign_in_id_sign_ins", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_link_requests_sign_in_id", "link_requests", ["sign_in_id"])
    is_open = sa.text("ended_at IS NULL")
    op.create_index(
        "ix_sign_ins_member_id_created_at_id_open",
        "sign_ins",
        ["member_id", "created_at", "id"],
        sqlite_where=is_open,
        postgresql_where=is_open,
    )


def downgrade() -> None:
    op.drop_index("ix_sign_ins_member_id_created_at_id_open", "sign_ins")
    _remake_link_requests()
    op.drop_index("ix_members_role_until_id", "members")
    op.drop_column("members", "role_until")


def _remake_link_requests(*more: sa.schema.SchemaItem) -> None:
    # SQLite cannot add a foreign key; both engines go the same way.
    op.drop_table("link_requests")
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
        *more,
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
