"""Database addresses as operators write them."""

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from domain.errors import Invalid

_DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "sqlite+aiosqlite": "sqlite+aiosqlite",
    "postgres": "postgresql+asyncpg",
    "postgresql": "postgresql+asyncpg",
    "postgresql+asyncpg": "postgresql+asyncpg",
}


def database_url(address: str) -> URL:
    """The address with its driver; raises `Invalid` for one that is not a SQLite file or a PostgreSQL server."""
    expected = "expected sqlite:///path/to/file.db or postgresql://user:password@host/database"
    try:
        url = make_url(address)
    except (ArgumentError, ValueError):
        raise Invalid.of("database_url", f"cannot be read; {expected}") from None
    driver = _DRIVERS.get(url.drivername)
    if driver is None:
        raise Invalid.of("database_url", f"{url.drivername} is not supported; {expected}")
    if driver.startswith("sqlite") and (not url.database or ":memory:" in url.database):
        raise Invalid.of("database_url", f"an in-memory SQLite database loses everything; {expected}")
    return url.set(drivername=driver)
