"""What the full-text indexes need beyond tables: FTS5 and triggers on SQLite, counting triggers on PostgreSQL.

Declared here as tables are in the metadata: migrations make them, and a test holds the two equal.

Only passages of active guides are indexed and counted. The `ascii` tokenizer takes every character outside of ASCII as
part of a word and `_` is added, so terms made of word characters stay whole, as they do in a tsvector.
"""

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
    "INSERT INTO guide_passage_totals(id, passages, terms) VALUES (1, 0, 0)",
    """
CREATE TABLE guide_passages_terms (
  term TEXT COLLATE "C" NOT NULL, doc BIGINT NOT NULL, CONSTRAINT pk_guide_passages_terms PRIMARY KEY (term)
)
""",
    # The row of totals is locked first, so that two writers of passages wait for each other instead of deadlocking.
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
