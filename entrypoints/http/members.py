"""Members and their roles, for admins."""

from typing import Annotated
from uuid import UUID

from litestar import delete, get, post
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.status_codes import HTTP_200_OK

from domain.errors import NotFound
from domain.identity import MemberId, Role
from entrypoints.http.access import admin
from entrypoints.http.dependencies import ActorDependency, MemberServiceDependency
from entrypoints.http.openapi import SECURITY, refusals
from entrypoints.http.parameters import Cursor, Limit
from entrypoints.http.schemas.common import present, role
from entrypoints.http.schemas.identity import GrantRequest, MemberResponse, MembersListResponse


@get("/", guards=[admin], security=SECURITY, responses=refusals(401, 403, 422))
async def list_members(
    actor: ActorDependency,
    member_service: MemberServiceDependency,
    search: Annotated[str, QueryParameter(max_length=320, description="Part of an email or username.")] = "",
    cursor: Cursor = None,
    limit: Limit = 50,
) -> MembersListResponse:
    """Members, newest first, or those whose email or username contains `search`."""
    page = await member_service.page(actor, search=search, cursor=cursor, limit=limit)
    return present(MembersListResponse, page)


@get("/{member_id:uuid}", guards=[admin], security=SECURITY, responses=refusals(401, 403, 404))
async def get_member(
    actor: ActorDependency, member_service: MemberServiceDependency, member_id: FromPath[UUID]
) -> MemberResponse:
    """One member."""
    return present(MemberResponse, await member_service.get(actor, MemberId(member_id)))


@post(
    "/{member_id:uuid}/grants",
    guards=[admin],
    security=SECURITY,
    status_code=HTTP_200_OK,
    responses=refusals(401, 403, 404, 409, body=True),
)
async def grant_role(
    actor: ActorDependency,
    member_service: MemberServiceDependency,
    member_id: FromPath[UUID],
    data: JSONBody[GrantRequest],
) -> MemberResponse:
    """Give a role by hand, until it is revoked. It acts at once on requests and open sockets.

    Only an OWNER grants ADMIN and OWNER; an ADMIN grants SUBSCRIBER; nobody changes their own role.
    """
    member = await member_service.grant(actor, MemberId(member_id), role(data.role), data.reason)
    return present(MemberResponse, member)


@delete(
    "/{member_id:uuid}/grants/{role_name:str}",
    guards=[admin],
    security=SECURITY,
    status_code=HTTP_200_OK,
    responses=refusals(401, 403, 404, 409),
)
async def revoke_role(
    actor: ActorDependency,
    member_service: MemberServiceDependency,
    member_id: FromPath[UUID],
    role_name: FromPath[str],
) -> MemberResponse:
    """Take back a role that was given by hand."""
    if role_name not in Role.__members__:
        raise NotFound(f"There is no such role; expected one of {', '.join(Role.__members__)}.")
    return present(MemberResponse, await member_service.revoke(actor, MemberId(member_id), Role[role_name]))


HANDLERS = [list_members, get_member, grant_role, revoke_role]
