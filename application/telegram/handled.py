"""What handling comes to, written down: the update's end together with what is to be said."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from application.ports.inbox import Handled
from application.ports.realtime import AnswerOwed, OutgoingOwed
from application.ports.system import Clock, Ids
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from application.telegram.committing import GroupCommit
from domain.telegram import ChatAnswer, InboxUpdate, OutgoingId, OutgoingMessage, Priority, in_pieces


@dataclass(frozen=True, slots=True, eq=False)
class _End:
    """What became of an update that was held under `claim`, and what follows from it."""

    update: InboxUpdate
    claim: UUID
    rows: Sequence[OutgoingMessage] = ()
    answers: Sequence[ChatAnswer] = ()
    command: str | None = None


class HandledWriter:
    """Writes ends of one bot's updates, those that come together by one commit: see `GroupCommit`.

    Of one whose claim was lost nothing is written.
    """

    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock, ids: Ids, bot_id: int) -> None:
        self._clock = clock
        self._ids = ids
        self._bot_id = bot_id
        self._group: GroupCommit[_End] = GroupCommit(unit_of_work, clock, self._save)

    async def write(self, update: InboxUpdate, claim: UUID, handled: Handled) -> bool:
        """Whether it was still held. Raises what keeps it from being written. Goes on when its caller is cancelled."""
        now = self._clock.now()
        pieces = [piece for content in handled.outgoing for piece in in_pieces(content)]
        rows = [
            OutgoingMessage(
                OutgoingId(self._ids.new()), self._bot_id, piece, Priority.REPLY, now, now, caused_by=update.key
            )
            for piece in pieces
        ]
        return await self._group.write(_End(update, claim, rows, handled.answers, handled.command))

    async def finish(self) -> None:
        """Return when all that was handed over is written, or given up."""
        await self._group.finish()

    async def _save(self, work: UnitOfWork, ends: Sequence[_End]) -> Sequence[bool]:
        held = await work.telegram_updates.save_each([(end.update, end.claim) for end in ends])
        kept = [end for end in ends if end.update.key in held]
        if rows := [row for end in kept for row in end.rows]:
            await work.outgoing_messages.add(rows)
            work.announce(OutgoingOwed(self._bot_id))
        if answers := [answer for end in kept for answer in end.answers]:
            for answer in answers:
                await work.telegram_answers.add(answer)
            work.announce(AnswerOwed(self._bot_id))
        # In one order everywhere, so that two processes never wait for each other.
        for command, times in sorted(Counter(end.command for end in kept if end.command is not None).items()):
            await work.telegram_commands.count_use(command, times)
        return [end.update.key in held for end in ends]
