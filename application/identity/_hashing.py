"""Who hashes next: argon2 is slow on purpose, so that guessing could take it away from everybody else."""

import asyncio
from bisect import insort
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from enum import IntEnum

from application.identity._doubtful_lane import DoubtfulLane
from application.ports.identity import PasswordHasher
from application.ports.system import Clock, Draw
from domain.errors import TooManyRequests

SLOTS = 2
ROOM = 64
RETRY_AFTER = timedelta(seconds=5)


class Standing(IntEnum):
    """Whose turn comes first."""

    KNOWN = 0
    ORDINARY = 1
    DOUBTFUL = 2


@dataclass(frozen=True, slots=True)
class Claim:
    """Who asks for a hash: the account as it was typed, the address, how they stand, how often it failed."""

    account: str = ""
    address: str = ""
    standing: Standing = Standing.ORDINARY
    misses: int = 0


@dataclass(order=True, slots=True)
class _Waiter:
    place: tuple[int, int, int]
    turn: asyncio.Future[None] = field(compare=False)


class HashingQueue(PasswordHasher):
    """Lets `slots` hashes run at once, and the rest wait in a bounded room.

    Known addresses go first, ordinary ones next; within either, an address goes behind those that failed less often and
    have fewer waiting: a flood of guesses falls behind, and out of a full room, as its addresses fail.
    Doubtful claims hold no slot: they go beside them in a lane of their own, yielding to everything else.
    Who finds no place, or loses it, is told to come back: `TooManyRequests`.
    """

    def __init__(
        self,
        hasher: PasswordHasher,
        clock: Clock,
        draw: Draw,
        slots: int = SLOTS,
        room: int = ROOM,
    ) -> None:
        self._hasher = hasher
        self._free = slots
        self._room = room
        self._waiting: list[_Waiter] = []
        self._order = 0
        self._claims: Counter[str] = Counter()
        self._lane = DoubtfulLane(clock, draw)

    async def hash(self, password: str) -> str:
        """The encoded hash, at an ordinary turn."""
        async with self._turn(Claim()):
            return await self._hasher.hash(password)

    async def verify(self, password_hash: str | None, password: str, *, yielding: bool = False) -> bool:
        """Whether they belong together, at an ordinary turn, or at a doubtful one when it is to yield."""
        standing = Standing.DOUBTFUL if yielding else Standing.ORDINARY
        return await self.verify_for(Claim(standing=standing), password_hash, password)

    async def verify_for(self, claim: Claim, password_hash: str | None, password: str) -> bool:
        """Whether they belong together, when it is the claim's turn."""
        if claim.standing is not Standing.DOUBTFUL:
            async with self._turn(claim):
                return await self._hasher.verify(password_hash, password)
        async with self.doubtful_turn(claim.account):
            return await self.verify_in_doubtful_turn(password_hash, password)

    def doubtful_turn(self, account: str, *, is_paced: bool = False) -> AbstractAsyncContextManager[None]:
        """A turn in the lane of doubtful claims, for what has to be done for one before it is hashed.

        Raises `TooManyRequests` when another one took the place. A paced account has one turn a second.
        """
        return self._lane.turn(account, is_paced=is_paced)

    async def verify_in_doubtful_turn(self, password_hash: str | None, password: str) -> bool:
        """Whether they belong together, for whoever holds a doubtful turn."""
        return await self._hasher.verify(password_hash, password, yielding=True)

    @asynccontextmanager
    async def _turn(self, claim: Claim) -> AsyncIterator[None]:
        """A slot, at once when one is free: nobody waits while one is."""
        with _counted(self._claims, claim.address):
            if self._free:
                self._free -= 1
            else:
                await self._wait(claim)
            try:
                yield
            finally:
                self._hand_on()

    async def _wait(self, claim: Claim) -> None:
        self._order += 1
        before = claim.misses + (self._claims[claim.address] - 1 if claim.address else 0)
        waiter = _Waiter((claim.standing, before, self._order), asyncio.get_running_loop().create_future())
        self._make_room_for(waiter)
        insort(self._waiting, waiter)
        try:
            await waiter.turn
        except BaseException:
            if waiter in self._waiting:
                self._waiting.remove(waiter)
            elif waiter.turn.done() and not waiter.turn.cancelled() and waiter.turn.exception() is None:
                self._hand_on()
            raise

    def _make_room_for(self, waiter: _Waiter) -> None:
        if len(self._waiting) < self._room:
            return
        if self._waiting[-1] < waiter:
            raise too_busy()
        turn = self._waiting.pop().turn
        # One who has just been cancelled needs no answer.
        if not turn.done():
            turn.set_exception(too_busy())

    def _hand_on(self) -> None:
        """Give the slot to the first who still waits."""
        while self._waiting:
            turn = self._waiting.pop(0).turn
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1


@contextmanager
def _counted(counter: Counter[str], key: str) -> Iterator[None]:
    counter[key] += 1
    try:
        yield
    finally:
        counter[key] -= 1
        if not counter[key]:
            del counter[key]


def too_busy() -> TooManyRequests:
    """For whoever finds no room: it is nobody's failure and nobody's limit."""
    return TooManyRequests("Too many sign-ins at once; try again in a few seconds.", RETRY_AFTER)
