"""Results of sending, written down."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from application.ports.system import Clock
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from application.telegram.committing import GroupCommit
from domain.telegram import OutgoingMessage

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What became of a row that was held under `claim`. `moved_from` is the chat that has another id now."""

    row: OutgoingMessage
    claim: UUID
    moved_from: int | None = None


class OutcomeWriter:
    """Writes outcomes of one bot's rows, those that come together by one commit: see `GroupCommit`."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock, bot_id: int) -> None:
        self._bot_id = bot_id
        self._group: GroupCommit[Outcome] = GroupCommit(unit_of_work, clock, self._save)

    async def write(self, row: OutgoingMessage, claim: UUID, moved_from: int | None = None) -> bool:
        """False when nothing was written: the claim was lost, or the row is left to its lease and sent again. Goes on
        when its caller is cancelled.
        """
        try:
            was_held = await self._group.write(Outcome(row, claim, moved_from))
        except Exception as error:  # noqa: BLE001 - its lease ends by itself
            _log.error("outcome_lost", extra={"row": str(row.id), "state": row.state.value}, exc_info=error)
            return False
        if not was_held:
            _log.warning("row_lost", extra={"row": str(row.id)})
        return was_held

    async def finish(self) -> None:
        """Return when all that was handed over is written, or given up."""
        await self._group.finish()

    async def _save(self, work: UnitOfWork, outcomes: Sequence[Outcome]) -> Sequence[bool]:
        held = await work.outgoing_messages.save_each([(outcome.row, outcome.claim) for outcome in outcomes])
        for outcome in outcomes:
            if outcome.moved_from is not None and outcome.row.id in held:
                await work.outgoing_messages.moved(self._bot_id, outcome.moved_from, outcome.row.content.chat_id)
        return [outcome.row.id in held for outcome in outcomes]
