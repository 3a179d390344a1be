"""The guide library, collections and the search index.

Revision 0002 after 0001.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
COUNTER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
VECTOR = postgresql.TSVECTOR().with_variant(sa.Text(), "sqlite")

SQLITE = (
    "INSERT INTO guide_passage_totals(id, passages, terms) VALUES (1, 0, 0)",
    """
CREATE VIRTUAL TABLE guide_passages_fts USING fts5(
  title_terms, terms, content='guide_passages', content_rowid='pk', tokenize="ascii tokenchars '_'"
)
""",
    "INSERT INTO guide_passages_fts(guide_passages_fts, rank) VALUES ('rank', 'bm25(2.0, 1.0)')",
    "CREATE VIRTUAL TABLE guide_passages_terms USING fts5vocab('guide_passages_fts', 'row')",
    """
CREATE TRIGGER guide_passages_added AFTER INSERT ON guide_passages WHEN new.is_active
BEGIN
  INSERT INTO guide_passages_fts(rowid, title_terms, terms) VALUES (new.pk, new.title_terms, new.terms);
  UPDATE guide_passage_totals SET passages = passages + 1, terms = terms + new.length;
END
""",
    """
CREATE TRIGGER guide_passages_removed AFTER DELETE ON guide_passages WHEN old.is_active
BEGIN
  INSERT INTO guide_passages_fts(guide_passages_fts, rowid, title_terms, terms)
    VALUES ('delete', old.pk, old.title_terms, old.terms);
  UPDATE guide_passage_totals SET passages = passages - 1, terms = terms - old.length;
END
""",
    """
CREATE TRIGGER guide_passages_changing BEFORE UPDATE OF is_active, terms, title_terms, length
ON guide_passages WHEN old.is_active
BEGIN
  INSERT INTO guide_passages_fts(guide_passages_fts, rowid, title_terms, terms)
    VALUES ('delete', old.pk, old.title_terms, old.terms);
  UPDATE guide_passage_totals SET passages = passages - 1, terms = terms - old.length;
END
""",
    """
CREATE TRIGGER guide_passages_changed AFTER UPDATE OF is_active, terms, title_terms, length
ON guide_passages WHEN new.is_active
BEGIN
  INSERT INTO guide_passages_fts(rowid, title_terms, terms) VALUES (new.pk, new.title_terms, new.terms);
  UPDATE guide_passage_totals SET passages = passages + 1, terms = terms + new.length;
END
""",
)

POSTGRESQL = (
    # In the row rather than beside it: ranking reads it several times for each passage found.
    "ALTER TABLE guide_passages ALTER COLUMN search_vector SET STORAGE MAIN",
    "INSERT INTO guide_passage_totals(id, passages, terms) VALUES (1, 0, 0)",
    """
CREATE TABLE guide_passages_terms (
  term TEXT COLLATE "C" NOT NULL, doc BIGINT NOT NULL, CONSTRAINT pk_guide_passages_terms PRIMARY KEY (term)
)
""",
    """
CREATE FUNCTION guide_passages_out() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE guide_passage_totals SET
    passages = passages - (SELECT count(*) FROM old_passages WHERE is_active),
    terms = terms - (SELECT coalesce(sum(length), 0) FROM old_passages WHERE is_active);
  UPDATE guide_passages_terms AS t SET doc = t.doc - gone.doc
    FROM (SELECT term, count(*) AS doc FROM old_passages, unnest(tsvector_to_array(search_vector)) AS term
          WHERE is_active GROUP BY term) AS gone
    WHERE t.term = gone.term;
  RETURN NULL;
END $$
""",
    """
