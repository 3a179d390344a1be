"""The channels' logs and the instance.

Revision 0004 after 0003.
"""

from uuid import uuid4

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "channels",
        sa.Column("channel", KEY, nullable=False),
        sa.Column("last_offset", sa.BigInteger(), nullable=False),
        sa.Column("pruned_through", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "pruned_through >= 0 AND pruned_through <= last_offset", name=op.f("ck_channels_pruned_through")
        ),
        sa.PrimaryKeyConstraint("channel", name="pk_channels"),
    )
    op.create_table(
        "channel_events",
        sa.Column("channel", KEY, nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("minimum_role", sa.SmallInteger(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.CheckConstraint('"offset" >= 1', name=op.f("ck_channel_events_offset")),
        sa.CheckConstraint("minimum_role >= 0 AND minimum_role <= 3", name=op.f("ck_channel_events_minimum_role")),
        sa.PrimaryKeyConstraint("channel", "offset", name="pk_channel_events"),
    )
    op.create_index("ix_channel_events_created_at", "channel_events", ["created_at"])
    op.create_table(
        "instance",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("epoch", sa.Text(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_instance_id")),
        sa.PrimaryKeyConstraint("id", name="pk_instance"),
    )
    instance = sa.table("instance", sa.column("id"), sa.column("epoch"))
    op.execute(instance.insert().values(id=1, epoch=uuid4().hex))


def downgrade() -> None:
    op.drop_table("instance")
    op.drop_table("channel_events")
    op.drop_table("channels")
