"""The lane of doubtful attempts: one hash at a time, and a lot decides whose."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from application.ports.system import Clock, Draw
from domain.errors import TooManyRequests

ROOM, ROOM_OF_ACCOUNT = 16, 2
RESTS = 4
LONGEST_REST = timedelta(seconds=5)
PACE = timedelta(seconds=1)
_Each = TypeVar("_Each")


@dataclass(eq=False, slots=True)
class _Waiter:
    account: str
    is_paced: bool
    turn: asyncio.Future[None]


class DoubtfulLane:
    """Turns one at a time; after each the lane rests four times as long as it took.

    The next turn is drawn: first the account, then who of those that wait for it, so that guesses at many names don't
    keep one account waiting. Few may wait, two for one account. Who comes to a full room takes the place of one of
    the accounts that have most there, by lot, who is told to come back.
    A paced account has one turn a second.
    """

    def __init__(self, clock: Clock, draw: Draw) -> None:
        self._clock = clock
        self._draw = draw
        self._is_taken = False
        self._waiting: list[_Waiter] = []
        self._rests_until = clock.now()
        self._cycle = timedelta()
        self._next: dict[str, datetime] = {}

    @asynccontextmanager
    async def turn(self, account: str, *, is_paced: bool = False) -> AsyncIterator[None]:
        """The account's turn; raises `TooManyRequests` without a place, or when another one took it."""
        if self._is_taken:
            await self._wait(account, is_paced=is_paced)
        self._is_taken = True
        try:
            begins = max(self._rests_until, self._due(account, is_paced=is_paced))
            await self._clock.sleep((begins - self._clock.now()).total_seconds())
            began = self._clock.now()
            if is_paced:
                self._next = {each: due for each, due in self._next.items() if due > began} | {account: began + PACE}
            try:
                yield
            finally:
                ended = self._clock.now()
                self._rests_until = ended + min(max(RESTS * (ended - began), timedelta()), LONGEST_REST)
                self._cycle = self._rests_until - began
        finally:
            self._hand_on()

    def _due(self, account: str, *, is_paced: bool) -> datetime:
        now = self._clock.now()
        return self._next.get(account, now) if is_paced else now

    async def _wait(self, account: str, *, is_paced: bool) -> None:
        self._make_room_for(account, is_paced=is_paced)
        waiter = _Waiter(account, is_paced, asyncio.get_running_loop().create_future())
        self._waiting.append(waiter)
        try:
            await waiter.turn
        except BaseException:
            if waiter in self._waiting:
                self._waiting.remove(waiter)
            elif waiter.turn.done() and not waiter.turn.cancelled() and waiter.turn.exception() is None:
                self._hand_on()
            raise

    def _make_room_for(self, account: str, *, is_paced: bool) -> None:
        places = Counter(waiter.account for waiter in self._waiting)
        places[account] += 1
        if places[account] > ROOM_OF_ACCOUNT:
            raise _busy(self._expected_wait(account, is_paced=is_paced))
        if len(self._waiting) < ROOM:
            return
        crowded = [each for each, count in places.items() if count == max(places.values())]
        leaving = self._one_of([waiter for waiter in self._waiting if waiter.account in crowded])
        self._waiting.remove(leaving)
        # One who has just been cancelled needs no answer.
        if not leaving.turn.done():
            wait = self._expected_wait(leaving.account, is_paced=leaving.is_paced)
            leaving.turn.set_exception(_busy(wait))

    def _expected_wait(self, account: str, *, is_paced: bool) -> timedelta:
        """How long until each account that waits has had a turn, or all who wait for this one where it is paced."""
        accounts = Counter(waiter.account for waiter in self._waiting)
        accounts[account] += 1
        left = max(self._rests_until - self._clock.now(), timedelta())
        paced = accounts[account] * PACE if is_paced else PACE
        return max(left + len(accounts) * self._cycle, paced)

    def _hand_on(self) -> None:
        """Draw who is next among those whose turn may be now; where there is none, who comes first may rest longer."""
        self._waiting = [waiter for waiter in self._waiting if not waiter.turn.done()]
        if not self._waiting:
            self._is_taken = False
            return
        begins = max(self._clock.now(), self._rests_until)
        due = {waiter: self._due(waiter.account, is_paced=waiter.is_paced) for waiter in self._waiting}
        ready = [waiter for waiter in self._waiting if due[waiter] <= begins]
        if ready:
            account = self._one_of(list(dict.fromkeys(waiter.account for waiter in ready)))
            chosen = self._one_of([waiter for waiter in ready if waiter.account == account])
        else:
            chosen = min(self._waiting, key=due.__getitem__)
        self._waiting.remove(chosen)
        chosen.turn.set_result(None)

    def _one_of(self, those: Sequence[_Each]) -> _Each:
        return those[self._draw(len(those))]


def _busy(wait: timedelta) -> TooManyRequests:
    return TooManyRequests("Too many attempts at once; try again in a while.", wait)
