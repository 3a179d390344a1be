"""What engines and drivers raise, as the typed errors that callers know."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from domain.errors import Conflict, GuildhallError, Unavailable

_RETRY_STATES = {"40001", "40P01"}
_MISSING_SCHEMA_STATES = {"42P01", "42703"}
_READ_ONLY_STATE = "25006"
_UNREACHABLE_CLASSES = {"08", "28", "3D", "53", "57"}

_SQLITE_FAULTS = (
    ("locked", "The database is locked by another process; stop it or wait for it, then try again."),
    ("busy", "The database is busy with another process; wait for it, then try again."),
    ("readonly", "The database file cannot be written; give this user the right to write the file and its folder."),
    ("unable to open", "The database file cannot be opened; check that its folder exists and may be read and written."),
    ("not a database", "The file is not a SQLite database; check the database URL."),
    ("no such table", "The database lacks a table; run `guildhall db upgrade`."),
    ("no such column", "The database lacks a column; run `guildhall db upgrade`."),
    ("disk i/o", "The disk of the database does not work; check it and its free space."),
    ("disk is full", "The disk of the database is full; make room, then try again."),
    ("malformed", "The database file is damaged; restore a backup."),
)


@contextmanager
def translated() -> Iterator[None]:
    """Raise `Conflict` and `Unavailable` in place of what the driver raised; anything unknown goes through."""
    try:
        yield
    except GuildhallError:
        raise
    except IntegrityError as error:
        raise Conflict(
            "The change contradicts what is stored; read the objects again.", constraint=constraint_of(error)
        ) from error
    except PoolTimeout as error:
        raise Unavailable("The database is too busy: no connection became free in time; try again.") from error
    except DBAPIError as error:
        known = _known(error)
        if known is None:
            raise
        raise known from error
    except (ConnectionError, TimeoutError, OSError) as error:
        raise unreachable(error) from error


def unreachable(error: BaseException) -> Unavailable:
    """The server could not be reached."""
    reason = str(error) or type(error).__name__
    return Unavailable(f"The database does not answer ({reason}); check that it runs and the database URL.")


def driver_fault(error: Exception) -> Unavailable:
    """What a driver raised by itself: nothing was kept."""
    if isinstance(error, ConnectionError | TimeoutError | OSError):
        return unreachable(error)
    known = _sqlite_fault(str(error).lower())
    return known or Unavailable(f"The database refused it ({type(error).__name__}); look at its log, then try again.")


def constraint_of(error: IntegrityError) -> str:
    """The violated constraint's name, on SQLite its columns such as `users.email_key`."""
    cause = error.orig.__cause__ if error.orig is not None else None
    name = getattr(cause, "constraint_name", None)
    return str(name) if name else str(error.orig).partition(": ")[2]


def sql_state(error: DBAPIError) -> str | None:
    """PostgreSQL's code of the error."""
    return getattr(error.orig, "sqlstate", None)


def reason_of(error: Exception) -> str:
    """Why a statement failed, for the log: without the values, which drivers and engines put into their messages."""
    if not isinstance(error, StatementError):
        return f"{type(error).__name__}: {error}"
    if isinstance(error, IntegrityError):
        return f"IntegrityError: {constraint_of(error)}"
    cause = error.orig.__cause__ if isinstance(error, DBAPIError) and error.orig is not None else error.orig
    return type(cause or error.orig or error).__name__


def _known(error: DBAPIError) -> GuildhallError | None:
    state = sql_state(error)
    if state in _RETRY_STATES:
        return Conflict("Another change was there first; try again.")
    if state in _MISSING_SCHEMA_STATES:
        return Unavailable("The database lacks a table or column; run `guildhall db upgrade`.")
    if error.connection_invalidated or (state is not None and state[:2] in _UNREACHABLE_CLASSES):
        return unreachable(error.orig or error)
    if state == _READ_ONLY_STATE:
        return Unavailable("The database server only reads; use the address of the one that writes.")
    return _sqlite_fault(str(error.orig).lower()) if state is None else None


def _sqlite_fault(message: str) -> Unavailable | None:
    return next((Unavailable(answer) for sign, answer in _SQLITE_FAULTS if sign in message), None)
