"""Where one is signed in."""

from uuid import UUID

from litestar import delete, get
from litestar.params import FromPath
from litestar.status_codes import HTTP_204_NO_CONTENT

from domain.identity import SignInId
from entrypoints.http.access import signed_in
from entrypoints.http.dependencies import ActorDependency, SignInServiceDependency
from entrypoints.http.openapi import SECURITY, refusals
from entrypoints.http.parameters import Cursor, Limit
from entrypoints.http.schemas.accounts import SignInResponse, SignInsListResponse


@get("/sessions", guards=[signed_in], security=SECURITY, responses=refusals(401, 422))
async def list_sign_ins(
    actor: ActorDependency, sign_in_service: SignInServiceDependency, cursor: Cursor = None, limit: Limit = 50
) -> SignInsListResponse:
    """One's active sign-ins, newest first, with where they were last seen from."""
    page = await sign_in_service.page(actor, cursor=cursor, limit=limit)
    return SignInsListResponse(
        items=tuple(
            SignInResponse(
                id=each.id,
                created_at=each.created_at,
                refreshed_at=each.refreshed_at,
                expires_at=each.expires_at,
                ip=each.ip,
                user_agent=each.user_agent,
                is_current=each.id == actor.sign_in_id,
            )
            for each in page.items
        ),
        next_cursor=page.next_cursor,
    )


@delete(
    "/sessions/{sign_in_id:uuid}",
    guards=[signed_in],
    security=SECURITY,
    status_code=HTTP_204_NO_CONTENT,
    responses=refusals(401, 403, 404),
)
async def end_sign_in(
    actor: ActorDependency, sign_in_service: SignInServiceDependency, sign_in_id: FromPath[UUID]
) -> None:
    """End one of one's sign-ins: its tokens stop working at once, and its sockets close."""
    await sign_in_service.end(actor, SignInId(sign_in_id))


@delete(
    "/sessions",
    guards=[signed_in],
    security=SECURITY,
    status_code=HTTP_204_NO_CONTENT,
    responses=refusals(401, 403),
)
async def end_other_sign_ins(actor: ActorDependency, sign_in_service: SignInServiceDependency) -> None:
    """End all of one's sign-ins but this one."""
    await sign_in_service.end_others(actor)


HANDLERS = [list_sign_ins, end_sign_in, end_other_sign_ins]
