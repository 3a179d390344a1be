"""What one unit of work has staged: its own tables, the versions it read, the events it will log."""

from collections.abc import Container
from uuid import UUID

from adapters.memory.store import Tables
from domain.errors import Conflict, StaleVersion
from domain.events import Channel, Event, Recorder


class Transaction:
    """Shared by the repositories of one unit of work; refuses to be used after its end.

    `ended` are channels of what was removed: what their logs held before is forgotten.
    """

    def __init__(self, tables: Tables) -> None:
        self._tables: Tables | None = tables
        self._versions: dict[UUID, int] = {}
        self.events: list[Event] = []
        self.ended: set[Channel] = set()

    @property
    def tables(self) -> Tables:
        """The staged tables; raises `RuntimeError` after the end."""
        if self._tables is None:
            raise RuntimeError("The unit of work has ended; open a new one.")
        return self._tables

    def close(self) -> None:
        """Let go of what was staged."""
        self._tables = None

    def loaded(self, key: UUID, version: int) -> None:
        """Remember the version that was read, or written, of an aggregate."""
        self._versions[key] = version

    def check_version(self, name: str, key: UUID, stored: int | None, version: int) -> None:
        """Raise `StaleVersion` unless the aggregate is still stored as it was read.

        One that was not read here is expected one version behind.
        """
        if stored is None or self._versions.get(key, version - 1) != stored:
            raise StaleVersion(f"The {name} has changed since it was read; read it again.", version=stored)

    def collect(self, aggregate: Recorder) -> None:
        """Take over the aggregate's recorded events."""
        self.events.extend(aggregate.collect_events())


def require_row(table: Container[object], key: object, name: str) -> None:
    """The foreign key of a row: raise `Conflict` when what it names is not there."""
    if key not in table:
        raise Conflict(f"The {name} does not exist any more.")


def require_free(taken: bool, name: str, field: str) -> None:
    """A unique column: raise `Conflict` that names the field when another row holds the value."""
    if taken:
        raise Conflict(f"Another {name} has this {field}; choose another one.", field=field)
