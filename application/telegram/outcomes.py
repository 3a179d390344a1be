"""Results of sending, written down: those that come together share one commit."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from application.ports.system import Clock
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.errors import Unavailable
from domain.telegram import OutgoingMessage

MAX_TOGETHER = 200
MAX_TRIES = 20
PAUSE_SECONDS = 0.5

_log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class Outcome:
    """What became of a row that was held under `claim`. `moved_from` is the chat that has another id now."""

    row: OutgoingMessage
    claim: UUID
    moved_from: int | None = None
    written: asyncio.Future[bool] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class OutcomeWriter:
    """Writes outcomes of one bot's rows. While one commit is under way, those that come wait for the next one.

    A database that is away is tried again for seconds: an outcome that is lost means a message that is repeated.
    """

    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock, bot_id: int) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._bot_id = bot_id
        self._waiting: list[Outcome] = []
        self._writing: asyncio.Task[None] | None = None

    async def write(self, row: OutgoingMessage, claim: UUID, moved_from: int | None = None) -> bool:
        """False when the claim was lost: then nothing was written. Goes on when its caller is cancelled."""
        outcome = Outcome(row, claim, moved_from)
        self._waiting.append(outcome)
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_all())
        return await asyncio.shield(outcome.written)

    async def finish(self) -> None:
        """Return when all that was handed over is written, or given up."""
        while self._writing is not None:
            await asyncio.wait({self._writing})

    async def _write_all(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:MAX_TOGETHER], self._waiting[MAX_TOGETHER:]
                if not await self._try(batch):
                    for outcome in batch:  # one of them breaks the commit; it must not take the others along
                        await self._alone(outcome)
        finally:
            self._writing = None

    async def _alone(self, outcome: Outcome) -> None:
        for _ in range(MAX_TRIES):
            if await self._try([outcome]):
                return
            await self._clock.sleep(PAUSE_SECONDS)
        # Its lease ends by itself; then it is sent again.
        _log.error("outcome_lost", extra={"row": str(outcome.row.id), "state": outcome.row.state.value})
        outcome.written.set_result(False)

    async def _try(self, batch: Sequence[Outcome]) -> bool:
        try:
            async with self._unit_of_work() as work:
                written = [await self._save(work, outcome) for outcome in batch]
                await work.commit()
        except Unavailable as error:
            _log.warning("outcome_waits", extra={"reason": error.message})
            return False
        except Exception:  # noqa: BLE001 - tried again, one by one
            _log.exception("outcome_not_written")
            return False
        for outcome, was_held in zip(batch, written, strict=True):
            outcome.written.set_result(was_held)
        return True

    async def _save(self, work: UnitOfWork, outcome: Outcome) -> bool:
        if not await work.outgoing_messages.save(outcome.row, outcome.claim):
            _log.warning("row_lost", extra={"row": str(outcome.row.id)})
            return False
        if outcome.moved_from is not None:
            await work.outgoing_messages.moved(self._bot_id, outcome.moved_from, outcome.row.content.chat_id)
        return True
