"""Lines of the trail about what was refused, each in a transaction of its own."""

import logging
from datetime import timedelta

from application.ports.limits import Attempt, Limit, RateLimiter
from application.ports.system import Clock, Ids
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.errors import TooManyRequests
from domain.identity import GUEST, Actor, AuditAction, AuditEntry, MemberId

ONCE = Limit(1, timedelta(minutes=15))

_log = logging.getLogger(__name__)


class Refusals:
    """Tells the trail of refusals. A line that cannot be written is logged: the refusal stays the answer."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, limiter: RateLimiter, clock: Clock, ids: Ids) -> None:
        self._unit_of_work = unit_of_work
        self._limiter = limiter
        self._clock = clock
        self._ids = ids

    async def note(self, action: AuditAction, actor: Actor, member_id: MemberId | None, **details: object) -> None:
        """What `actor` was kept from doing to the member."""
        await self._write(action, actor, member_id, None, details)

    async def note_telegram(self, action: AuditAction, telegram_id: int, **details: object) -> None:
        """What a Telegram account was kept from doing; its member is the actor, where it has one."""
        await self._write(action, GUEST, None, telegram_id, {**details, "telegram_id": telegram_id})

    async def is_news(self, subject: str) -> bool:
        """Whether this was not asked within the last quarter of an hour: over a limit, the first refusal is told and
        the flood after it is not.
        """
        try:
            await self._limiter.acquire([Attempt(f"told:{subject}", ONCE)])
        except TooManyRequests:
            return False
        return True

    async def _write(
        self,
        action: AuditAction,
        actor: Actor,
        member_id: MemberId | None,
        telegram_id: int | None,
        details: dict[str, object],
    ) -> None:
        now = self._clock.now()
        try:
            async with self._unit_of_work() as work:
                member = None if telegram_id is None else await work.members.by_telegram_id(telegram_id)
                if member is not None:
                    actor, member_id = Actor(member.id, member.effective_role(now)), member.id
                await work.audit.record(AuditEntry.of(self._ids.new(), now, action, actor, member_id, **details))
                await work.commit()
        except Exception:  # noqa: BLE001 - the refusal is the answer, whatever became of its line
            _log.exception("refusal_not_recorded", extra={"action": action.value})
