"""Members: their roles, bans and data, for admins."""

from typing import Annotated
from uuid import UUID

from litestar import delete, get, post, put
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.response import Stream
from litestar.status_codes import HTTP_200_OK, HTTP_204_NO_CONTENT

from domain.errors import NotFound
from domain.identity import MemberId, Role
from entrypoints.http.access import admin, owner
from entrypoints.http.dependencies import ActorDependency, DataRightsDependency, MemberServiceDependency
from entrypoints.http.exported import in_chunks, json_document
from entrypoints.http.openapi import SECURITY, refusals
from entrypoints.http.parameters import Cursor, Limit, in_utc
from entrypoints.http.schemas.common import present, role
from entrypoints.http.schemas.identity import MemberResponse, MembersListResponse
from entrypoints.http.schemas.members import BanRequest, GrantRequest, GrantResponse, GrantsListResponse


@get("/", guards=[admin], security=SECURITY, responses=refusals(401, 403, 422))
async def list_members(
    actor: ActorDependency,
    member_service: MemberServiceDependency,
    search: Annotated[
        str, QueryParameter(max_length=320, description="Part of an email, a username, or a Telegram name or id.")
    ] = "",
    cursor: Cursor = None,
    limit: Limit = 50,
) -> MembersListResponse:
    """Members, newest first, or those of whose names one contains `search`."""
    page = await member_service.page(actor, search=search, cursor=cursor, limit=limit)
    return present(MembersListResponse, page)


@get("/{member_id:uuid}", guards=[admin], security=SECURITY, responses=refusals(401, 403, 404))
async def get_member(
    actor: ActorDependency, member_service: MemberServiceDependency, member_id: FromPath[UUID]
) -> MemberResponse:
    """One member."""
    return present(MemberResponse, await member_service.get(actor, MemberId(member_id)))


@get("/{member_id:uuid}/grants", guards=[admin], security=SECURITY, responses=refusals(401, 403, 404))
async def list_grants(
    actor: ActorDependency, member_service: MemberServiceDependency, member_id: FromPath[UUID]
) -> GrantsListResponse:
    """What a member was granted, and until when."""
    found = await member_service.grants(actor, MemberId(member_id))
    return GrantsListResponse(items=tuple(present(GrantResponse, grant) for grant in found))


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
    """Give a role by hand, until a time or until it is revoked. It acts at once on requests and open sockets.

    Only an OWNER grants ADMIN and OWNER; an ADMIN grants SUBSCRIBER; nobody changes their own role.
    """
    until = in_utc(data.until, "until")
    member = await member_service.grant(actor, MemberId(member_id), role(data.role), data.reason, until)
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


@put(
    "/{member_id:uuid}/ban",
    guards=[admin],
    security=SECURITY,
    responses=refusals(401, 403, 404, 409, body=True),
)
async def ban_member(
    actor: ActorDependency,
    member_service: MemberServiceDependency,
    member_id: FromPath[UUID],
    data: JSONBody[BanRequest | None] = None,
) -> MemberResponse:
    """Shut a member out of all their accounts: their sign-ins end at once, and their sockets close.

    Only an OWNER bans an ADMIN or OWNER; the last owner stays.
    """
    member = await member_service.ban(actor, MemberId(member_id), data.reason if data else "")
    return present(MemberResponse, member)


@delete(
    "/{member_id:uuid}/ban",
    guards=[admin],
    security=SECURITY,
    status_code=HTTP_200_OK,
    responses=refusals(401, 403, 404, 409),
)
async def unban_member(
    actor: ActorDependency, member_service: MemberServiceDependency, member_id: FromPath[UUID]
) -> MemberResponse:
    """Let a member in again; they sign in anew."""
    return present(MemberResponse, await member_service.unban(actor, MemberId(member_id)))


@get("/{member_id:uuid}/export", guards=[owner], security=SECURITY, responses=refusals(401, 403, 404, 429))
async def export_member(actor: ActorDependency, data_rights: DataRightsDependency, member_id: FromPath[UUID]) -> Stream:
    """All that is kept of a member, as at `/auth/me/export`, for OWNER."""
    return Stream(
        in_chunks(json_document(await data_rights.export(actor, MemberId(member_id)))),
        media_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="guildhall-{member_id}.json"'},
    )


@delete(
    "/{member_id:uuid}",
    guards=[admin],
    security=SECURITY,
    status_code=HTTP_204_NO_CONTENT,
    responses=refusals(401, 403, 404, 409),
)
async def delete_member(actor: ActorDependency, data_rights: DataRightsDependency, member_id: FromPath[UUID]) -> None:
    """Delete a member with all they own, for good: whoever may ban them may. The last owner stays."""
    await data_rights.delete(actor, MemberId(member_id))


HANDLERS = [
    list_members,
    get_member,
    list_grants,
    grant_role,
    revoke_role,
    ban_member,
    unban_member,
    export_member,
    delete_member,
]
