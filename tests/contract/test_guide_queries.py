"""Reads of the library, each filtered by the reader's role."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from application.ports.guides import GuideFilter
from domain.errors import Malformed
from domain.guides import Difficulty, Guide, GuideId
from domain.identity import MemberId, Role
from tests.support.backend import Backend
from tests.support.given import stored_guide, stored_member, stored_saved_guide

TITLES = ["alpha", "Beta", "ALPHA", "beta", "Émile", "zeta", "Zeta 2", "_", "10", "2", "ß", "ss"]


async def retire(backend: Backend, guide: Guide) -> None:
    async with backend.unit_of_work() as work:
        loaded = await work.guides.get(guide.id)
        loaded.retire(backend.clock.now())
        await work.guides.save(loaded)
        await work.commit()


async def opened(backend: Backend, member_id: MemberId, guide: Guide, *, read: bool = False) -> None:
    async with backend.unit_of_work() as work:
        saved = await work.saved_guides.find(member_id, guide.id)
        saved.viewed(backend.clock.now())
        saved.is_read = read
        await work.saved_guides.save(saved)
        await work.commit()


async def titles(backend: Backend, role: Role, where: GuideFilter | None = None, limit: int = 50) -> list[str]:
    found, cursor = [], None
    while True:
        page = await backend.guides.page(None, role, where or GuideFilter(), cursor, limit)
        assert len(page.items) <= limit
        found += [guide.title for guide in page.items]
        cursor = page.next_cursor
        if cursor is None:
            return found


async def test_guide_queries_page_is_by_title_ignoring_case_then_id(backend: Backend) -> None:
    for title in TITLES:
        await stored_guide(backend, title)
    assert await titles(backend, Role.PUBLIC) == sorted(TITLES, key=str.casefold)


@pytest.mark.parametrize("limit", [1, 2, 5])
async def test_guide_queries_pages_show_every_guide_once(backend: Backend, limit: int) -> None:
    for title in TITLES:
        await stored_guide(backend, title)
    assert await titles(backend, Role.PUBLIC, limit=limit) == sorted(TITLES, key=str.casefold)


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        (Role.PUBLIC, ["PUBLIC"]),
        (Role.SUBSCRIBER, ["PUBLIC", "SUBSCRIBER"]),
        (Role.ADMIN, ["ADMIN", "PUBLIC", "SUBSCRIBER"]),
        (Role.OWNER, ["ADMIN", "OWNER", "PUBLIC", "SUBSCRIBER"]),
    ],
)
async def test_guide_queries_page_holds_only_what_the_role_may_read(
    backend: Backend, role: Role, expected: list[str]
) -> None:
    for minimum in Role:
        await stored_guide(backend, minimum.name, role=minimum)
    assert await titles(backend, role) == expected


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (GuideFilter(category="risk"), ["a", "b"]),
        (GuideFilter(difficulty_level=Difficulty.BEGINNER), ["a", "c"]),
        (GuideFilter(tag="stops"), ["b", "c"]),
        (GuideFilter(tag="stop"), []),
        (GuideFilter(category="risk", tag="stops", difficulty_level=Difficulty.ADVANCED), ["b"]),
        (GuideFilter(category="nothing"), []),
    ],
)
async def test_guide_queries_page_is_narrowed_by_filter(
    backend: Backend, where: GuideFilter, expected: list[str]
) -> None:
    await stored_guide(backend, "a")
    await stored_guide(backend, "b", tags=["other", "stops"], difficulty_level=Difficulty.ADVANCED)
    await stored_guide(backend, "c", category="trading", tags=["stops"])
    assert await titles(backend, Role.PUBLIC, where) == expected


async def test_guide_queries_page_follows_changed_tags(backend: Backend) -> None:
    guide = await stored_guide(backend, "a", tags=["old", "kept"])
    changed = await stored_guide(backend, "b", tags=["kept", "new"])
    async with backend.unit_of_work() as work:
        loaded = await work.guides.get(guide.id)
        loaded.revise(changed.content, backend.clock.now())
        await work.guides.save(loaded)
        await work.commit()
    assert await titles(backend, Role.PUBLIC, GuideFilter(tag="old")) == []
    assert await titles(backend, Role.PUBLIC, GuideFilter(tag="new")) == ["b", "b"]


@pytest.mark.parametrize(
    ("role", "include", "expected"),
    [
        (Role.SUBSCRIBER, True, ["kept"]),
        (Role.ADMIN, True, ["kept", "retired"]),
        (Role.ADMIN, False, ["kept"]),
    ],
)
async def test_guide_queries_page_shows_retired_guides_to_admins_who_ask(
    backend: Backend, role: Role, include: bool, expected: list[str]
) -> None:
    await stored_guide(backend, "kept")
    await retire(backend, await stored_guide(backend, "retired"))
    assert await titles(backend, role, GuideFilter(include_retired=include)) == expected


async def test_guide_queries_page_tells_the_readers_own_marks(backend: Backend) -> None:
    ada, grace = await stored_member(backend, "ada"), await stored_member(backend, "grace")
    guide = await stored_guide(backend)
    await stored_saved_guide(backend, ada, guide)
    await opened(backend, ada.id, guide, read=True)
    marks = []
    for reader in (ada.id, grace.id, None):
        (summary,) = (await backend.guides.page(reader, Role.PUBLIC, GuideFilter(), None, 10)).items
        marks.append((summary.is_saved, summary.is_read))
    assert marks == [(True, True), (False, False), (False, False)]


@pytest.mark.parametrize("cursor", ["", "no cursor", "WzEsMl0", "é", "WyJhIiwiYiJd"])
async def test_guide_queries_page_of_broken_cursor_raises_malformed(backend: Backend, cursor: str) -> None:
    with pytest.raises(Malformed):
        await backend.guides.page(None, Role.PUBLIC, GuideFilter(), cursor, 10)
    member = await stored_member(backend)
    with pytest.raises(Malformed):
        await backend.guides.saved(member.id, Role.PUBLIC, unread_only=False, cursor=cursor, limit=10)


async def test_guide_queries_view_shows_the_whole_guide(backend: Backend) -> None:
    guide = await stored_guide(backend, body="# Text", tags=["a", "b"], source_path="library/a.md")
    view = await backend.guides.view(None, Role.PUBLIC, guide.id)
    summary = view.summary
    assert (view.body, view.source_path) == ("# Text", "library/a.md")
    assert (summary.id, summary.title, summary.tags) == (guide.id, "Position sizing", ("a", "b"))
    assert (summary.category, summary.difficulty_level) == ("risk", Difficulty.BEGINNER)
    assert (summary.minimum_role, summary.version, summary.created_at) == (Role.PUBLIC, 1, guide.created_at)


@pytest.mark.parametrize(("role", "seen"), [(Role.SUBSCRIBER, False), (Role.ADMIN, True)])
async def test_guide_queries_view_above_the_role_is_none(backend: Backend, role: Role, seen: bool) -> None:
    guide = await stored_guide(backend, role=Role.ADMIN)
    assert (await backend.guides.view(None, role, guide.id) is not None) is seen


@pytest.mark.parametrize(("role", "seen"), [(Role.SUBSCRIBER, False), (Role.ADMIN, True)])
async def test_guide_queries_view_of_retired_guide_is_for_admins(backend: Backend, role: Role, seen: bool) -> None:
    guide = await stored_guide(backend)
    await retire(backend, guide)
    assert (await backend.guides.view(None, role, guide.id) is not None) is seen


async def test_guide_queries_retired_guide_of_owners_is_hidden_from_admins(backend: Backend) -> None:
    guide = await stored_guide(backend, role=Role.OWNER)
    await retire(backend, guide)
    assert await backend.guides.view(None, Role.ADMIN, guide.id) is None
    assert await titles(backend, Role.ADMIN, GuideFilter(include_retired=True)) == []


async def test_guide_queries_summaries_leave_out_what_may_not_be_read(backend: Backend) -> None:
    public, hidden = await stored_guide(backend, "a"), await stored_guide(backend, "b", role=Role.OWNER)
    wanted = [public.id, hidden.id, GuideId(backend.ids.new())]
    found = await backend.guides.summaries(None, Role.ADMIN, wanted)
    assert {guide_id: summary.title for guide_id, summary in found.items()} == {public.id: "a"}
    assert await backend.guides.summaries(None, Role.PUBLIC, []) == {}


async def test_guide_queries_next_in_category_walks_its_list_to_the_end(backend: Backend) -> None:
    first = await stored_guide(backend, "a")
    await stored_guide(backend, "b elsewhere", category="trading")
    await stored_guide(backend, "B hidden", role=Role.OWNER)
    await retire(backend, await stored_guide(backend, "b retired"))
    twin, last = await stored_guide(backend, "A"), await stored_guide(backend, "c")
    steps = [await backend.guides.next_in_category(None, Role.ADMIN, guide.id) for guide in (first, twin, last)]
    assert [step and step.id for step in steps] == [twin.id, last.id, None]


async def test_guide_queries_next_in_category_of_hidden_guide_is_none(backend: Backend) -> None:
    hidden = await stored_guide(backend, "a", role=Role.OWNER)
    await stored_guide(backend, "b")
    assert await backend.guides.next_in_category(None, Role.PUBLIC, hidden.id) is None
    assert await backend.guides.next_in_category(None, Role.PUBLIC, GuideId(backend.ids.new())) is None


@pytest.mark.parametrize("limit", [1, 2, 3])
async def test_guide_queries_saved_pages_are_complete_last_saved_first(backend: Backend, limit: int) -> None:
    member = await stored_member(backend)
    for number in range(5):
        await stored_saved_guide(backend, member, await stored_guide(backend, f"Guide {number}"))
        backend.clock.advance(timedelta(seconds=number % 2))
    shown, cursor = [], None
    while not shown or cursor is not None:
        page = await backend.guides.saved(member.id, Role.PUBLIC, unread_only=False, cursor=cursor, limit=limit)
        shown += [saved.guide.title for saved in page.items]
        cursor = page.next_cursor
    assert shown == [f"Guide {number}" for number in (4, 3, 2, 1, 0)]


async def test_guide_queries_saved_holds_ones_own_readable_guides(backend: Backend) -> None:
    ada, grace = await stored_member(backend, "ada"), await stored_member(backend, "grace")
    mine, lost = await stored_guide(backend, "mine"), await stored_guide(backend, "lost", role=Role.SUBSCRIBER)
    theirs, retired = await stored_guide(backend, "theirs"), await stored_guide(backend, "retired")
    for guide in (mine, lost, retired):
        await stored_saved_guide(backend, ada, guide)
    await stored_saved_guide(backend, grace, theirs)
    await retire(backend, retired)
    page = await backend.guides.saved(ada.id, Role.PUBLIC, unread_only=False, cursor=None, limit=10)
    assert [saved.guide.title for saved in page.items] == ["mine"]
    assert page.items[0].guide.is_saved


async def test_guide_queries_saved_unread_only_leaves_out_read_ones(backend: Backend) -> None:
    member = await stored_member(backend)
    read, unread = await stored_guide(backend, "read"), await stored_guide(backend, "unread")
    for guide in (read, unread):
        await stored_saved_guide(backend, member, guide)
    await opened(backend, member.id, read, read=True)
    page = await backend.guides.saved(member.id, Role.PUBLIC, unread_only=True, cursor=None, limit=10)
    assert [saved.guide.title for saved in page.items] == ["unread"]


async def test_guide_queries_continue_reading_is_opened_unread_last_viewed_first(backend: Backend) -> None:
    member = await stored_member(backend)
    guides = {title: await stored_guide(backend, title) for title in ("early", "late", "read", "unopened", "retired")}
    for guide in guides.values():
        await stored_saved_guide(backend, member, guide)
    for title in ("late", "read", "early", "retired", "late"):
        backend.clock.advance(timedelta(minutes=1))
        await opened(backend, member.id, guides[title], read=title == "read")
    await retire(backend, guides["retired"])
    begun = await backend.guides.continue_reading(member.id, Role.OWNER, 10)
    assert [(saved.guide.title, saved.times_viewed) for saved in begun] == [("late", 2), ("early", 1)]
    assert begun[0].last_viewed_at == backend.clock.now()
    assert len(await backend.guides.continue_reading(member.id, Role.OWNER, 1)) == 1


async def test_guide_queries_categories_count_what_the_role_may_read(backend: Backend) -> None:
    await stored_guide(backend, "a")
    await stored_guide(backend, "b", role=Role.SUBSCRIBER)
    await stored_guide(backend, "c", category="trading", role=Role.SUBSCRIBER)
    await retire(backend, await stored_guide(backend, "d", category="technical"))
    assert await backend.guides.categories(Role.PUBLIC) == {"risk": 1}
    assert await backend.guides.categories(Role.OWNER) == {"risk": 2, "trading": 1}


async def test_guide_queries_all_active_are_by_title_for_the_role(backend: Backend) -> None:
    await stored_guide(backend, "b", body="Text", role=Role.OWNER)
    await stored_guide(backend, "A")
    await retire(backend, await stored_guide(backend, "c"))
    views = await backend.guides.all_active(Role.OWNER)
    assert [(view.summary.title, view.body) for view in views] == [("A", None), ("b", "Text")]
    assert [view.summary.title for view in await backend.guides.all_active(Role.ADMIN)] == ["A"]


_TITLE = st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters="\ufffe"), min_size=1, max_size=6)


@settings(max_examples=5)
@given(wanted=st.lists(_TITLE, min_size=1, max_size=6), limit=st.integers(1, 4))
async def test_guide_queries_pages_of_any_titles_are_complete_and_sorted(
    backend: Backend, wanted: list[str], limit: int
) -> None:
    category = f"category {backend.ids.new()}"
    for title in wanted:
        await stored_guide(backend, title, category=category, categories=[category])
    shown = await titles(backend, Role.PUBLIC, GuideFilter(category=category), limit)
    assert [title.casefold() for title in shown] == sorted(title.casefold() for title in wanted)
    assert sorted(shown) == sorted(wanted)
