"""Runs migrations, each run in one transaction on both engines.

The migrator hands over its connection; the `alembic` command takes the URL from `-x url=` or GUILDHALL_DATABASE_URL.
"""

import asyncio
import os

from alembic import context
from sqlalchemy import Connection, text

from adapters.sql.database import Database
from adapters.sql.tables import metadata
from adapters.sql.tables.compare import is_compared, is_type_changed

_LOCK = 4_715_283_001


def run(connection: Connection) -> None:
    """Migrate over this connection; a second process waits for the first."""
    context.configure(
        connection=connection,
        target_metadata=metadata,
        transactional_ddl=True,
        compare_type=is_type_changed,
        include_object=is_compared,
    )
    with context.begin_transaction():
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        context.run_migrations()


async def run_alone() -> None:
    """Migrate the database that the command line or the environment names."""
    url = context.get_x_argument(as_dictionary=True).get("url") or os.environ.get("GUILDHALL_DATABASE_URL")
    if not url:
        raise SystemExit("Name the database: alembic -x url=sqlite:///path/to/file.db …, or GUILDHALL_DATABASE_URL.")
    database = Database(url)
    try:
        async with database.writer.begin() as connection:
            await connection.run_sync(run)
    finally:
        await database.dispose()


given = context.config.attributes.get("connection")
if given is None:
    asyncio.run(run_alone())
else:
    run(given)
