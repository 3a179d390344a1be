"""The steps of linking inside a transaction: whose request it is, who becomes one, and what is told of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from application.ports.realtime import RightsChanged
from application.ports.system import Ids
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.errors import NotFound
from domain.identity import (
    Actor,
    AuditAction,
    AuditEntry,
    LinkRequest,
    LinkRequestId,
    LinkState,
    Member,
    MemberId,
    Role,
    check_can_enter_password,
    check_may_link,
    check_may_unlink,
    code_refused,
    merge,
    needs_reauthentication,
    unlink,
)


@asynccontextmanager
async def one_at_a_time(unit_of_work: UnitOfWorkFactory) -> AsyncIterator[UnitOfWork]:
    """A unit of work that no other change of owners, link or deletion runs beside.

    Merging moves what makes owners, and each step locks a request and two members: two that cross would wait for each
    other.
    """
    async with unit_of_work() as work:
        await work.members.hold_owners()
        yield work


@dataclass(frozen=True, slots=True)
class Pair:
    """The two sides of a request to link, as they are in this transaction."""

    web: Member
    telegram: Member

    @classmethod
    async def of(cls, work: UnitOfWork, request: LinkRequest, now: datetime) -> "Pair":
        """Raises `InvalidToken` when either side is gone, the web account has changed since or the sign-in that asked
        has ended, and `Conflict` or `NotAllowed` unless the two can become one, with the web side's password
        where it is asked for.
        """
        if request.telegram_id is None:
            raise code_refused()
        telegram = await work.members.by_telegram_id(request.telegram_id)
        if telegram is None:
            raise code_refused()
        web = telegram if telegram.id == request.member_id else await work.members.get(request.member_id)
        asked_in = None if request.sign_in_id is None else await work.sign_ins.get(request.sign_in_id)
        request.check_trusted(web, asked_in, now)
        check_may_link(web, telegram)
        pair = cls(web, telegram)
        if pair.asks_for_password(now):
            check_can_enter_password(web)
        return pair

    def asks_for_password(self, now: datetime) -> bool:
        """Whether the web side has to have entered the password."""
        return needs_reauthentication(self.web, self.telegram, now)


async def own_request(work: UnitOfWork, actor: Actor, request_id: LinkRequestId) -> LinkRequest:
    """The actor's request; raises `NotFound` for somebody else's too."""
    member_id = actor.require_member()
    request = await work.link_requests.get(request_id)
    if request.member_id != member_id:
        raise NotFound("There is no such request to link.", request_id=str(request_id))
    return request


async def presented_request(work: UnitOfWork, telegram_id: int, request_id: LinkRequestId) -> LinkRequest:
    """The request whose code this Telegram account sent; raises `InvalidToken` for any other."""
    try:
        request = await work.link_requests.get(request_id)
    except NotFound:
        raise code_refused() from None
    if request.telegram_id != telegram_id:
        raise code_refused()
    return request


async def linked_by(work: UnitOfWork, request: LinkRequest) -> MemberId | None:
    """The one member that this request made; None when it made none, or when its accounts were taken apart since."""
    if request.state is not LinkState.LINKED or request.telegram_id is None:
        return None
    member = await work.members.by_telegram_id(request.telegram_id)
    return member.id if member is not None and member.user is not None and member.id == request.member_id else None


async def merge_pair(work: UnitOfWork, pair: Pair, by: Actor | None, ids: Ids, now: datetime) -> Member:
    """The one member, the older of the two, with everything of both. `by` is the web side, the operator, or None for
    Telegram's side. A request is saved before, while it is still whose it was.

    The sockets of either look at their rights anew.
    """
    telegram_id = pair.telegram.telegram.telegram_id if pair.telegram.telegram else None
    roles = {"web_role": pair.web.effective_role(now).name, "telegram_role": pair.telegram.effective_role(now).name}
    survivor, absorbed = merge(pair.web, pair.telegram, now)
    # The absorbed one first, who lets go of account and grants.
    await work.members.save(absorbed, now)
    await work.members.save(survivor, now)
    await work.merging.move_belongings(absorbed.id, survivor.id)
    await work.members.delete(absorbed)
    role = survivor.effective_role(now)
    actor = by if by and by.operator else _as(survivor.id, role, by)
    details = {"absorbed": str(absorbed.id), "telegram_id": telegram_id, "role": role.name, **roles}
    await work.audit.record(AuditEntry.of(ids.new(), now, AuditAction.LINKED, actor, survivor.id, **details))
    for member in (absorbed, survivor):
        work.announce(RightsChanged(member_id=member.id))
    return survivor


def _as(member_id: MemberId, role: Role, by: Actor | None) -> Actor:
    return Actor(member_id, role, by.sign_in_id, device=by.device) if by else Actor(member_id, role)


async def unlink_member(
    unit_of_work: UnitOfWorkFactory, by: Actor, member_id: MemberId, ids: Ids, now: datetime
) -> None:
    """Take the member's accounts apart, in a transaction of its own; ends their sign-ins but the one that asks.

    Raises `NotFound`, and `Conflict` when they are not linked, or to a member whose web account has no password.
    """
    async with one_at_a_time(unit_of_work) as work:
        member = await work.members.get(member_id)
        if by.member_id is not None:
            check_may_unlink(member)
        await take_apart(work, member, by, ids, now)
        await work.sign_ins.end_all(member_id, now, but=by.sign_in_id)
        await work.commit()


async def take_apart(work: UnitOfWork, member: Member, by: Actor, ids: Ids, now: datetime) -> Member:
    """The new member of the Telegram account, who has nothing yet; everything stays with the web account's member."""
    fresh = unlink(member, MemberId(ids.new()), now)
    await work.members.save(member, now)
    await work.members.add(fresh, now)
    details = {"web_member": str(member.id), "telegram_member": str(fresh.id)}
    for each in (member, fresh):
        await work.audit.record(AuditEntry.of(ids.new(), now, AuditAction.UNLINKED, by, each.id, **details))
        work.announce(RightsChanged(member_id=each.id))
    return fresh