CREATE FUNCTION guide_passages_in() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE guide_passage_totals SET
    passages = passages + (SELECT count(*) FROM new_passages WHERE is_active),
    terms = terms + (SELECT coalesce(sum(length), 0) FROM new_passages WHERE is_active);
  INSERT INTO guide_passages_terms AS t (term, doc)
    SELECT term, count(*) FROM new_passages, unnest(tsvector_to_array(search_vector)) AS term
    WHERE is_active GROUP BY term ORDER BY term
    ON CONFLICT (term) DO UPDATE SET doc = t.doc + excluded.doc;
  RETURN NULL;
END $$
""",
    """
CREATE TRIGGER guide_passages_added AFTER INSERT ON guide_passages
REFERENCING NEW TABLE AS new_passages FOR EACH STATEMENT EXECUTE FUNCTION guide_passages_in()
""",
    """
CREATE TRIGGER guide_passages_removed AFTER DELETE ON guide_passages
REFERENCING OLD TABLE AS old_passages FOR EACH STATEMENT EXECUTE FUNCTION guide_passages_out()
""",
    """
CREATE TRIGGER guide_passages_changed_1 AFTER UPDATE ON guide_passages
REFERENCING OLD TABLE AS old_passages FOR EACH STATEMENT EXECUTE FUNCTION guide_passages_out()
""",
    """
