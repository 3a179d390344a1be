"""What a member may do is changed in one way: checked, kept, written into the trail and told to their sockets."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime

from application.identity._auditing import Trail
from application.ports.realtime import RightsChanged
from application.ports.system import Clock
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.errors import Conflict, NotAllowed, NotFound
from domain.identity import Actor, AuditAction, Member, MemberId


class RightsChange:
    """Changes members' rights, one transaction each.

    The last owner stays: who is an active OWNER without an end is neither demoted, banned nor deleted while nobody
    else is. Two who would each leave the other as the last one take turns.
    """

    def __init__(self, unit_of_work: UnitOfWorkFactory, trail: Trail, clock: Clock) -> None:
        self._unit_of_work = unit_of_work
        self._trail = trail
        self._clock = clock

    @asynccontextmanager
    async def of(
        self, actor: Actor, member_id: MemberId, action: AuditAction, **details: object
    ) -> AsyncIterator[tuple[UnitOfWork, Member]]:
        """The member to change, in the transaction that keeps the change. Raises `NotFound`, and `Conflict` for the
        last owner. What the rules refuse stands in the trail too.
        """
        try:
            async with self._unit_of_work() as work:
                await work.members.hold_owners()
                await require_same_rights(work, actor, self._clock.now())
                member = await work.members.get(member_id)
                was_owner = member.is_lasting_owner()
                yield work, member
                if was_owner and not member.is_lasting_owner():
                    await require_other_owner(work, member_id)
                await work.members.save(member, self._clock.now())
                await self._trail.record(work, action, actor, member_id, **details)
                work.announce(RightsChanged(member_id=member_id))
                await work.commit()
        except (NotAllowed, Conflict) as error:
            await self._trail.refused(error, action, actor, member_id, **details)
            raise


async def require_same_rights(work: UnitOfWork, actor: Actor, now: datetime) -> None:
    """Raise `NotAllowed` when who asks has lost rights since they asked: while they waited for another change, say.

    Call `hold_owners` before.
    """
    if actor.member_id is None:
        return
    with suppress(NotFound):
        member = await work.members.get(actor.member_id)
        if member.is_active and member.effective_role(now) >= actor.role:
            return
    raise NotAllowed("Your own rights were changed meanwhile; nothing was done.", rule="rights_changed")


async def require_other_owner(work: UnitOfWork, member_id: MemberId) -> None:
    """Raise `Conflict` unless somebody else is a lasting owner. Call `hold_owners` before reading the member."""
    if not await work.members.has_lasting_owner(but=member_id):
        raise Conflict("The last owner stays owner; make somebody else OWNER first.", rule="last_owner")
