"""Bodies of the administration of members."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from entrypoints.http.schemas.common import Answer, Body, RoleName

Reason = Annotated[str, msgspec.Meta(max_length=500, description="Why; it is kept.")]


class GrantRequest(Body, frozen=True):
    """A role to give by hand."""

    role: RoleName
    reason: Annotated[str, msgspec.Meta(max_length=500, description="Why; it stays with the grant.")] = ""
    until: Annotated[
        datetime | None,
        msgspec.Meta(description="When it ends, with its offset from UTC; null is when it is revoked."),
    ] = None


class GrantResponse(Answer, frozen=True):
    """What a member was granted. `granted_by` is null for the operator at the terminal and for the system."""

    id: UUID
    role: RoleName
    source: Literal["manual", "subscription", "bootstrap"]
    granted_by: UUID | None
    reason: str
    until: datetime | None
    created_at: datetime


class GrantsListResponse(Answer, frozen=True):
    """All grants that were not revoked, ended ones too, newest first."""

    items: tuple[GrantResponse, ...]


class BanRequest(Body, frozen=True):
    """Why somebody is shut out."""

    reason: Reason = ""


class AuditEntryResponse(Answer, frozen=True):
    """A line of the trail. `actor_id` is null for guests, the operator (`details.by`) and the system."""

    id: UUID
    at: datetime
    action: str
    actor_id: UUID | None
    resource_type: str
    resource_id: str
    details: dict[str, object]
    ip: str | None
    user_agent: str | None


class AuditListResponse(Answer, frozen=True):
    """A page of the trail; `next_cursor` is null at the end."""

    items: tuple[AuditEntryResponse, ...]
    next_cursor: str | None
