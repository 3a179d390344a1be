"""A backup put in the place of a SQLite database that nobody uses."""

import asyncio
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from uuid import uuid4

from adapters.sql.backup import copy
from adapters.sql.migrator import require_known
from adapters.sql.urls import database_url
from domain.errors import Conflict, Invalid, Unavailable

_PATIENCE = 1.0
_BESIDE = ("-wal", "-shm", "-journal")
_HEADER = b"SQLite format 3\0"
_IN_USE = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_BROKEN = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


async def restore(address: str, backup: str | Path, now: datetime) -> tuple[str, Path | None]:
    """Put a copy of the backup in the database's place, with an epoch of its own.

    Returns its revision, and where the database before is kept, None where there was none.
    Raises `Invalid` for PostgreSQL and for a file that is no sound Guildhall backup, `Conflict` while another process
    uses the database, `Unavailable` for a backup of a newer Guildhall and for files that cannot be used. Until the
    copy is whole and known to be sound, nothing is changed.
    """
    return await asyncio.to_thread(_restore, address, Path(backup), now)


def _restore(address: str, backup: Path, now: datetime) -> tuple[str, Path | None]:
    url = database_url(address)
    if url.get_backend_name() != "sqlite":
        raise Invalid.of(
            "database_url",
            "only SQLite is restored here; use pg_restore for PostgreSQL, and give the instance a new epoch before the "
            "server starts: UPDATE instance SET epoch = md5(random()::text);",
        )
    # What a link names is replaced, not the link.
    database = Path(str(url.database)).resolve()
    if not backup.is_file():
        raise Unavailable(f"There is no file {backup}; check its name.")
    if database.exists() and backup.samefile(database):
        raise Conflict(f"{backup} is the database itself; name a backup of it.")
    partial = database.with_name(f".guildhall-{uuid4().hex}")
    try:
        revision = _sound_copy(backup, partial)
        with _held(database):
            kept = _keep(database, now)
            partial.replace(database)
            _sync(database.parent)
    except OSError as error:
        raise Unavailable(
            f"{database}: the backup cannot be put there: {error.strerror}; "
            "check the folder, its rights and its free space."
        ) from error
    finally:
        # Where not even that can be asked for, there is nothing to remove.
        with suppress(OSError):
            partial.unlink()
    return revision, kept


def _sound_copy(backup: Path, partial: Path) -> str:
    """Copy the backup, and return its revision once the copy is known to be sound."""
    refused = f"{backup} is no sound Guildhall backup"
    try:
        copy(f"{backup.resolve().as_uri()}?mode=ro", partial)
        with closing(sqlite3.connect(partial)) as copied:
            problem = str(copied.execute("PRAGMA quick_check(1)").fetchone()[0])
            row = copied.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.Error as error:
        raise Invalid.of("backup", f"{refused}: {error}; nothing was changed") from error
    if problem != "ok":
        raise Invalid.of("backup", f"{refused}: it is damaged ({' '.join(problem.split())}); nothing was changed")
    if row is None:
        raise Invalid.of("backup", f"{refused}: it has no revision; nothing was changed")
    require_known(row[0], "The backup")
    return str(row[0])


@contextmanager
def _held(database: Path) -> Iterator[None]:
    """Hold the database for oneself, its write-ahead log folded into it; one too damaged for that is left as it is."""
    if not _is_sqlite(database):
        # SQLite would clear away the log beside such a file.
        yield
        return
    with closing(sqlite3.connect(database, timeout=_PATIENCE, isolation_level=None)) as present:
        try:
            # Leaving the log takes that no other connection is open, an idle one either.
            present.execute("PRAGMA journal_mode = DELETE")
            present.execute("BEGIN EXCLUSIVE")
        except sqlite3.Error as error:
            code = error.sqlite_errorcode & 0xFF
            if code in _IN_USE:
                raise Conflict(
                    "Another process uses the database; stop the server and the bot, then try again."
                ) from error
            if code not in _BROKEN:
                raise Unavailable(f"{database}: the present database cannot be set aside: {error}.") from error
            # Closed before anything moves: closing tidies up what lies beside the name that it was opened by.
            present.close()
        yield


def _is_sqlite(file: Path) -> bool:
    if not file.exists():
        return False
    with file.open("rb") as opened:
        return opened.read(len(_HEADER)) == _HEADER


def _keep(database: Path, now: datetime) -> Path | None:
    """Give the present database a second name, and take along what lies beside it; None when there is none."""
    kept = None
    if database.exists():
        kept = database.with_name(f"{database.name}.before-restore-{now:%Y%m%dT%H%M%SZ}")
        if kept.exists():
            raise Conflict(f"{kept} exists; wait a second, then try again.")
        # The database keeps its name until the backup takes it over: at no moment there is none.
        os.link(database, kept)
    for ending in _BESIDE:
        beside = database.with_name(database.name + ending)
        if not beside.exists():
            continue
        if kept is None or ending == "-shm":
            beside.unlink()
        else:
            beside.replace(kept.with_name(kept.name + ending))
    return kept


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
