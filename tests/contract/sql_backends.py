"""Backends over SQL. The adapter is imported late, so that the contracts run in memory without it."""

import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg

from adapters.memory import InMemoryBus, ManualClock
from tests.support.apart import run_apart
from tests.support.backend import Backend, LostLines
from tests.support.services import PostgresServer

_TABLES = """
SELECT format('%I', tablename) FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'
"""


@asynccontextmanager
async def sql_backend(url: str) -> AsyncIterator[Backend]:
    """A backend over the migrated, empty database at `url`."""
    from adapters.sql.answer_queries import SqlAnswerQueries
    from adapters.sql.audit import SqlAuditQueries
    from adapters.sql.chat_queries import SqlChatQueries
    from adapters.sql.credentials import SqlCredentialQueries
    from adapters.sql.database import Database
    from adapters.sql.event_log import SqlEventLog
    from adapters.sql.guide_queries import SqlGuideQueries
    from adapters.sql.identity_sweep import SqlIdentitySweep
    from adapters.sql.inbox import SqlUpdateInbox
    from adapters.sql.member_export import SqlMemberExport
    from adapters.sql.member_queries import SqlMemberQueries
    from adapters.sql.passages import SqlPassageQueries
    from adapters.sql.telegram_updates import SqlUpdateQueries
    from adapters.sql.unit_of_work import SqlUnitOfWork

    database, bus, clock, lost_lines = Database(url), InMemoryBus(), ManualClock(), LostLines()
    try:
        yield Backend(
            unit_of_work=lambda: SqlUnitOfWork(database, bus, clock, lost_lines),
            members=SqlMemberQueries(database),
            credentials=SqlCredentialQueries(database),
            guides=SqlGuideQueries(database),
            passages=SqlPassageQueries(database),
            chat=SqlChatQueries(database),
            event_log=SqlEventLog(database),
            audit=SqlAuditQueries(database),
            export=SqlMemberExport(database, page=3),
            sweep=SqlIdentitySweep(database),
            inbox=SqlUpdateInbox(database, bus),
            updates=SqlUpdateQueries(database),
            answers=SqlAnswerQueries(database),
            bus=bus,
            clock=clock,
            lost_lines=lost_lines,
        )
    finally:
        await database.dispose()


def migrate(url: str) -> None:
    """Bring a database to the newest schema, as `guildhall db upgrade` does."""
    from adapters.sql.migrator import Migrator

    run_apart(Migrator(url).upgrade())


def sqlite_url(path: Path) -> str:
    """The URL of a SQLite file."""
    return f"sqlite:///{path}"


def copy_of_template(template: Path, folder: Path) -> str:
    """The URL of a fresh copy of a migrated SQLite file: a copy takes a millisecond, migrating much more."""
    copy = folder / "guildhall.db"
    shutil.copyfile(template, copy)
    return sqlite_url(copy)


class PostgresDatabase:
    """A migrated database of this test session, emptied before each test that uses it."""

    def __init__(self, url: str) -> None:
        self.url = url

    @classmethod
    @contextmanager
    def made(cls, server: PostgresServer) -> Iterator["PostgresDatabase"]:
        with server.temporary_database() as url:
            migrate(url)
            name = urlsplit(url).path.strip("/")
            server.execute(f'ALTER DATABASE "{name}" SET synchronous_commit = off')
            database = cls(url)
            run_apart(database._keep_seeds())
            yield database

    async def empty(self) -> None:
        """Remove every row but those that migrating put there."""
        await self._execute("SELECT seeds.empty()")

    async def _keep_seeds(self) -> None:
        """Make `seeds.empty()`. It deletes: truncating makes new files for every table and index, which takes long."""
        connection = await asyncpg.connect(self.url, timeout=5)
        try:
            await connection.execute("CREATE SCHEMA seeds")
            deletes, refills = [], []
            for (table,) in await connection.fetch(_TABLES):
                deletes.append(f"DELETE FROM public.{table};")
                if await connection.fetchval(f"SELECT EXISTS (SELECT FROM public.{table})"):
                    await connection.execute(f"CREATE TABLE seeds.{table} AS TABLE public.{table}")
                    refills.append(
                        f"DELETE FROM public.{table}; INSERT INTO public.{table} SELECT * FROM seeds.{table};"
                    )
            body = "".join([*deletes, *refills])
            await connection.execute(
                f"CREATE FUNCTION seeds.empty() RETURNS void LANGUAGE sql AS $empty$ {body} $empty$"
            )
        finally:
            await connection.close()

    async def _execute(self, statement: str) -> None:
        connection = await asyncpg.connect(self.url, timeout=5)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()
