"""Identity on the in-memory adapters."""

from datetime import timedelta

import pytest

from adapters.memory.bus import InMemoryBus
from adapters.memory.identity import InMemoryMemberQueries
from adapters.memory.security import InMemoryTokenIssuer, PlainPasswordHasher
from adapters.memory.store import MemoryStore
from adapters.memory.system import ManualClock, SequentialIds
from adapters.memory.unit_of_work import InMemoryUnitOfWork
from application.identity.members import MemberService
from application.identity.sign_in import AuthService
from application.ports.realtime import Announcement

PASSWORD = "correct horse battery"


class IdentityWorld:
    """Members and sign-ins, and a clock that stands still."""

    def __init__(self) -> None:
        self.store, self.bus, self.clock, self.ids = MemoryStore(), InMemoryBus(), ManualClock(), SequentialIds()
        self.heard: list[Announcement] = []
        self.bus.listen(self.heard.append)
        queries, hasher, tokens = InMemoryMemberQueries(self.store), PlainPasswordHasher(), InMemoryTokenIssuer()
        self.auth = AuthService(self.unit_of_work, queries, hasher, tokens, self.clock, self.ids)
        self.members = MemberService(self.unit_of_work, queries, hasher, tokens, self.clock, self.ids)

    def unit_of_work(self) -> InMemoryUnitOfWork:
        """A new unit of work."""
        return InMemoryUnitOfWork(self.store, self.bus, self.clock)

    def later(self, **time: float) -> None:
        """Let time pass."""
        self.clock.advance(timedelta(**time))


@pytest.fixture
def world() -> IdentityWorld:
    """An instance without members."""
    return IdentityWorld()
