"""The vectors of passages, for finding by meaning.

Revision 0005 after 0004.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
COUNTER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "guide_passage_vectors",
        sa.Column("id", COUNTER, autoincrement=False, nullable=False),
        sa.Column("passage_pk", COUNTER, nullable=False),
        sa.Column("model", KEY, nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("id >= 1", name=op.f("ck_guide_passage_vectors_id")),
        sa.ForeignKeyConstraint(
            ["passage_pk"],
            ["guide_passages.pk"],
            name="fk_guide_passage_vectors_passage_pk_guide_passages",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_guide_passage_vectors"),
    )
    op.create_index(
        "uq_guide_passage_vectors_passage_pk_model", "guide_passage_vectors", ["passage_pk", "model"], unique=True
    )
    op.create_table(
        "guide_passage_vector_ids",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("last", COUNTER, nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_guide_passage_vector_ids_id")),
        sa.CheckConstraint("last >= 0", name=op.f("ck_guide_passage_vector_ids_last")),
        sa.PrimaryKeyConstraint("id", name="pk_guide_passage_vector_ids"),
    )


def downgrade() -> None:
    op.drop_table("guide_passage_vector_ids")
    op.drop_table("guide_passage_vectors")
