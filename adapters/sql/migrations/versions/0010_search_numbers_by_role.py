"""The search index counts for each role what that role may read.

Revision 0010 after 0009. Nothing is lost on the way up or down: both indexes are made from the passages.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

COUNTER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
ROLES = {"public": 0, "subscriber": 1, "admin": 2, "owner": 3}
TRIGGERS = ("added", "removed", "changing", "changed")

MINIMUM_ROLES = """
UPDATE guide_passages SET
  minimum_role = (SELECT g.minimum_role FROM telegram_guides AS g WHERE g.pk = guide_passages.guide_pk)
"""
TOTALS = """
INSERT INTO guide_passage_totals(minimum_role, passages, terms)
SELECT r.minimum_role, count(p.pk), coalesce(sum(p.length), 0)
FROM (SELECT 0 AS minimum_role UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3) AS r
LEFT JOIN guide_passages AS p ON p.minimum_role = r.minimum_role AND p.is_active
GROUP BY r.minimum_role ORDER BY r.minimum_role
"""
FORMER_TOTALS = """
INSERT INTO guide_passage_totals(id, passages, terms)
SELECT 1, count(*), coalesce(sum(length), 0) FROM guide_passages WHERE is_active
"""

# SQLite: an index for each role.
INDEX = """
CREATE VIRTUAL TABLE {index} USING fts5(
  title_terms, terms, content='guide_passages', content_rowid='pk', tokenize="ascii tokenchars '_'"
)
"""
RANK = "INSERT INTO {index}({index}, rank) VALUES ('rank', 'bm25(2.0, 1.0)')"
TERMS = "CREATE VIRTUAL TABLE {terms} USING fts5vocab('{index}', 'row')"
FILL = """
INSERT INTO {index}(rowid, title_terms, terms)
SELECT pk, title_terms, terms FROM guide_passages WHERE is_active AND {readable} ORDER BY pk
"""
IN = "".join(
    f"""
  INSERT INTO guide_passages_{name}_fts(rowid, title_terms, terms)
    SELECT new.pk, new.title_terms, new.terms WHERE new.minimum_role <= {role};"""
    for name, role in ROLES.items()
)
OUT = "".join(
    f"""
  INSERT INTO guide_passages_{name}_fts(guide_passages_{name}_fts, rowid, title_terms, terms)
    SELECT 'delete', old.pk, old.title_terms, old.terms WHERE old.minimum_role <= {role};"""
    for name, role in ROLES.items()
)
COUNT_IN = (
    "UPDATE guide_passage_totals SET passages = passages + 1, terms = terms + new.length "
    "WHERE minimum_role = new.minimum_role;"
)
COUNT_OUT = (
    "UPDATE guide_passage_totals SET passages = passages - 1, terms = terms - old.length "
    "WHERE minimum_role = old.minimum_role;"
)
SQLITE = (
    f"""
CREATE TRIGGER guide_passages_added AFTER INSERT ON guide_passages WHEN new.is_active
BEGIN{IN}
  {COUNT_IN}
END
""",
    f"""
CREATE TRIGGER guide_passages_removed AFTER DELETE ON guide_passages WHEN old.is_active
BEGIN{OUT}
  {COUNT_OUT}
END
""",
    f"""
CREATE TRIGGER guide_passages_changing BEFORE UPDATE OF is_active, minimum_role, terms, title_terms, length
ON guide_passages WHEN old.is_active
BEGIN{OUT}
  {COUNT_OUT}
END
""",
    f"""
CREATE TRIGGER guide_passages_changed AFTER UPDATE OF is_active, minimum_role, terms, title_terms, length
ON guide_passages WHEN new.is_active
BEGIN{IN}
  {COUNT_IN}
END
""",
)
FORMER_SQLITE = (
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

# PostgreSQL: counts for each minimum role. The triggers stay, and call the new functions.
POSTGRESQL = (
    """
CREATE TABLE guide_passages_terms (
  term TEXT COLLATE "C" NOT NULL, minimum_role SMALLINT NOT NULL, doc BIGINT NOT NULL,
  CONSTRAINT pk_guide_passages_terms PRIMARY KEY (term, minimum_role)
)
""",
    """
INSERT INTO guide_passages_terms(term, minimum_role, doc)
SELECT term, minimum_role, count(*) FROM guide_passages, unnest(tsvector_to_array(search_vector)) AS term
WHERE is_active GROUP BY term, minimum_role
""",
    """
CREATE OR REPLACE FUNCTION guide_passages_out() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM guide_passage_totals ORDER BY minimum_role FOR UPDATE;
  UPDATE guide_passage_totals AS t SET passages = t.passages - gone.passages, terms = t.terms - gone.terms
    FROM (SELECT minimum_role, count(*) AS passages, sum(length) AS terms FROM old_passages
          WHERE is_active GROUP BY minimum_role) AS gone
    WHERE t.minimum_role = gone.minimum_role;
  UPDATE guide_passages_terms AS t SET doc = t.doc - gone.doc
    FROM (SELECT term, minimum_role, count(*) AS doc
          FROM old_passages, unnest(tsvector_to_array(search_vector)) AS term
          WHERE is_active GROUP BY term, minimum_role) AS gone
    WHERE t.term = gone.term AND t.minimum_role = gone.minimum_role;
  RETURN NULL;
