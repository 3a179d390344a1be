"""A member's sign-ins on their devices."""

from application.ports.identity import MemberQueries, SignInView
from application.ports.paging import Page
from application.ports.realtime import RightsChanged
from application.ports.system import Clock, Ids
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.errors import NotFound
from domain.identity import Actor, AuditAction, AuditEntry, SignInId


class SignInService:
    """Shows a member where they are signed in, and ends what they do not want.

    An ended sign-in stops at once: its tokens, and its open sockets.
    """

    def __init__(self, unit_of_work: UnitOfWorkFactory, queries: MemberQueries, clock: Clock, ids: Ids) -> None:
        self._unit_of_work = unit_of_work
        self._queries = queries
        self._clock = clock
        self._ids = ids

    async def page(self, actor: Actor, *, cursor: str | None = None, limit: int = 50) -> Page[SignInView]:
        """The actor's active sign-ins, newest first; raises `Malformed` on a broken cursor."""
        return await self._queries.sign_ins(actor.require_member(), cursor, limit, self._clock.now())

    async def end(self, actor: Actor, sign_in_id: SignInId) -> None:
        """End one of the actor's sign-ins; raises `NotFound` for another member's and for one that has ended."""
        member_id, now = actor.require_member(), self._clock.now()
        async with self._unit_of_work() as work:
            sign_in = await work.sign_ins.get(sign_in_id)
            if sign_in is None or sign_in.member_id != member_id or not sign_in.is_active(now):
                raise NotFound("There is no such sign-in.")
            sign_in.end(now)
            await work.sign_ins.save(sign_in)
            line = AuditEntry.of(self._ids.new(), now, AuditAction.SIGNED_OUT, actor, member_id, cause="ended")
            await work.audit.record(line)
            work.announce(RightsChanged(member_id=member_id))
            await work.commit()

    async def end_others(self, actor: Actor) -> None:
        """End all of the actor's sign-ins but the one that carries this request."""
        member_id, now = actor.require_member(), self._clock.now()
        async with self._unit_of_work() as work:
            # Locked first, as by whoever else changes several of the member's sign-ins.
            await work.members.get(member_id)
            await work.sign_ins.end_all(member_id, now, but=actor.sign_in_id)
            line = AuditEntry.of(self._ids.new(), now, AuditAction.SIGNED_OUT, actor, member_id, cause="ended_others")
            await work.audit.record(line)
            work.announce(RightsChanged(member_id=member_id))
            await work.commit()
