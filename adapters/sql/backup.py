"""A copy of a SQLite database, running or not."""

import asyncio
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from uuid import uuid4

from adapters.sql.urls import database_url
from domain.errors import Conflict, Invalid, Unavailable


async def backup(database_url: str, target_path: str | Path) -> None:
    """Copy the database while it is used; the file appears whole or not at all.

    The copy gets an epoch of its own, so that clients of a restored one fetch everything anew.
    Raises `Invalid` for PostgreSQL, `Conflict` when the target exists, `Unavailable` when a file cannot be used.
    """
    await asyncio.to_thread(_backup, database_url, Path(target_path))


def _backup(address: str, target: Path) -> None:
    url = database_url(address)
    if url.get_backend_name() != "sqlite":
        raise Invalid.of("database_url", "only SQLite is copied here; use pg_dump for PostgreSQL")
    source = Path(str(url.database))
    if not source.is_file():
        raise Unavailable(f"There is no database at {source}; check the database URL.")
    if target.exists():
        raise Conflict(f"{target} exists; choose another name or remove it first.")
    partial = target.with_name(f".guildhall-{uuid4().hex}")
    try:
        copy(source.resolve().as_uri(), partial)
        partial.rename(target)
    except (OSError, sqlite3.Error) as error:
        # Not the error itself: it may name the file that was only ours.
        reason = error.strerror if isinstance(error, OSError) else error
        raise Unavailable(
            f"{target}: the copy cannot be written there: {reason}. "
            "Nothing was copied; check the folder, its rights and its free space."
        ) from error
    finally:
        # Where not even that can be asked for, there is nothing to remove.
        with suppress(OSError):
            partial.unlink()


def copy(source_uri: str, target: Path) -> None:
    """Copy a database to a new file that only this user reads, with an epoch of its own.

    Raises `sqlite3.Error` and `OSError`.
    """
    target.touch(mode=0o600)
    with closing(sqlite3.connect(source_uri, uri=True)) as running, closing(sqlite3.connect(target)) as made:
        running.backup(made)
        with made:
            made.execute("UPDATE instance SET epoch = ?", (uuid4().hex,))
        made.execute("PRAGMA journal_mode = DELETE")
