"""Brings a database to a schema, and says whether it can be used."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import Connection, update

from adapters.sql.database import Database
from adapters.sql.errors import translated
from adapters.sql.tables import instance
from adapters.sql.urls import database_url
from domain.errors import Invalid, Unavailable

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

_MIGRATIONS = Path(__file__).parent / "migrations"
_CHECK_TIMEOUT = timedelta(seconds=1)


class Migrator:
    """Runs the migrations that come with this version; each run is one transaction.

    A database that was made by a newer Guildhall is refused, never changed.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._file = _sqlite_file(url)

    def head(self) -> str:
        """The newest revision of this version."""
        head = _scripts().get_current_head()
        if head is None:
            raise Unavailable("This installation carries no migrations; install Guildhall again.")
        return head

    async def current(self) -> str | None:
        """The database's revision, None for an empty or absent one. Creates nothing."""
        if self._file is not None and not self._file.exists():
            return None
        async with self._connection(begin=False) as connection:
            return cast("str | None", await connection(_revision))

    async def upgrade(self, revision: str = "head") -> None:
        """Migrate up; nothing to do is fine. Raises `Invalid` for an unknown revision, `Unavailable`."""
        from alembic import command

        await self._migrate(revision, command.upgrade)

    async def downgrade(self, revision: str) -> None:
        """Migrate down to a revision, `base` for an empty database; what newer revisions hold is lost."""
        from alembic import command

        await self._migrate(revision, command.downgrade)

    async def check(self) -> None:
        """Raise `Unavailable`, with what to do, unless the database has the newest schema and can be written."""
        current, head = await self.current(), self.head()
        if current is None:
            raise Unavailable("The database is empty; run `guildhall db upgrade`.")
        require_known(current)
        if current != head:
            raise Unavailable(f"The database is at revision {current}, behind {head}; run `guildhall db upgrade`.")
        async with self._connection(begin=True) as connection:
            await connection(_write)

    async def check_whole(self) -> None:
        """Raise `Unavailable` when the file of a SQLite database is damaged; PostgreSQL looks after its own."""
        if self._file is None:
            return
        async with self._connection(begin=False) as connection:
            problem = await connection(_damage)
        if problem is not None:
            raise Unavailable(
                f"The database file is damaged ({problem}); restore a backup with `guildhall db restore FILE`."
            )

    async def _migrate(self, revision: str, run: "Callable[[Config, str], None]") -> None:
        from alembic.util import CommandError

        current = await self.current()
        if current is not None:
            require_known(current)
        config = _config()

        def migrate(connection: Connection) -> None:
            config.attributes["connection"] = connection
            run(config, revision)

        try:
            async with self._connection(begin=True) as connection:
                await connection(migrate)
        except CommandError as error:
            raise Invalid.of("revision", f"{revision} cannot be reached ({error}); see `guildhall db check`") from error

    @asynccontextmanager
    async def _connection(self, *, begin: bool) -> AsyncIterator[Any]:
        database = Database(self._url, busy_timeout=_CHECK_TIMEOUT)
        try:
            with translated():
                if begin:
                    async with database.writer.begin() as connection:
                        yield connection.run_sync
                else:
                    async with database.read() as connection:
                        yield connection.run_sync
        finally:
            await database.dispose()


def require_known(revision: str, holder: str = "The database") -> None:
    """Raise `Unavailable` for a revision that this version has never heard of."""
    from alembic.util import CommandError

    try:
        _scripts().get_revision(revision)
    except CommandError as error:
        raise Unavailable(
            f"{holder} is at revision {revision}, made by a newer Guildhall; install that version again."
        ) from error


def _config() -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _scripts() -> "ScriptDirectory":
    from alembic.script import ScriptDirectory

    return ScriptDirectory.from_config(_config())


def _revision(connection: Connection) -> str | None:
    from alembic.runtime.migration import MigrationContext

    return MigrationContext.configure(connection).get_current_revision()


def _damage(connection: Connection) -> str | None:
    found = str(connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one())
    return None if found == "ok" else " ".join(found.split())


def _write(connection: Connection) -> None:
    # SQLite begins even on a file that it may only read: nothing but a write tells.
    connection.execute(update(instance).values(epoch=instance.c.epoch))


def _sqlite_file(url: str) -> Path | None:
    address = database_url(url)
    if address.get_backend_name() != "sqlite":
        return None
    return Path(str(address.database).removeprefix("file:"))
