"""The services that tests use when they are there."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg

from tests.support.apart import run_apart

DEFAULT_POSTGRES = "postgresql://postgres@127.0.0.1:5432/postgres"


@dataclass(frozen=True)
class PostgresServer:
    """A PostgreSQL server in which tests make databases of their own and drop them."""

    url: str

    @classmethod
    def from_environment(cls) -> "PostgresServer":
        return cls(os.environ.get("GUILDHALL_TEST_POSTGRES_URL", DEFAULT_POSTGRES))

    def problem(self) -> str | None:
        """Why the server cannot be used; None when it can."""
        try:
            self.execute("SELECT 1")
        except (OSError, asyncpg.PostgresError) as error:
            return f"PostgreSQL does not answer at {self.url} ({error})"
        return None

    def execute(self, statement: str, *, database: str | None = None) -> None:
        """Run statements outside of any transaction, in the server's own database or another one."""
        run_apart(self._execute(statement, database or self.url))

    @contextmanager
    def temporary_database(self) -> Iterator[str]:
        """The URL of a new, empty database that is gone afterwards, whoever is still connected."""
        name = f"guildhall_test_{uuid4().hex}"
        self.execute(f'CREATE DATABASE "{name}"')
        try:
            yield urlunsplit(urlsplit(self.url)._replace(path=f"/{name}"))
        finally:
            self.execute(f'DROP DATABASE "{name}" WITH (FORCE)')

    async def _execute(self, statement: str, url: str) -> None:
        connection = await asyncpg.connect(url, timeout=5)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()
