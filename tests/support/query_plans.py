"""What is sent to an engine, and how the engine would run it."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, event, text

from adapters.sql.database import Database

SCAN = {"sqlite": "SCAN", "postgresql": "Seq Scan"}
SORT = {"sqlite": "USE TEMP B-TREE FOR ORDER BY", "postgresql": "Sort"}

_PLANNED = ("SELECT", "UPDATE", "DELETE", "INSERT", "WITH")


@contextmanager
def statements(database: Database) -> Iterator[list[tuple[str, object]]]:
    """What is sent to the engines of `database`; of many rows at once the first."""
    sent: list[tuple[str, object]] = []

    def note(_c: Connection, _cursor: object, statement: str, parameters: object, _context: object, many: bool) -> None:
        if statement.lstrip().startswith(_PLANNED):
            sent.append((statement, parameters[0] if many else parameters))  # type: ignore[index]

    engines = {id(engine): engine.sync_engine for engine in (database.reader, database.writer)}.values()
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    yield sent
    for engine in engines:
        event.remove(engine, "before_cursor_execute", note)


async def plans(database: Database, sent: list[tuple[str, object]]) -> list[str]:
    """How the engine would run each of them; PostgreSQL is told not to prefer what suits few rows."""
    found = []
    async with database.reader.connect() as connection:
        if not database.is_sqlite:
            await connection.execute(text("SET enable_seqscan = off"))
            await connection.execute(text("SET enable_bitmapscan = off"))
        explain = "EXPLAIN QUERY PLAN" if database.is_sqlite else "EXPLAIN"
        for statement, parameters in list(sent):
            rows = await connection.exec_driver_sql(f"{explain} {statement}", parameters)  # type: ignore[arg-type]
            found.append("\n".join(str(row[-1]) for row in rows))
    return found
