"""Roles, who asks with which one, and the grants that give them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import NewType
from uuid import UUID

from domain.errors import NotAllowed

MemberId = NewType("MemberId", UUID)
GrantId = NewType("GrantId", UUID)
SignInId = NewType("SignInId", UUID)

MAX_REASON = 500


class Role(IntEnum):
    """What a member may do; a check is `role >= required`."""

    PUBLIC = 0
    SUBSCRIBER = 1
    ADMIN = 2
    OWNER = 3


class GrantSource(StrEnum):
    """Where a grant came from. A subscription that ends takes back only its own."""

    MANUAL = "manual"
    SUBSCRIPTION = "subscription"
    BOOTSTRAP = "bootstrap"


@dataclass(frozen=True, slots=True)
class Device:
    """Where a request came from, as sign-ins and the audit trail show it. `ip` is the client's own address."""

    ip: str | None = None
    user_agent: str | None = None


UNKNOWN_DEVICE = Device()


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks, with which role: made by each entrypoint from the database, first argument of every use case.

    `member_id` is None for a guest, who has the role PUBLIC, and for the operator at the terminal (`operator`).
    `changes_at` is when a grant or the sign-in ends next, unless it is prolonged: whoever keeps an actor reads it anew
    then. It makes no other actor.
    """

    member_id: MemberId | None
    role: Role
    sign_in_id: SignInId | None = None
    operator: bool = False
    device: Device = UNKNOWN_DEVICE
    changes_at: datetime | None = field(default=None, compare=False)

    def require(self, role: Role) -> None:
        """Raise `NotAllowed` below `role`."""
        if self.role < role:
            raise NotAllowed(f"This needs the role {role.name}.", required=role.name)

    def require_member(self) -> MemberId:
        """The member's id; raise `NotAllowed` for a guest or an operator, who own nothing."""
        if self.member_id is None:
            raise NotAllowed("This needs a member's account.")
        return self.member_id

    def require_operator(self) -> None:
        """Raise `NotAllowed` for anybody but the operator at the terminal."""
        if not self.operator:
            raise NotAllowed("Only the operator at the terminal may do this.")


GUEST = Actor(member_id=None, role=Role.PUBLIC)
OPERATOR = Actor(member_id=None, role=Role.OWNER, operator=True)


@dataclass(frozen=True, slots=True)
class Grant:
    """A role given to a member, until a time or until revoked. `granted_by` is None for the operator and the system."""

    id: GrantId
    role: Role
    source: GrantSource
    granted_by: MemberId | None
    reason: str
    until: datetime | None
    created_at: datetime

    def is_valid(self, now: datetime) -> bool:
        """Whether the grant counts at `now`."""
        return self.until is None or self.until > now


def effective_role(grants: Iterable[Grant], now: datetime) -> Role:
    """The highest role among the grants valid at `now`, PUBLIC without any."""
    return max((g.role for g in grants if g.is_valid(now)), default=Role.PUBLIC)


def next_end(grants: Iterable[Grant], now: datetime) -> datetime | None:
    """When the first of the grants valid at `now` ends; None when none of them does."""
    return min((g.until for g in grants if g.until is not None and g.is_valid(now)), default=None)
