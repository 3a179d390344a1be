"""What is kept of a member: handed over to them, and removed."""

from collections.abc import AsyncIterator, Mapping
from datetime import timedelta

from application.exports import Exports
from application.identity._auditing import Trail
from application.identity._reauthentication import Reauthentication, has_just_signed_in
from application.identity._rights import require_other_owner, require_same_rights
from application.ports.identity import MemberExport, MemberQueries
from application.ports.realtime import ReplyStopped, RightsChanged, RunningReplies
from application.ports.system import Clock
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.chat import ChatSession
from domain.errors import Conflict, Invalid, NotAllowed, NotFound
from domain.identity import RECENT, Actor, AuditAction, Member, MemberId, Role

ExportedRecord = tuple[str, Mapping[str, object]]

_MINUTES = RECENT // timedelta(minutes=1)


class DataRights:
    """A member's right to all that is kept of them, and to its end.

    Everybody exports and deletes their own; an OWNER exports anybody's, and who may ban a member may delete them. The
    last owner stays. A deleted member's sessions, accounts, sign-ins, tokens, owed mail and all that they and the bot
    said to each other are gone for good; what they wrote in others' sessions and the audit trail stay without the
    person. What they wrote in groups is forgotten with the rest of the inbox, after its time.
    """

    def __init__(
        self,
        unit_of_work: UnitOfWorkFactory,
        queries: MemberQueries,
        member_export: MemberExport,
        running: RunningReplies,
        reauthentication: Reauthentication,
        exports: Exports,
        trail: Trail,
        clock: Clock,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._queries = queries
        self._member_export = member_export
        self._running = running
        self._reauthentication = reauthentication
        self._exports = exports
        self._clock = clock
        self._trail = trail

    async def export(self, actor: Actor, member_id: MemberId | None = None) -> AsyncIterator[ExportedRecord]:
        """(section, record) pairs of everything, as `MemberExport` orders them: one's own, or anybody's for an OWNER.

        Raises `NotAllowed`, `NotFound` and `TooManyRequests` at once, before the first record; between two of them
        `Unavailable` for a reader who takes too long.
        """
        if member_id is None:
            member_id = actor.require_member()
        elif member_id != actor.member_id:
            actor.require(Role.OWNER)
        export = await self._exports.begin(actor)
        try:
            async with self._unit_of_work() as work:
                await work.members.get(member_id)
                await self._trail.record(work, AuditAction.EXPORTED, actor, member_id)
                await work.commit()
        except BaseException:
            export.end()
            raise
        return export.pieces(self._member_export.records(member_id))

    async def delete_own(self, actor: Actor, password: str | None) -> None:
        """Delete one's own account; the password is needed, or where there is none, a sign-in of just now.

        Raises `Invalid` without it, `NotAllowed` when the sign-in is older, `InvalidCredentials`, `TooManyRequests`,
        and `Conflict` for the last owner.
        """
        member_id = actor.require_member()
        proved = await self._proof(actor, member_id, password)
        async with self._unit_of_work() as work:
            member = await self._held(work, member_id)
            if member.user is not None and member.user.password_hash != proved:
                raise Conflict("The password was changed meanwhile; enter the new one.")
            if proved is None and not await has_just_signed_in(work, actor, self._clock.now()):
                raise NotAllowed(f"Sign in again, and delete the account within {_MINUTES} minutes.")
            await self._delete(work, actor, member)

    async def delete(self, actor: Actor, member_id: MemberId) -> None:
        """Delete another member. Raises `NotAllowed`, `NotFound`, and `Conflict` for the last owner."""
        try:
            async with self._unit_of_work() as work:
                member = await self._held(work, member_id)
                await require_same_rights(work, actor, self._clock.now())
                member.check_may_be_deleted_by(actor, self._clock.now())
                await self._delete(work, actor, member)
        except (NotAllowed, Conflict) as error:
            await self._trail.refused(error, AuditAction.DELETED, actor, member_id)
            raise

    async def _proof(self, actor: Actor, member_id: MemberId, password: str | None) -> str | None:
        """The hash of the password that was proved; None where there is none to prove."""
        view = await self._queries.view(member_id, self._clock.now())
        if view is None:
            raise NotFound("There is no such member.")
        if not view.has_password:
            return None
        if password is None:
            raise Invalid.of("password", "expected your password, to confirm")
        member = await self._reauthentication.require(actor, password)
        return member.user.password_hash if member.user else None

    async def _held(self, work: UnitOfWork, member_id: MemberId) -> Member:
        await work.members.hold_owners()
        # Sessions before the member, in the order of whoever writes a message, so that two never wait for each other.
        await work.chat_sessions.of_member(member_id)
        return await work.members.get(member_id)

    async def _delete(self, work: UnitOfWork, actor: Actor, member: Member) -> None:
        if member.is_lasting_owner():
            await require_other_owner(work, member.id)
        for session in await work.chat_sessions.of_member(member.id):
            await self._leave(work, session, member.id)
        # Before the deletion, which takes the person out of the trail: out of this line too.
        await self._trail.record(work, AuditAction.DELETED, actor, member.id)
        await work.members.delete(member)
        if member.telegram is not None:
            await self._forget_chat(work, member.telegram.telegram_id)
        if member.user is not None and member.user.email is not None:
            await work.mail_queue.forget(member.user.email)
        work.announce(RightsChanged(member_id=member.id))
        await work.commit()

    async def _forget_chat(self, work: UnitOfWork, telegram_id: int) -> None:
        # A private chat has the number of the person in it.
        await work.telegram_updates.forget_person(telegram_id, self._clock.now())
        await work.outgoing_messages.forget_chat(telegram_id)
        await work.telegram_answers.forget_chat(telegram_id)
        await work.telegram_conversations.leave(telegram_id)

    async def _leave(self, work: UnitOfWork, session: ChatSession, member_id: MemberId) -> None:
        if session.user_id != member_id:
            session.member_left(member_id)
            await work.chat_sessions.save(session)
            return
        session.delete()
        await work.chat_sessions.delete(session)
        for reply in self._running.of_session(session.id):
            work.announce(ReplyStopped(reply.message_id, reply.generation))
