"""Two backends that go through the same operations and must give the same answers."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from domain.errors import GuildhallError
from tests.support.backend import Backend

T = TypeVar("T")


@dataclass(frozen=True)
class Lockstep:
    """The backend under test and one in memory, with the same clock and ids from the beginning."""

    tested: Backend
    model: Backend

    async def agree(self, operation: Callable[[Backend], Awaitable[T]]) -> T | type[GuildhallError]:
        """What the operation returned, or the error it raised, once both backends have answered alike."""
        expected, found = await _outcome(operation, self.model), await _outcome(operation, self.tested)
        assert found == expected
        return found


async def _outcome(operation: Callable[[Backend], Awaitable[T]], backend: Backend) -> T | type[GuildhallError]:
    try:
        return await operation(backend)
    except GuildhallError as error:
        return type(error)
