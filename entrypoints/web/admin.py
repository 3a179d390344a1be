"""Members, their grants and the audit trail, for admins."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from litestar import get
from litestar.params import FromPath, QueryParameter
from litestar.response import Template

from application.ports.audit import AuditFilter
from domain.errors import Malformed
from domain.identity import AuditAction, Grant, GrantSource, MemberId, Role
from entrypoints.web.access import admins_only
from entrypoints.web.dependencies import (
    AuditServiceDependency,
    ClockDependency,
    MemberServiceDependency,
    PageRequest,
    SettingsDependency,
)
from entrypoints.web.trail import ACTIONS, trail_lines

PAGE, RECENT = 50, 20

Search = Annotated[str, QueryParameter(max_length=320)]
Cursor = Annotated[str | None, QueryParameter(max_length=2_000)]


@get("/admin/members", guards=[admins_only])
async def members(
    request: PageRequest,
    member_service: MemberServiceDependency,
    settings: SettingsDependency,
    search: Search = "",
    cursor: Cursor = None,
) -> Template:
    """Members, newest first, or those who match."""
    page = await member_service.page(request.user, search=search, cursor=cursor or None, limit=PAGE)
    return Template(
        "admin-members.html",
        context={
            "actor": request.user,
            "members": page.items,
            "next_cursor": page.next_cursor,
            "search": search,
            "has_bot": settings.telegram.bot_id is not None,
        },
    )


@get("/admin/members/{member_id:uuid}", guards=[admins_only])
async def member(
    request: PageRequest,
    member_service: MemberServiceDependency,
    audit_service: AuditServiceDependency,
    clock: ClockDependency,
    settings: SettingsDependency,
    member_id: FromPath[UUID],
) -> Template:
    """One member: accounts, grants, access and the latest lines about them."""
    actor, wanted, now = request.user, MemberId(member_id), clock.now()
    found = await member_service.get(actor, wanted)
    grants = await member_service.grants(actor, wanted)
    trail = await audit_service.page(actor, AuditFilter(member_id=wanted), None, RECENT)
    grantable = [role for role in Role if role > Role.PUBLIC and (role < Role.ADMIN or _is_owner(actor.role))]
    return Template(
        "admin-member.html",
        context={
            "actor": actor,
            "member": found,
            "grants": grants,
            "trail": trail_lines(trail.items, await audit_service.names(actor, trail.items)),
            "roles": grantable,
            "revocable": [role for role in grantable if any(_is_revocable(grant, role, now) for grant in grants)],
            "may_export": _is_owner(actor.role),
            "may_shut_out": _is_owner(actor.role) or found.role < Role.ADMIN,
            "now": now,
            "has_bot": settings.telegram.bot_id is not None,
        },
    )


@get("/admin/audit", guards=[admins_only])
async def audit(
    request: PageRequest,
    audit_service: AuditServiceDependency,
    settings: SettingsDependency,
    member: Annotated[str, QueryParameter(max_length=100)] = "",
    action: Annotated[str, QueryParameter(max_length=100)] = "",
    cursor: Cursor = None,
) -> Template:
    """The trail, newest first."""
    where = AuditFilter(member_id=_member_id(member), action=_action(action))
    page = await audit_service.page(request.user, where, cursor or None, PAGE)
    return Template(
        "admin-audit.html",
        context={
            "actor": request.user,
            "trail": trail_lines(page.items, await audit_service.names(request.user, page.items)),
            "next_cursor": page.next_cursor,
            "member": where.member_id,
            "action": where.action,
            "has_bot": settings.telegram.bot_id is not None,
            "actions": sorted(ACTIONS.items(), key=lambda each: each[1]),
        },
    )


def _member_id(text: str) -> MemberId | None:
    if not text:
        return None
    try:
        return MemberId(UUID(text))
    except ValueError:
        raise Malformed("The member is named by an id, such as 019b0000-0000-7000-8000-000000000000.") from None


def _action(name: str) -> AuditAction | None:
    if not name:
        return None
    try:
        return AuditAction(name)
    except ValueError:
        raise Malformed(f"There is no such action; expected one of {', '.join(sorted(AuditAction))}.") from None


def _is_revocable(grant: Grant, role: Role, now: datetime) -> bool:
    return grant.role is role and grant.is_valid(now) and grant.source is not GrantSource.SUBSCRIPTION


def _is_owner(role: Role) -> bool:
    return role is Role.OWNER
