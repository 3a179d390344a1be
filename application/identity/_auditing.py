"""Lines of the trail, in the transaction of what they tell of, and of what was refused."""

import logging

from application.ports.system import Clock, Ids
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.errors import GuildhallError
from domain.identity import MAX_REASON, Actor, AuditAction, AuditEntry, MemberId

_log = logging.getLogger(__name__)


class Trail:
    """Writes what an actor did to a member, and what they were kept from doing."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock, ids: Ids) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._ids = ids

    async def record(
        self, work: UnitOfWork, action: AuditAction, actor: Actor, member_id: MemberId, **details: object
    ) -> None:
        """Add a line; it stands or falls with the caller's transaction, and never makes it fall."""
        entry = AuditEntry.of(self._ids.new(), self._clock.now(), action, actor, member_id, **details)
        await work.audit.record(entry)

    async def refused(
        self, error: GuildhallError, attempted: AuditAction, actor: Actor, member_id: MemberId, **details: object
    ) -> None:
        """Add a line about a change that was refused, in a transaction of its own; a failure is logged."""
        # A reason that was refused was not measured, and a line that is too long would not be kept.
        cut = {name: each[:MAX_REASON] if isinstance(each, str) else each for name, each in details.items()}
        told = {**cut, "attempted": attempted.value, "cause": error.code}
        try:
            async with self._unit_of_work() as work:
                await self.record(work, AuditAction.CHANGE_REFUSED, actor, member_id, **told)
                await work.commit()
        except Exception:  # noqa: BLE001 - the refusal is the answer, whatever became of its line
            _log.exception("refusal_not_recorded", extra={"attempted": attempted.value})
