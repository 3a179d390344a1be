"""What the metadata and the search statements declare, in the words of a database's own catalogue."""

import re

from sqlalchemy import Connection, Constraint, ForeignKeyConstraint, Index, Table, text
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import AddConstraint, CreateIndex, CreateTable

from adapters.sql.tables import metadata, search

SQLITE_CATALOGUE = """
SELECT type || ' ' || name, sql FROM sqlite_master
WHERE name NOT LIKE 'sqlite_%' AND name NOT LIKE 'alembic%' AND tbl_name NOT LIKE 'alembic%'
"""
POSTGRESQL_CATALOGUE = """
SELECT 'column ' || c.relname || '.' || a.attname,
  concat_ws(' ', format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attstorage, l.collname,
    pg_get_expr(d.adbin, d.adrelid))
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_collation l ON l.oid = a.attcollation LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE n.nspname = 'public' AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
  AND c.relname <> 'alembic_version'
UNION ALL SELECT 'constraint ' || conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE connamespace = 'public'::regnamespace AND conname NOT LIKE 'alembic%'
UNION ALL SELECT 'index ' || indexname, indexdef FROM pg_indexes
WHERE schemaname = 'public' AND tablename <> 'alembic_version'
UNION ALL SELECT 'trigger ' || tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
UNION ALL SELECT 'function ' || proname, pg_get_functiondef(oid) FROM pg_proc
WHERE pronamespace = 'public'::regnamespace
"""
POSTGRESQL_REMOVALS = (
    "SELECT format('DROP TRIGGER %I ON %s', tgname, tgrelid::regclass) FROM pg_trigger WHERE NOT tgisinternal",
    "SELECT format('DROP FUNCTION %s', oid::regprocedure) FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
    """
SELECT format('ALTER TABLE %s DROP CONSTRAINT IF EXISTS %I CASCADE', conrelid::regclass, conname) FROM pg_constraint
WHERE connamespace = 'public'::regnamespace AND conname NOT LIKE 'alembic%'
""",
    """
SELECT format('DROP INDEX %I', indexname) FROM pg_indexes
WHERE schemaname = 'public' AND tablename <> 'alembic_version'
""",
)
_CREATED = re.compile(r"CREATE (?:UNIQUE |VIRTUAL )?(TABLE|INDEX|TRIGGER) (\w+)")


def catalogue(connection: Connection) -> dict[str, str]:
    """Every object of the schema by its kind and name, with its definition in one line."""
    statement = SQLITE_CATALOGUE if connection.dialect.name == "sqlite" else POSTGRESQL_CATALOGUE
    rows = connection.execute(text(statement)).all()
    return {name: _in_one_line(definition or "") for name, definition in rows}


def declared_for_sqlite() -> dict[str, str]:
    """What the catalogue would be. SQLite keeps the statements by which everything was made."""
    statements = [statement for statement in search.SQLITE if statement.strip().startswith("CREATE")]
    for table in metadata.tables.values():
        statements.append(str(CreateTable(table).compile(dialect=sqlite.dialect())))
        indexes = [index for index in table.indexes if not _is_postgresqls(index)]
        statements.extend(str(CreateIndex(index).compile(dialect=sqlite.dialect())) for index in indexes)
    found = {}
    for statement in map(_in_one_line, statements):
        created = _CREATED.match(statement)
        assert created is not None, statement
        found[f"{created[1].lower()} {created[2]}"] = statement
    return found


def declare_anew(connection: Connection) -> None:
    """Take all constraints, indexes, triggers and functions away from PostgreSQL's tables, put on what is declared, and
    give each column its declared type and collation.
    """
    for query in POSTGRESQL_REMOVALS:
        for (removal,) in connection.execute(text(query)).all():
            connection.exec_driver_sql(removal)
    connection.exec_driver_sql("DROP TABLE guide_passages_terms")
    connection.exec_driver_sql("DELETE FROM guide_passage_totals")
    tables = metadata.tables.values()
    for table in tables:
        _give_types(connection, table)
    constraints = [constraint for table in tables for constraint in table.constraints]
    for constraint in sorted(constraints, key=_after_what_it_names):
        connection.execute(AddConstraint(constraint, isolate_from_table=False))
    for index in (index for table in tables for index in table.indexes):
        connection.execute(CreateIndex(index))
    for statement in search.POSTGRESQL:
        connection.exec_driver_sql(statement)


def _after_what_it_names(constraint: Constraint) -> bool:
    return isinstance(constraint, ForeignKeyConstraint)


def _give_types(connection: Connection, table: Table) -> None:
    preparer = connection.dialect.identifier_preparer
    for column in table.columns:
        declared = column.type.compile(dialect=connection.dialect)
        name = preparer.quote(column.name)
        connection.exec_driver_sql(f"ALTER TABLE {preparer.quote(table.name)} ALTER COLUMN {name} TYPE {declared}")


def _is_postgresqls(index: Index) -> bool:
    return index.dialect_options["postgresql"]["using"] == "gin"


def _in_one_line(definition: str) -> str:
    return re.sub(r"\s+", " ", definition).strip()
