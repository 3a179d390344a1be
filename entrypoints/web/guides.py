"""The library: browsing, searching, reading, and one's own collection."""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from litestar import get
from litestar.params import FromPath, FromQuery, Parameter
from litestar.response import Template

from application.guides.search import GuideSearchHit
from application.ports.guides import GuideFilter
from domain.errors import NotFound
from domain.guides import Difficulty, GuideId
from entrypoints.web.access import members_only
from entrypoints.web.dependencies import (
    GuideReadingDependency,
    GuideSearchDependency,
    MarkdownDependency,
    PageRequest,
    SettingsDependency,
)
from entrypoints.web.passages import readable_body

PAGE_SIZE = 24
MOST_HITS = 40

Text = Annotated[str, Parameter(max_length=400)]
Cursor = Annotated[str | None, Parameter(max_length=8_192)]


@get("/guides", guards=[members_only])
async def library(
    request: PageRequest,
    guide_reading: GuideReadingDependency,
    guide_search: GuideSearchDependency,
    settings: SettingsDependency,
    q: Text = "",
    category: Text = "",
    difficulty: Text = "",
    tag: Text = "",
    cursor: Cursor = None,
) -> Template:
    """Guides by category, difficulty and tag, or those that match a search."""
    actor, words = request.user, q.strip()
    where = GuideFilter(category=category or None, difficulty_level=_difficulty(difficulty), tag=tag.lower() or None)
    counts = await guide_reading.categories(actor)
    chosen = {"q": words, "category": category, "difficulty": difficulty, "tag": tag}
    context: dict[str, Any] = {
        "actor": actor,
        "chosen": chosen,
        "link": _linker(chosen),
        "categories": [(name, counts.get(name, 0)) for name in _in_order(settings.guides.categories, counts)],
        "difficulties": [level.name.lower() for level in Difficulty],
        "guides": (),
        "hits": None,
        "next_cursor": None,
    }
    if words:
        found = await guide_search.search(actor, words, MOST_HITS, where.category)
        context["hits"] = [hit for hit in found if _matches(hit, where)]
    else:
        page = await guide_reading.page(actor, where, cursor, PAGE_SIZE)
        context |= {"guides": page.items, "next_cursor": page.next_cursor}
    return Template("guides.html", context=context)


@get("/guides/{guide_id:str}", guards=[members_only])
async def guide(
    request: PageRequest, guide_id: FromPath[str], guide_reading: GuideReadingDependency, markdown: MarkdownDependency
) -> Template:
    """One guide to read; `#l<line>` opens a passage of it."""
    key = _guide_id(guide_id)
    view = await guide_reading.open(request.user, key)
    following = await guide_reading.next_in_category(request.user, key)
    body = await asyncio.to_thread(readable_body, view, markdown)
    context = {"actor": request.user, "guide": view.summary, "body": body, "following": following}
    return Template("guide.html", context=context)


@get("/saved", guards=[members_only])
async def saved(
    request: PageRequest,
    guide_reading: GuideReadingDependency,
    unread: FromQuery[bool] = False,
    cursor: Cursor = None,
) -> Template:
    """One's collection."""
    page = await guide_reading.saved(request.user, unread_only=unread, cursor=cursor, limit=PAGE_SIZE)
    begun = () if cursor or unread else await guide_reading.continue_reading(request.user, 3)
    context = {
        "actor": request.user,
        "saved": page.items,
        "next_cursor": page.next_cursor,
        "unread": unread,
        "begun": begun,
    }
    return Template("saved.html", context=context)


def _guide_id(text: str) -> GuideId:
    try:
        return GuideId(UUID(text))
    except ValueError:
        raise NotFound("There is no such guide.") from None


def _difficulty(name: str) -> Difficulty | None:
    return Difficulty.__members__.get(name.upper())


def _in_order(configured: tuple[str, ...], counts: Mapping[str, int]) -> list[str]:
    """The menu's order; categories that are no longer configured but still have guides come last."""
    return [*(name for name in configured if name in counts), *sorted(set(counts) - set(configured))]


def _matches(hit: GuideSearchHit, where: GuideFilter) -> bool:
    level = where.difficulty_level
    return (level is None or hit.guide.difficulty_level is level) and (where.tag is None or where.tag in hit.guide.tags)


def _linker(chosen: Mapping[str, str]) -> Any:
    """A link to the same list with something changed: `link(category="risk")`; an empty value takes it out."""

    def link(**changes: str) -> str:
        query = urlencode({name: value for name, value in {**chosen, **changes}.items() if value})
        return f"/guides?{query}" if query else "/guides"

    return link
