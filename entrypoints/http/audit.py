"""The audit trail, for admins."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from litestar import get
from litestar.params import QueryParameter

from application.ports.audit import AuditFilter
from domain.identity import AuditAction, MemberId
from entrypoints.http.access import admin
from entrypoints.http.dependencies import ActorDependency, AuditServiceDependency
from entrypoints.http.openapi import SECURITY, refusals
from entrypoints.http.parameters import Cursor, Limit, in_utc
from entrypoints.http.schemas.common import present
from entrypoints.http.schemas.members import AuditListResponse


@get("/audit", guards=[admin], security=SECURITY, responses=refusals(401, 403, 422))
async def list_audit_trail(
    actor: ActorDependency,
    audit_service: AuditServiceDependency,
    member: Annotated[UUID | None, QueryParameter(description="Who did it, or whom it was done to.")] = None,
    action: Annotated[AuditAction | None, QueryParameter(description="What was done.")] = None,
    since: Annotated[datetime | None, QueryParameter(description="With its offset from UTC.")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> AuditListResponse:
    """What was done to members and their rights, by whom and from where, newest first."""
    member_id = None if member is None else MemberId(member)
    where = AuditFilter(member_id=member_id, action=action, since=in_utc(since, "since"))
    return present(AuditListResponse, await audit_service.page(actor, where, cursor, limit))


HANDLERS = [list_audit_trail]
