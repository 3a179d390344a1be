"""The member behind a Telegram account, who is made when it is new."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeVar

from application.ports.system import Ids
from application.ports.unit_of_work import UnitOfWork
from domain.errors import Conflict
from domain.identity import (
    Actor,
    AuditAction,
    AuditEntry,
    Device,
    Member,
    MemberId,
    Role,
    TelegramProfile,
    TelegramUser,
    TelegramUserId,
)

T = TypeVar("T")


class Overtaken(Exception):
    """Another transaction registered the account first."""

    def __init__(self, conflict: Conflict) -> None:
        super().__init__(conflict.message)
        self.conflict = conflict


async def member_of(work: UnitOfWork, profile: TelegramProfile, ids: Ids, now: datetime, device: Device) -> Member:
    """The member with this Telegram account; an unknown account gets a new one without an email, and a line of it.

    Raises `Overtaken` when somebody else registers the same account at this moment: run it `again`.
    """
    known = await work.members.by_telegram_id(profile.telegram_id)
    if known is not None:
        return known
    account = TelegramUser.register(TelegramUserId(ids.new()), profile, now)
    member = Member(MemberId(ids.new()), created_at=now, updated_at=now, telegram=account)
    try:
        await work.members.add(member, now)
    except Conflict as conflict:
        raise Overtaken(conflict) from conflict
    actor = Actor(member.id, Role.PUBLIC, device=device)
    line = AuditEntry.of(ids.new(), now, AuditAction.REGISTERED, actor, member.id, method="telegram")
    await work.audit.record(line)
    return member


async def again(attempt: Callable[[], Awaitable[T]]) -> T:
    """Run a whole transaction, and once more when it was overtaken: the account is known by then."""
    try:
        return await attempt()
    except Overtaken:
        pass
    try:
        return await attempt()
    except Overtaken as overtaken:
        raise overtaken.conflict from None
