"""The one transaction that all repositories of a unit of work write in."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, Protocol, TypeVar
from uuid import UUID

from sqlalchemy import CursorResult, Executable
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.sql.errors import reason_of, translated
from adapters.sql.finishing import to_its_end
from adapters.sql.types import AnyRow
from domain.errors import StaleVersion
from domain.events import Channel, Event

T = TypeVar("T")
Parameters = Mapping[str, object] | Sequence[Mapping[str, object]]


class Recording(Protocol):
    """An aggregate that records events."""

    def collect_events(self) -> list[Event]:
        """Hand over what was recorded, once."""
        ...


class Spared(Exception):
    """A statement failed that the transaction goes on without. The message says why and holds none of its values."""


class Transaction:
    """Runs statements with the driver's errors translated, and remembers what the commit has to know.

    `events` are those of saved aggregates, in the order of saving. `ended` are channels of what was removed: what their
    logs held before is forgotten. Versions are those that aggregates were loaded with in this transaction.
    """

    def __init__(self, connection: AsyncConnection, *, is_sqlite: bool) -> None:
        self._connection: AsyncConnection | None = connection
        self.is_sqlite = is_sqlite
        self.events: list[Event] = []
        self.ended: set[Channel] = set()
        self._versions: dict[UUID, int] = {}

    @property
    def connection(self) -> AsyncConnection:
        """The open connection; raises `RuntimeError` after the end."""
        if self._connection is None:
            raise RuntimeError("The unit of work has ended; open a new one.")
        return self._connection

    async def close(self) -> None:
        """Roll back what was not committed, and give the connection back."""
        connection, self._connection = self.connection, None
        with translated():
            await to_its_end(connection.close())

    async def begin(self) -> None:
        """Begin it in the database."""
        with translated():
            await self._step(self.connection.begin().start())

    async def commit(self) -> None:
        """Make what was written last."""
        with translated():
            await self.connection.commit()

    async def execute(
        self, statement: Executable, parameters: Parameters | None = None
    ) -> CursorResult[*tuple[Any, ...]]:
        """Run a statement; raises `Conflict` or `Unavailable` for what the driver reports."""
        with translated():
            return await self._step(self.connection.execute(statement, parameters))

    async def attempt(self, statement: Executable, parameters: Mapping[str, object]) -> CursorResult[*tuple[Any, ...]]:
        """Run a statement that may meet a `Conflict` after which the transaction goes on."""
        if self.is_sqlite:
            return await self.execute(statement, parameters)
        with translated():
            async with self.connection.begin_nested():
                return await self.connection.execute(statement, parameters)

    async def spare(self, statement: Executable, parameters: Callable[[], Parameters]) -> None:
        """Run a statement that the transaction can do without, in a savepoint.

        Raises `Spared` for whatever it or `parameters` raised: the transaction goes on without it. Anything else that
        is raised means that the transaction itself is lost.
        """
        await self._step(self._spare(statement, parameters))

    async def first(self, statement: Executable, parameters: Mapping[str, object] | None = None) -> AnyRow | None:
        """The first row."""
        return (await self.execute(statement, parameters)).first()

    async def all(self, statement: Executable, parameters: Mapping[str, object] | None = None) -> Sequence[AnyRow]:
        """All rows."""
        return (await self.execute(statement, parameters)).all()

    def loaded(self, key: UUID, version: int) -> None:
        """Remember the version that is stored."""
        self._versions[key] = version

    async def update(self, statement: Executable, key: UUID, version: int, row: Mapping[str, object]) -> None:
        """Run an update with the parameters `b_id` and `b_version`; raises `StaleVersion` when it meets no row.

        An aggregate that was not loaded here is expected one version behind.
        """
        await self._expect(statement, key, self._versions.get(key, version - 1), row)
        self._versions[key] = version

    async def delete(self, statement: Executable, key: UUID, version: int) -> None:
        """Run a delete with the parameters `b_id` and `b_version`; raises `StaleVersion` when it meets no row.

        An aggregate that was not loaded here is expected at this version.
        """
        await self._expect(statement, key, self._versions.pop(key, version), {})

    async def _expect(self, statement: Executable, key: UUID, version: int, row: Mapping[str, object]) -> None:
        result = await self.execute(statement, {**row, "b_id": key, "b_version": version})
        if result.rowcount != 1:
            raise StaleVersion("Somebody else changed it meanwhile; read it again.", version=version)

    def collect(self, aggregate: Recording) -> None:
        """Take over the aggregate's recorded events for the commit."""
        self.events.extend(aggregate.collect_events())

    async def _spare(self, statement: Executable, parameters: Callable[[], Parameters]) -> None:
        with translated():
            savepoint = await self.connection.begin_nested()
            try:
                await self.connection.execute(statement, parameters())
            except Exception as error:
                # Fails when there is no transaction to go on with any more, as when SQLite's disk is full.
                await savepoint.rollback()
                if self.connection.invalidated:
                    raise
                raise Spared(reason_of(error)) from None
            await savepoint.commit()

    async def _step(self, step: Coroutine[Any, Any, T]) -> T:
        # PostgreSQL ends a cancelled statement itself, also one that waits for a lock.
        return await (to_its_end(step) if self.is_sqlite else step)
