"""Long documents of a member's data, made without anybody else waiting for them."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import TypeVar
from weakref import WeakValueDictionary

from application.allowances import Allowance
from application.ports.system import Clock
from domain.errors import TooManyRequests, Unavailable
from domain.identity import Actor, MemberId

MOST_OPEN = 20
LONGEST = timedelta(minutes=30)
PIECES_A_TURN = 25
_SOON = timedelta(seconds=5)

Piece = TypeVar("Piece")


class Export:
    """One document on its way to whoever asked for it."""

    def __init__(self, exports: "Exports", member_id: MemberId | None, ends_at: datetime) -> None:
        self._exports = exports
        self.member_id = member_id
        self.ends_at = ends_at

    async def pieces(self, source: AsyncIterator[Piece]) -> AsyncIterator[Piece]:
        """What the source has, made in turns. Raises `Unavailable` where its reader takes longer than half an hour."""
        try:
            while made := await self._exports.turn(source):
                for piece in made:
                    yield piece
                self._exports.require_time(self)
        finally:
            self.end()

    def end(self) -> None:
        """Nothing more comes: the member may ask for another one."""
        self._exports.ended(self)


class Exports:
    """Lets a member have one export at a time, and all of them together little of the process.

    Pieces are made in turns, of which `at_once` are taken at the same time; between two turns everything else goes on.
    A reader who is slow takes no turn, so exports wait for each other's work and never for each other's readers. At
    most 20 are open in this process, each for half an hour at the longest, whether it is read on or not. What the
    operator makes is not counted.
    """

    def __init__(self, allowance: Allowance, clock: Clock, at_once: int) -> None:
        self._allowance = allowance
        self._clock = clock
        self._turns = asyncio.Semaphore(at_once)
        # Weak, so that an export whose pieces nobody ever asked for is over when it is forgotten.
        self._open: WeakValueDictionary[MemberId, Export] = WeakValueDictionary()

    async def begin(self, actor: Actor) -> Export:
        """The actor's export. Raises `TooManyRequests`: one of theirs is open, 20 are, or theirs are used up."""
        export = Export(self, actor.member_id, self._clock.now() + LONGEST)
        if actor.member_id is None:
            return export
        self._forget_late()
        if actor.member_id in self._open:
            raise TooManyRequests("An export of yours is being written; wait for its end.", _SOON)
        if len(self._open) >= MOST_OPEN:
            raise TooManyRequests("Too many exports are being written; try again soon.", _SOON)
        self._open[actor.member_id] = export
        try:
            await self._allowance.take(actor)
        except BaseException:
            export.end()
            raise
        return export

    async def turn(self, source: AsyncIterator[Piece]) -> list[Piece]:
        """The next pieces of a source; none at its end."""
        made: list[Piece] = []
        async with self._turns:
            async for piece in source:
                made.append(piece)
                if len(made) == PIECES_A_TURN:
                    break
        # A turn that waits for nothing would otherwise follow on the last one, and nothing else get to run.
        await asyncio.sleep(0)
        return made

    def require_time(self, export: Export) -> None:
        """Raise `Unavailable` once the export has taken too long."""
        if self._is_late(export):
            raise Unavailable("The export took too long to read; ask for it again, and read it faster.")

    def ended(self, export: Export) -> None:
        """Forget an export."""
        if export.member_id is not None and self._open.get(export.member_id) is export:
            del self._open[export.member_id]

    def _forget_late(self) -> None:
        # A reader who has stopped reading without leaving asks for no further piece, so that nothing else ends theirs.
        for export in list(self._open.values()):
            if self._is_late(export):
                self.ended(export)

    def _is_late(self, export: Export) -> bool:
        return self._clock.now() > export.ends_at
