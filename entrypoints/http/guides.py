"""The guide library: reading, searching and keeping it."""

from typing import Annotated, Literal
from uuid import UUID

from litestar import Response, delete, get, post, put
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from litestar.status_codes import HTTP_204_NO_CONTENT

from application.guides.library import GuideDraft
from application.guides.reading import GuideReading
from application.ports.guides import GuideFilter
from domain.errors import Invalid
from domain.guides import Difficulty, GuideId
from domain.identity import Actor
from entrypoints.http.access import admin, signed_in
from entrypoints.http.dependencies import (
    ActorDependency,
    GuideLibraryDependency,
    GuideReadingDependency,
    GuideSearchDependency,
    MarkdownDependency,
)
from entrypoints.http.openapi import SECURITY, refusals
from entrypoints.http.parameters import Cursor, IfMatch, Limit
from entrypoints.http.schemas.common import present, role
from entrypoints.http.schemas.guides import (
    CategoriesListResponse,
    CategoryResponse,
    DifficultyName,
    GuideRequest,
    GuideResponse,
    GuideSearchHitResponse,
    GuideSearchResponse,
    GuidesListResponse,
    GuideSummaryResponse,
    NextGuideResponse,
)
from entrypoints.http.versions import etag, expected_version


@get("/", guards=[signed_in], security=SECURITY, responses=refusals(401, 403, 422))
async def list_guides(
    actor: ActorDependency,
    guide_reading: GuideReadingDependency,
    category: FromQuery[str | None] = None,
    difficulty: FromQuery[DifficultyName | None] = None,
    tag: FromQuery[str | None] = None,
    include_retired: Annotated[bool, QueryParameter(description="Retired guides too, for ADMIN.")] = False,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> GuidesListResponse:
    """The guides that one's role reaches, by title."""
    level = None if difficulty is None else Difficulty[difficulty]
    where = GuideFilter(category=category, difficulty_level=level, tag=tag, include_retired=include_retired)
    return present(GuidesListResponse, await guide_reading.page(actor, where, cursor, limit))


@get("/search", guards=[signed_in], security=SECURITY, responses=refusals(401, 422, 429))
async def search_guides(
    actor: ActorDependency,
    guide_search: GuideSearchDependency,
    q: Annotated[str, QueryParameter(max_length=1_000, description="Words to look for.")],
    category: FromQuery[str | None] = None,
    limit: Limit = 20,
) -> GuideSearchResponse:
    """Guides that match the words, best first, each with the passage that matches best."""
    if not q.strip():
        raise Invalid.of("q", "expected at least one word to search for")
    hits = await guide_search.search(actor, q, limit, category)
    return GuideSearchResponse(items=tuple(present(GuideSearchHitResponse, hit) for hit in hits))


@get("/categories", guards=[signed_in], security=SECURITY, responses=refusals(401))
async def list_categories(
    actor: ActorDependency, guide_reading: GuideReadingDependency, guide_library: GuideLibraryDependency
) -> CategoriesListResponse:
    """The categories in the order of the menus, with how many guides each has for this reader."""
    counts = await guide_reading.categories(actor)
    names = dict.fromkeys((*guide_library.categories, *counts))
    return CategoriesListResponse(
        items=tuple(CategoryResponse(category=name, count=counts.get(name, 0)) for name in names)
    )


@get("/{guide_id:uuid}", guards=[signed_in], security=SECURITY, responses=refusals(401, 404, 422))
async def get_guide(
    actor: ActorDependency,
    guide_reading: GuideReadingDependency,
    markdown: MarkdownDependency,
    guide_id: FromPath[UUID],
    render: Annotated[Literal["html"] | None, QueryParameter(description="Also the body as safe HTML.")] = None,
    count_view: Annotated[bool, QueryParameter(description="False looks without counting a view.")] = True,
) -> Response[GuideResponse]:
    """One guide to read. Counts a view. The ETag is its version."""
    read = guide_reading.open if count_view else guide_reading.view
    view = await read(actor, GuideId(guide_id))
    html = markdown.render(view.body or "", anchors=True) if render == "html" else None
    body = GuideResponse(
        summary=present(GuideSummaryResponse, view.summary), body=view.body, source_path=view.source_path, html=html
    )
    return Response(body, headers=etag(view.summary.version))


@get("/{guide_id:uuid}/next", guards=[signed_in], security=SECURITY, responses=refusals(401, 404))
async def next_guide(
    actor: ActorDependency, guide_reading: GuideReadingDependency, guide_id: FromPath[UUID]
) -> NextGuideResponse:
    """The guide to read after this one in its category."""
    following = await guide_reading.next_in_category(actor, GuideId(guide_id))
    return NextGuideResponse(guide=None if following is None else present(GuideSummaryResponse, following))


@post("/", guards=[admin], security=SECURITY, responses=refusals(401, 403, body=True))
async def create_guide(
    actor: ActorDependency,
    guide_library: GuideLibraryDependency,
    guide_reading: GuideReadingDependency,
    data: JSONBody[GuideRequest],
) -> Response[GuideResponse]:
    """Add a guide."""
    guide_id = await guide_library.create(actor, _draft(data))
    response = await _present(guide_reading, actor, guide_id)
    response.headers["Location"] = f"/api/v1/guides/{guide_id}"
    return response


@put("/{guide_id:uuid}", guards=[admin], security=SECURITY, responses=refusals(401, 403, 404, 412, body=True))
async def revise_guide(
    actor: ActorDependency,
    guide_library: GuideLibraryDependency,
    guide_reading: GuideReadingDependency,
    guide_id: FromPath[UUID],
    data: JSONBody[GuideRequest],
    if_match: IfMatch = None,
) -> Response[GuideResponse]:
    """Replace a guide's content."""
    await guide_library.revise(actor, GuideId(guide_id), _draft(data), expected_version(if_match))
    return await _present(guide_reading, actor, GuideId(guide_id))


@post(
    "/{guide_id:uuid}/retire",
    guards=[admin],
    security=SECURITY,
    status_code=HTTP_204_NO_CONTENT,
    responses=refusals(401, 403, 404, 412),
)
async def retire_guide(
    actor: ActorDependency, guide_library: GuideLibraryDependency, guide_id: FromPath[UUID], if_match: IfMatch = None
) -> None:
    """Take a guide off the shelves without losing it."""
    await guide_library.retire(actor, GuideId(guide_id), expected_version(if_match))


@post(
    "/{guide_id:uuid}/restore",
    guards=[admin],
    security=SECURITY,
    status_code=HTTP_204_NO_CONTENT,
    responses=refusals(401, 403, 404, 412),
)
async def restore_guide(
    actor: ActorDependency, guide_library: GuideLibraryDependency, guide_id: FromPath[UUID], if_match: IfMatch = None
) -> None:
    """Put a retired guide back."""
    await guide_library.restore(actor, GuideId(guide_id), expected_version(if_match))


@delete("/{guide_id:uuid}", guards=[admin], security=SECURITY, responses=refusals(401, 403, 404, 412))
async def delete_guide(
    actor: ActorDependency, guide_library: GuideLibraryDependency, guide_id: FromPath[UUID], if_match: IfMatch = None
) -> None:
    """Remove a guide for good, from every member's collection too."""
    await guide_library.delete(actor, GuideId(guide_id), expected_version(if_match))


async def _present(guide_reading: GuideReading, actor: Actor, guide_id: GuideId) -> Response[GuideResponse]:
    view = await guide_reading.view(actor, guide_id)
    return Response(present(GuideResponse, view), headers=etag(view.summary.version))


def _draft(data: GuideRequest) -> GuideDraft:
    return GuideDraft(
        title=data.title,
        category=data.category,
        description=data.description,
        body=data.body,
        content_url=data.content_url,
        difficulty_level=Difficulty[data.difficulty_level],
        tags=data.tags,
        minimum_role=role(data.minimum_role),
    )


HANDLERS = [
    list_guides,
    search_guides,
    list_categories,
    get_guide,
    next_guide,
    create_guide,
    revise_guide,
    retire_guide,
    restore_guide,
    delete_guide,
]
