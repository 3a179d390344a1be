"""What the full-text indexes need beyond tables: FTS5 and triggers on SQLite, counting triggers on PostgreSQL.

Declared here as tables are in the metadata: migrations make them, and a test holds the two equal.

Only passages of active guides are indexed and counted, and for each role only those that it may read: bm25 and the
numbers that weigh a search would tell of the others. FTS5 counts by itself, so each role has an index of its own there;
PostgreSQL's counts are kept by minimum role and added up. The `ascii` tokenizer takes every character outside of ASCII
as part of a word and `_` is added, so terms made of word characters stay whole, as they do in a tsvector.
"""

from itertools import chain

from domain.identity import Role


def index_of(role: Role) -> str:
    """The FTS5 table of what the role may read."""
    return f"guide_passages_{role.name.lower()}_fts"


def terms_of(role: Role) -> str:
    """The terms in that table, each with the number of its passages."""
    return f"guide_passages_{role.name.lower()}_terms"


# An index of what one role may read.
_MADE = (
    """
CREATE VIRTUAL TABLE {index} USING fts5(
  title_terms, terms, content='guide_passages', content_rowid='pk', tokenize="ascii tokenchars '_'"
)
""",
    "INSERT INTO {index}({index}, rank) VALUES ('rank', 'bm25(2.0, 1.0)')",
    "CREATE VIRTUAL TABLE {terms} USING fts5vocab('{index}', 'row')",
)
_INTO = """
  INSERT INTO {index}(rowid, title_terms, terms)
    SELECT new.pk, new.title_terms, new.terms WHERE new.minimum_role <= {role};"""
_OUT_OF = """
  INSERT INTO {index}({index}, rowid, title_terms, terms)
    SELECT 'delete', old.pk, old.title_terms, old.terms WHERE old.minimum_role <= {role};"""


def _for_each_role(statement: str) -> list[str]:
    return [statement.format(index=index_of(role), terms=terms_of(role), role=int(role)) for role in Role]


_IN, _OUT = "".join(_for_each_role(_INTO)), "".join(_for_each_role(_OUT_OF))
_COUNT_IN = (
    "UPDATE guide_passage_totals SET passages = passages + 1, terms = terms + new.length "
    "WHERE minimum_role = new.minimum_role;"
)
_COUNT_OUT = (
    "UPDATE guide_passage_totals SET passages = passages - 1, terms = terms - old.length "
    "WHERE minimum_role = old.minimum_role;"
)
_NO_TOTALS = (
    "INSERT INTO guide_passage_totals(minimum_role, passages, terms) VALUES (0, 0, 0), (1, 0, 0), (2, 0, 0), (3, 0, 0)"
)

SQLITE = (
    _NO_TOTALS,
    *chain.from_iterable(map(_for_each_role, _MADE)),
    f"""
CREATE TRIGGER guide_passages_added AFTER INSERT ON guide_passages WHEN new.is_active
BEGIN{_IN}
  {_COUNT_IN}
END
""",
    f"""
CREATE TRIGGER guide_passages_removed AFTER DELETE ON guide_passages WHEN old.is_active
BEGIN{_OUT}
  {_COUNT_OUT}
END
""",
    f"""
CREATE TRIGGER guide_passages_changing BEFORE UPDATE OF is_active, minimum_role, terms, title_terms, length
ON guide_passages WHEN old.is_active
BEGIN{_OUT}
  {_COUNT_OUT}
END
""",
    f"""
CREATE TRIGGER guide_passages_changed AFTER UPDATE OF is_active, minimum_role, terms, title_terms, length
ON guide_passages WHEN new.is_active
BEGIN{_IN}
  {_COUNT_IN}
END
""",
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

POSTGRESQL = (
    # In the row rather than beside it: ranking reads it several times for each passage found.
    "ALTER TABLE guide_passages ALTER COLUMN search_vector SET STORAGE MAIN",
    _NO_TOTALS,
    """
CREATE TABLE guide_passages_terms (
  term TEXT COLLATE "C" NOT NULL, minimum_role SMALLINT NOT NULL, doc BIGINT NOT NULL,
  CONSTRAINT pk_guide_passages_terms PRIMARY KEY (term, minimum_role)
)
""",
    # The totals are locked first and in one order, so that two writers of passages wait for each other.
    """
CREATE FUNCTION guide_passages_out() RETURNS trigger LANGUAGE plpgsql AS $$
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
CREATE FUNCTION guide_passages_in() RETURNS trigger LANGUAGE plpgsql AS $$
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
