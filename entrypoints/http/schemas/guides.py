"""Bodies of the guide library."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from entrypoints.http.schemas.common import Answer, Body, RoleName

DifficultyName = Literal["BEGINNER", "INTERMEDIATE", "ADVANCED"]


class GuideRequest(Body, frozen=True):
    """A guide as its author writes it."""

    title: Annotated[str, msgspec.Meta(description="1 to 255 characters.")]
    category: Annotated[str, msgspec.Meta(description="One of the configured categories.")]
    description: Annotated[str, msgspec.Meta(description="At most 2,000 characters.")] = ""
    body: Annotated[str | None, msgspec.Meta(description="Markdown, at most 200 kB.")] = None
    content_url: Annotated[str | None, msgspec.Meta(description="An http or https address.")] = None
    difficulty_level: DifficultyName = "BEGINNER"
    tags: Annotated[tuple[str, ...], msgspec.Meta(description="At most 20 of at most 50 characters.")] = ()
    minimum_role: RoleName = "PUBLIC"


class ReadMarkRequest(Body, frozen=True):
    """Whether a saved guide was read."""

    is_read: bool


class GuideSummaryResponse(Answer, frozen=True):
    """A guide in a list. `is_saved` and `is_read` are the reader's own."""

    id: UUID
    title: str
    description: str
    content_url: str | None
    category: str
    difficulty_level: DifficultyName
    tags: tuple[str, ...]
    minimum_role: RoleName
    views_count: int
    is_active: bool
    version: int
    created_at: datetime
    updated_at: datetime
    is_saved: bool
    is_read: bool


class GuideResponse(Answer, frozen=True):
    """A whole guide. `html` is the body rendered and sanitised, where it was asked for."""

    summary: GuideSummaryResponse
    body: str | None
    source_path: str | None
    html: str | None = None


class GuidesListResponse(Answer, frozen=True):
    """A page of guides; `next_cursor` is null at the end."""

    items: tuple[GuideSummaryResponse, ...]
    next_cursor: str | None


class NextGuideResponse(Answer, frozen=True):
    """The guide to read next in the category; null at the end."""

    guide: GuideSummaryResponse | None


class CategoryResponse(Answer, frozen=True):
    """A category and how many guides it has for this reader."""

    category: str
    count: int


class CategoriesListResponse(Answer, frozen=True):
    """The categories in the order of the menus."""

    items: tuple[CategoryResponse, ...]


class SavedGuideResponse(Answer, frozen=True):
    """A guide in one's collection."""

    guide: GuideSummaryResponse
    is_read: bool
    times_viewed: int
    last_viewed_at: datetime | None
    saved_at: datetime


class SavedGuidesListResponse(Answer, frozen=True):
    """A page of one's collection; `next_cursor` is null at the end."""

    items: tuple[SavedGuideResponse, ...]
    next_cursor: str | None = None


class GuideSearchHitResponse(Answer, frozen=True):
    """A guide that matches, with its best passage: `snippet` marks the words with U+E000 and U+E001."""

    guide: GuideSummaryResponse
    heading: str
    line: int
    snippet: str
    score: float


class GuideSearchResponse(Answer, frozen=True):
    """Guides that match, best first."""

    items: tuple[GuideSearchHitResponse, ...]
