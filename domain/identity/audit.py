"""The trail of what was done to members and their rights, by whom and from where."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

from domain.identity.roles import Actor, MemberId

AuditEntryId = NewType("AuditEntryId", UUID)

MAX_DETAILS = 10_000
MAX_RESOURCE_TYPE = 50
MAX_RESOURCE_ID = 200
MEMBER = "member"

# What may stay in a line about somebody who is gone; anything else could name them.
IMPERSONAL_DETAILS = frozenset(
    {
        *("by", "role", "source", "until", "purpose", "method", "outcome", "cause", "attempted"),
        *("state", "count", "limit", "ended"),
    }
)


class AuditAction(StrEnum):
    """What happened; `<subject>.<what>`."""

    REGISTERED = "member.registered"
    BANNED = "member.banned"
    UNBANNED = "member.unbanned"
    DELETED = "member.deleted"
    EXPORTED = "member.exported"
    ROLE_GRANTED = "role.granted"
    ROLE_REVOKED = "role.revoked"
    ROLE_EXPIRED = "role.expired"
    CHANGE_REFUSED = "member.change_refused"
    SIGNED_IN = "sign_in.succeeded"
    SIGN_IN_FAILED = "sign_in.failed"
    SIGN_IN_LIMITED = "sign_in.limited"
    REFRESHED = "sign_in.refreshed"
    REFRESH_REUSED = "sign_in.refresh_reused"
    SIGNED_OUT = "sign_in.ended"
    SIGN_IN_LINK_MADE = "sign_in.link_made"
    ACCOUNT_CHANGED = "account.changed"
    PASSWORD_CHANGED = "password.changed"
    PASSWORD_RESET = "password.reset"
    PASSWORD_RESET_REQUESTED = "password.reset_requested"
    EMAIL_VERIFIED = "email.verified"
    LINK_REQUESTED = "telegram.link_requested"
    LINKED = "telegram.linked"
    LINK_REFUSED = "telegram.link_refused"
    UNLINKED = "telegram.unlinked"
    BLOCKED_BOT = "telegram.blocked_bot"
    UPDATE_READ = "telegram.update_read"
    UPDATE_REPLAYED = "telegram.update_replayed"
    UPDATE_DISMISSED = "telegram.update_dismissed"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One line of the trail. Secrets never stand in it.

    `actor_id` is who did it: None for a guest, the operator (then `details["by"]` is "operator") and the system.
    `resource_type` and `resource_id` name what it was done to, such as ("member", its id). `details` is plain
    JSON of at most 10,000 characters.
    """

    id: AuditEntryId
    at: datetime
    action: AuditAction
    actor_id: MemberId | None
    resource_type: str
    resource_id: str
    details: Mapping[str, object] = field(default_factory=dict)
    ip: str | None = None
    user_agent: str | None = None

    @classmethod
    def of(
        cls,
        entry_id: UUID,
        at: datetime,
        action: AuditAction,
        actor: Actor,
        member_id: MemberId | None,
        **details: object,
    ) -> "AuditEntry":
        """What `actor` did to a member; `member_id` None when there is none, as for a sign-in to no account."""
        return cls(
            id=AuditEntryId(entry_id),
            at=at,
            action=action,
            actor_id=actor.member_id,
            resource_type=MEMBER,
            resource_id="" if member_id is None else str(member_id),
            details={**details, "by": "operator"} if actor.operator else details,
            ip=actor.device.ip,
            user_agent=actor.device.user_agent,
        )

    def is_about(self, member_id: MemberId) -> bool:
        """Whether it was done to this member."""
        return (self.resource_type, self.resource_id) == (MEMBER, str(member_id))

    def without(self, member_id: MemberId) -> "AuditEntry":
        """The line as it stays when the member is deleted: what was done, to which id, when, and nothing of the person.

        Whoever else did something to them keeps standing in it, with their own address.
        """
        line = self
        if self.is_about(member_id):
            line = replace(line, details={k: v for k, v in self.details.items() if k in IMPERSONAL_DETAILS})
        if self.actor_id == member_id or (self.actor_id is None and self.is_about(member_id)):
            line = replace(line, actor_id=None, ip=None, user_agent=None)
        return line

    def after_merge(self, absorbed: MemberId, survivor: MemberId) -> "AuditEntry":
        """The line as it stays when one member has become another: both are the survivor."""
        line = self
        if self.is_about(absorbed):
            line = replace(line, resource_id=str(survivor))
        return replace(line, actor_id=survivor) if self.actor_id == absorbed else line