END $$
""",
    """
CREATE OR REPLACE FUNCTION guide_passages_in() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM guide_passage_totals ORDER BY minimum_role FOR UPDATE;
  UPDATE guide_passage_totals AS t SET passages = t.passages + more.passages, terms = t.terms + more.terms
    FROM (SELECT minimum_role, count(*) AS passages, sum(length) AS terms FROM new_passages
          WHERE is_active GROUP BY minimum_role) AS more
    WHERE t.minimum_role = more.minimum_role;
  INSERT INTO guide_passages_terms AS t (term, minimum_role, doc)
    SELECT term, minimum_role, count(*) FROM new_passages, unnest(tsvector_to_array(search_vector)) AS term
    WHERE is_active GROUP BY term, minimum_role ORDER BY term, minimum_role
    ON CONFLICT (term, minimum_role) DO UPDATE SET doc = t.doc + excluded.doc;
  RETURN NULL;
END $$
""",
)
FORMER_POSTGRESQL = (
    """
CREATE TABLE guide_passages_terms (
  term TEXT COLLATE "C" NOT NULL, doc BIGINT NOT NULL, CONSTRAINT pk_guide_passages_terms PRIMARY KEY (term)
)
""",
    """
INSERT INTO guide_passages_terms(term, doc)
SELECT term, count(*) FROM guide_passages, unnest(tsvector_to_array(search_vector)) AS term
WHERE is_active GROUP BY term
""",
    """
CREATE OR REPLACE FUNCTION guide_passages_out() RETURNS trigger LANGUAGE plpgsql AS $$
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
CREATE OR REPLACE FUNCTION guide_passages_in() RETURNS trigger LANGUAGE plpgsql AS $$
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
)


def upgrade() -> None:
    _stop_counting()
    # Whoever forgets to say the role hides the passage.
    op.add_column(
        "guide_passages", sa.Column("minimum_role", sa.SmallInteger(), server_default=sa.text("3"), nullable=False)
    )
    op.execute(MINIMUM_ROLES)
    _make_totals(
        sa.Column("minimum_role", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.CheckConstraint(
            "minimum_role >= 0 AND minimum_role <= 3", name=op.f("ck_guide_passage_totals_minimum_role")
        ),
        sa.PrimaryKeyConstraint("minimum_role", name="pk_guide_passage_totals"),
    )
    _run(TOTALS)
    if _is_sqlite():
        _drop_index("guide_passages_fts", "guide_passages_terms")
        for name, role in ROLES.items():
            _make_index(f"guide_passages_{name}_fts", f"guide_passages_{name}_terms", f"minimum_role <= {role}")
    _count_again(SQLITE, POSTGRESQL)


def downgrade() -> None:
    _stop_counting()
    if _is_sqlite():
        for name in ROLES:
            _drop_index(f"guide_passages_{name}_fts", f"guide_passages_{name}_terms")
        _make_index("guide_passages_fts", "guide_passages_terms", "TRUE")
    op.drop_column("guide_passages", "minimum_role")
    _make_totals(
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_guide_passage_totals_id")),
        sa.PrimaryKeyConstraint("id", name="pk_guide_passage_totals"),
    )
    _run(FORMER_TOTALS)
    _count_again(FORMER_SQLITE, FORMER_POSTGRESQL)


def _is_sqlite() -> bool:
    return op.get_context().dialect.name == "sqlite"


def _run(*statements: str) -> None:
    for statement in statements:
        op.get_bind().exec_driver_sql(statement)


def _stop_counting() -> None:
    if _is_sqlite():
        _run(*(f"DROP TRIGGER guide_passages_{name}" for name in TRIGGERS))
    else:
        _run("ALTER TABLE guide_passages DISABLE TRIGGER USER", "DROP TABLE guide_passages_terms")


def _count_again(sqlite: tuple[str, ...], postgresql: tuple[str, ...]) -> None:
    if _is_sqlite():
        _run(*sqlite)
    else:
        _run(*postgresql, "ALTER TABLE guide_passages ENABLE TRIGGER USER")


def _make_index(index: str, terms: str, readable: str) -> None:
    _run(
        INDEX.format(index=index),
        RANK.format(index=index),
        TERMS.format(index=index, terms=terms),
        FILL.format(index=index, readable=readable),
    )


def _drop_index(index: str, terms: str) -> None:
    _run(f"DROP TABLE {terms}", f"DROP TABLE {index}")


def _make_totals(key: "sa.Column[int]", *constraints: sa.Constraint) -> None:
    op.drop_table("guide_passage_totals")
    op.create_table(
        "guide_passage_totals",
        key,
        sa.Column("passages", COUNTER, nullable=False),
        sa.Column("terms", COUNTER, nullable=False),
        sa.CheckConstraint("passages >= 0", name=op.f("ck_guide_passage_totals_passages")),
        sa.CheckConstraint("terms >= 0", name=op.f("ck_guide_passage_totals_terms")),
        *constraints,
    )