CREATE TRIGGER guide_passages_changed_2 AFTER UPDATE ON guide_passages
REFERENCING NEW TABLE AS new_passages FOR EACH STATEMENT EXECUTE FUNCTION guide_passages_in()
""",
)


def upgrade() -> None:
    op.create_table(
        "telegram_guides",
        sa.Column("pk", COUNTER, autoincrement=True, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("title_key", KEY, nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("content_url", sa.Text(), nullable=True),
        sa.Column("category", KEY, nullable=False),
        sa.Column("difficulty_level", sa.SmallInteger(), nullable=False),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("minimum_role", sa.SmallInteger(), nullable=False),
        sa.Column("source_path", KEY, nullable=True),
        sa.Column("views_count", COUNTER, nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.CheckConstraint(
            "difficulty_level >= 0 AND difficulty_level <= 2", name=op.f("ck_telegram_guides_difficulty_level")
        ),
        sa.CheckConstraint("length(body) >= 0 AND length(body) <= 200000", name=op.f("ck_telegram_guides_body")),
        sa.CheckConstraint(
            "length(content_url) >= 1 AND length(content_url) <= 512", name=op.f("ck_telegram_guides_content_url")
        ),
        sa.CheckConstraint(
            "length(description) >= 0 AND length(description) <= 2000", name=op.f("ck_telegram_guides_description")
        ),
        sa.CheckConstraint(
            "length(source_path) >= 1 AND length(source_path) <= 512", name=op.f("ck_telegram_guides_source_path")
        ),
        sa.CheckConstraint("length(title) >= 1 AND length(title) <= 255", name=op.f("ck_telegram_guides_title")),
        sa.CheckConstraint("minimum_role >= 0 AND minimum_role <= 3", name=op.f("ck_telegram_guides_minimum_role")),
        sa.CheckConstraint("version >= 1", name=op.f("ck_telegram_guides_version")),
        sa.CheckConstraint("views_count >= 0", name=op.f("ck_telegram_guides_views_count")),
        sa.PrimaryKeyConstraint("pk", name="pk_telegram_guides"),
        sa.UniqueConstraint("id", name="uq_telegram_guides_id"),
        sa.UniqueConstraint("source_path", name="uq_telegram_guides_source_path"),
    )
    op.create_index("ix_telegram_guides_category_title_key_id", "telegram_guides", ["category", "title_key", "id"])
    op.create_index("ix_telegram_guides_title_key_id", "telegram_guides", ["title_key", "id"])
    op.create_table(
        "telegram_guide_tags",
        sa.Column("tag", KEY, nullable=False),
        sa.Column("guide_pk", COUNTER, nullable=False),
        sa.ForeignKeyConstraint(
            ["guide_pk"],
            ["telegram_guides.pk"],
            name="fk_telegram_guide_tags_guide_pk_telegram_guides",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tag", "guide_pk", name="pk_telegram_guide_tags"),
    )
    op.create_index("ix_telegram_guide_tags_guide_pk", "telegram_guide_tags", ["guide_pk"])
    op.create_table(
        "telegram_user_guide_collections",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("guide_id", sa.Uuid(), nullable=False),
        sa.Column("is_read", sa.Boolean(), nullable=False),
        sa.Column("times_viewed", sa.Integer(), nullable=False),
        sa.Column("last_viewed_at", TIME, nullable=True),
        sa.Column("saved_at", TIME, nullable=False),
        sa.CheckConstraint("times_viewed >= 0", name=op.f("ck_telegram_user_guide_collections_times_viewed")),
        sa.ForeignKeyConstraint(
            ["guide_id"],
            ["telegram_guides.id"],
            name="fk_telegram_user_guide_collections_guide_id_telegram_guides",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["member_id"],
            ["members.id"],
            name="fk_telegram_user_guide_collections_member_id_members",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_telegram_user_guide_collections"),
    )
    op.create_index("ix_telegram_user_guide_collections_guide_id", "telegram_user_guide_collections", ["guide_id"])
    op.create_index(
        "ix_telegram_user_guide_collections_member_id_saved_at_id",
        "telegram_user_guide_collections",
        ["member_id", "saved_at", "id"],
    )
    op.create_index(
        "uq_telegram_user_guide_collections_member_id_guide_id",
        "telegram_user_guide_collections",
        ["member_id", "guide_id"],
        unique=True,
    )
    op.create_table(
        "guide_passages",
        sa.Column("pk", COUNTER, autoincrement=True, nullable=False),
        sa.Column("guide_pk", COUNTER, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("heading", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("terms", sa.Text(), nullable=False),
        sa.Column("title_terms", sa.Text(), nullable=False),
        sa.Column("length", sa.Integer(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("search_vector", VECTOR, nullable=True),
        sa.CheckConstraint("length >= 0", name=op.f("ck_guide_passages_length")),
        sa.CheckConstraint("line >= 0", name=op.f("ck_guide_passages_line")),
        sa.CheckConstraint("position >= 0", name=op.f("ck_guide_passages_position")),
        sa.ForeignKeyConstraint(
            ["guide_pk"], ["telegram_guides.pk"], name="fk_guide_passages_guide_pk_telegram_guides", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("pk", name="pk_guide_passages"),
    )
    if op.get_context().dialect.name == "postgresql":
        op.create_index("ix_guide_passages_search_vector", "guide_passages", ["search_vector"], postgresql_using="gin")
    op.create_index("uq_guide_passages_guide_pk_position", "guide_passages", ["guide_pk", "position"], unique=True)
    op.create_table(
        "guide_passage_totals",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("passages", COUNTER, nullable=False),
        sa.Column("terms", COUNTER, nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_guide_passage_totals_id")),
        sa.CheckConstraint("passages >= 0", name=op.f("ck_guide_passage_totals_passages")),
        sa.CheckConstraint("terms >= 0", name=op.f("ck_guide_passage_totals_terms")),
        sa.PrimaryKeyConstraint("id", name="pk_guide_passage_totals"),
    )
    for statement in SQLITE if op.get_context().dialect.name == "sqlite" else POSTGRESQL:
        op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    if op.get_context().dialect.name == "sqlite":
        op.execute("DROP TABLE guide_passages_terms")
        op.execute("DROP TABLE guide_passages_fts")
    op.drop_table("guide_passage_totals")
    op.drop_table("guide_passages")
    op.drop_table("telegram_user_guide_collections")
    op.drop_table("telegram_guide_tags")
    op.drop_table("telegram_guides")
    if op.get_context().dialect.name == "postgresql":
        op.execute("DROP TABLE guide_passages_terms")
        op.execute("DROP FUNCTION guide_passages_in")
        op.execute("DROP FUNCTION guide_passages_out")
