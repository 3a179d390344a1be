"""Mail to an address that an account gave up.

Revision 0009 after 0008. Taking it back forgets what of this mail is still owed.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
BEFORE = "'reset_password', 'verify_email', 'password_changed'"
KEEP = "CREATE TABLE kept_mail AS SELECT * FROM mail_jobs"
PUT_BACK = """
INSERT INTO mail_jobs (id, purpose, address, created_at, due_at, attempts, held_until)
SELECT id, purpose, address, created_at, due_at, attempts, held_until FROM kept_mail
"""


def upgrade() -> None:
    _remake_mail_jobs(f"{BEFORE}, 'email_changed'")


def downgrade() -> None:
    op.execute("DELETE FROM mail_jobs WHERE purpose = 'email_changed'")
    _remake_mail_jobs(BEFORE)


def _remake_mail_jobs(purposes: str) -> None:
    # SQLite cannot change a check; both engines go the same way, and the mail that is owed stays.
    op.execute(KEEP)
    op.drop_table("mail_jobs")
    op.create_table(
        "mail_jobs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("due_at", TIME, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("held_until", TIME, nullable=True),
        sa.CheckConstraint(f"purpose IN ({purposes})", name=op.f("ck_mail_jobs_purpose")),
        sa.CheckConstraint("attempts >= 0", name=op.f("ck_mail_jobs_attempts")),
        sa.PrimaryKeyConstraint("id", name="pk_mail_jobs"),
    )
    op.create_index("ix_mail_jobs_due_at_id", "mail_jobs", ["due_at", "id"])
    op.create_index("ix_mail_jobs_held_until", "mail_jobs", ["held_until"])
    op.execute(PUT_BACK)
    op.drop_table("kept_mail")
