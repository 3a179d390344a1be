"""Writing a new password: the account, the mail that tells of it, the trail, and what open sockets hear."""

from datetime import datetime

from application.identity._mail_requests import MailRequests
from application.ports.realtime import RightsChanged
from application.ports.system import Ids
from application.ports.unit_of_work import UnitOfWork
from domain.identity import Actor, AuditAction, AuditEntry, MailPurpose, Member


async def replace_password(
    work: UnitOfWork,
    mail: MailRequests,
    ids: Ids,
    member: Member,
    password_hash: str,
    actor: Actor,
    action: AuditAction,
    now: datetime,
) -> None:
    """Give the member's web account this password in the caller's transaction; ending sign-ins is the caller's."""
    member.set_password(password_hash, now)
    await work.members.save(member, now)
    await mail.add(work, MailPurpose.PASSWORD_CHANGED, member.user.email if member.user else None)
    await work.audit.record(AuditEntry.of(ids.new(), now, action, actor, member.id))
    work.announce(RightsChanged(member_id=member.id))
