"""One's own collection of guides."""

from typing import Annotated
from uuid import UUID

from litestar import delete, get, patch, put
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.status_codes import HTTP_204_NO_CONTENT

from domain.guides import GuideId
from entrypoints.http.access import signed_in
from entrypoints.http.dependencies import ActorDependency, GuideReadingDependency
from entrypoints.http.openapi import SECURITY, refusals
from entrypoints.http.parameters import Cursor, Limit
from entrypoints.http.schemas.common import present
from entrypoints.http.schemas.guides import ReadMarkRequest, SavedGuideResponse, SavedGuidesListResponse


@get("/saved", guards=[signed_in], security=SECURITY, responses=refusals(401, 422))
async def list_saved_guides(
    actor: ActorDependency,
    guide_reading: GuideReadingDependency,
    unread_only: Annotated[bool, QueryParameter(description="Only those not marked read.")] = False,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> SavedGuidesListResponse:
    """One's collection, last saved first."""
    page = await guide_reading.saved(actor, unread_only=unread_only, cursor=cursor, limit=limit)
    return present(SavedGuidesListResponse, page)


@get("/continue-reading", guards=[signed_in], security=SECURITY, responses=refusals(401, 422))
async def continue_reading(
    actor: ActorDependency, guide_reading: GuideReadingDependency, limit: Limit = 5
) -> SavedGuidesListResponse:
    """Saved guides that were opened and not marked read, last viewed first."""
    found = await guide_reading.continue_reading(actor, limit)
    return SavedGuidesListResponse(items=tuple(present(SavedGuideResponse, saved) for saved in found))


@put(
    "/{guide_id:uuid}/saved",
    guards=[signed_in],
    security=SECURITY,
    status_code=HTTP_204_NO_CONTENT,
    responses=refusals(401, 403, 404),
)
async def save_guide(actor: ActorDependency, guide_reading: GuideReadingDependency, guide_id: FromPath[UUID]) -> None:
    """Put a guide into one's collection; saving twice changes nothing."""
    await guide_reading.save(actor, GuideId(guide_id))


@patch(
    "/{guide_id:uuid}/saved",
    guards=[signed_in],
    security=SECURITY,
    status_code=HTTP_204_NO_CONTENT,
    responses=refusals(401, 403, 404, body=True),
)
async def mark_guide_read(
    actor: ActorDependency,
    guide_reading: GuideReadingDependency,
    guide_id: FromPath[UUID],
    data: JSONBody[ReadMarkRequest],
) -> None:
    """Mark a saved guide read or unread."""
    await guide_reading.mark(actor, GuideId(guide_id), is_read=data.is_read)


@delete("/{guide_id:uuid}/saved", guards=[signed_in], security=SECURITY, responses=refusals(401, 403, 404))
async def unsave_guide(actor: ActorDependency, guide_reading: GuideReadingDependency, guide_id: FromPath[UUID]) -> None:
    """Take a guide out of one's collection; one that is not there changes nothing."""
    await guide_reading.unsave(actor, GuideId(guide_id))


HANDLERS = [list_saved_guides, continue_reading, save_guide, mark_guide_read, unsave_guide]
