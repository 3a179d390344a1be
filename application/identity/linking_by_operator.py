"""Linking and unlinking by the operator, who answers for both sides."""

from application.identity._auditing import Trail
from application.identity._linked import Pair, merge_pair, one_at_a_time, unlink_member
from application.ports.system import Clock, Ids
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.errors import GuildhallError, NotFound
from domain.identity import Actor, AuditAction, MemberId, check_may_link


class LinkingByOperator:
    """Makes a web account and a Telegram account one member, and two again, without asking either side.

    Only the operator at the terminal may; the trail says that it was them. Who may be linked is the same as by a code.
    """

    def __init__(self, unit_of_work: UnitOfWorkFactory, trail: Trail, clock: Clock, ids: Ids) -> None:
        self._unit_of_work = unit_of_work
        self._trail = trail
        self._clock = clock
        self._ids = ids

    async def link(self, actor: Actor, member_id: MemberId, telegram_id: int) -> MemberId:
        """The one member: the older of the two, with what both owned.

        Raises `NotAllowed` for anybody but the operator and for a banned account, `NotFound` for a member or a Telegram
        account that is not known, and `Conflict` when either is linked to another one.
        """
        actor.require_operator()
        try:
            async with one_at_a_time(self._unit_of_work) as work:
                telegram = await work.members.by_telegram_id(telegram_id)
                web = await work.members.get(member_id)
                if telegram is None:
                    raise NotFound(
                        f"The Telegram account {telegram_id} has never written to the bot or signed in here."
                    )
                check_may_link(web, telegram)
                survivor = await merge_pair(work, Pair(web, telegram), actor, self._ids, self._clock.now())
                await work.commit()
        except GuildhallError as refusal:
            await self._trail.note(AuditAction.LINK_REFUSED, actor, member_id, cause=refusal.code)
            raise
        return survivor.id

    async def unlink(self, actor: Actor, member_id: MemberId) -> None:
        """What the member owns stays with the web account; all their sign-ins end, since Telegram may have opened any.

        Raises `NotAllowed` for anybody but the operator, `NotFound`, and `Conflict` when nothing is linked.
        """
        actor.require_operator()
        await unlink_member(self._unit_of_work, actor, member_id, self._ids, self._clock.now())
