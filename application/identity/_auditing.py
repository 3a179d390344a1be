"""Lines of the trail, in the transaction of what they tell of, and of what was refused."""

import logging
from datetime import timedelta

from application.ports.limits import Attempt, Limit, RateLimiter
from application.ports.system import Clock, Ids
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.errors import GuildhallError, TooManyRequests
from domain.identity import GUEST, MAX_REASON, Actor, AuditAction, AuditEntry, MemberId

ONCE = Limit(1, timedelta(minutes=15))

_log = logging.getLogger(__name__)


class Trail:
    """Writes what an actor did to a member, and what they were kept from doing.

    What was refused has a transaction of its own. When its line cannot be written, that is logged: the refusal stays
    the answer.
    """

    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock, ids: Ids) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._ids = ids

    async def record(
        self, work: UnitOfWork, action: AuditAction, actor: Actor, member_id: MemberId | None, **details: object
    ) -> None:
        """Add a line; it stands or falls with the caller's transaction, and never makes it fall."""
        entry = AuditEntry.of(self._ids.new(), self._clock.now(), action, actor, member_id, **details)
        await work.audit.record(entry)

    async def refused(
        self, error: GuildhallError, attempted: AuditAction, actor: Actor, member_id: MemberId, **details: object
    ) -> None:
        """A change of the member was refused to `actor`."""
        told = {**details, "attempted": attempted.value, "cause": error.code}
        await self.note(AuditAction.CHANGE_REFUSED, actor, member_id, **told)

    async def note(self, action: AuditAction, actor: Actor, member_id: MemberId | None, **details: object) -> None:
        """What `actor` was kept from doing to the member."""
        await self._write(action, actor, member_id, None, details)

    async def note_telegram(self, action: AuditAction, telegram_id: int, **details: object) -> None:
        """What a Telegram account was kept from doing; its member is the actor, where it has one."""
        await self._write(action, GUEST, None, telegram_id, {**details, "telegram_id": telegram_id})

    async def _write(
        self,
        action: AuditAction,
        actor: Actor,
        member_id: MemberId | None,
        telegram_id: int | None,
        details: dict[str, object],
    ) -> None:
        # A reason that was refused was not measured, and a line that is too long would not be kept.
        cut = {name: each[:MAX_REASON] if isinstance(each, str) else each for name, each in details.items()}
        try:
            async with self._unit_of_work() as work:
                member = None if telegram_id is None else await work.members.by_telegram_id(telegram_id)
                if member is not None:
                    actor, member_id = Actor(member.id, member.effective_role(self._clock.now())), member.id
                await self.record(work, action, actor, member_id, **cut)
                await work.commit()
        except Exception:  # noqa: BLE001 - the refusal is the answer, whatever became of its line
            _log.exception("refusal_not_recorded", extra={"action": action.value})


async def is_news(limiter: RateLimiter, *subjects: str) -> bool:
    """Whether none of these was asked about within the last quarter of an hour: over a limit, the first refusal is told
    and the flood after it is not.
    """
    try:
        await limiter.acquire([Attempt(f"told:{subject}", ONCE) for subject in subjects])
    except TooManyRequests:
        return False
    return True
