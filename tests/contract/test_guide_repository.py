"""Guides and members' collections."""

import json
from datetime import timedelta

import pytest

from domain.errors import Conflict, NotFound, StaleVersion
from domain.events import GUIDES
from domain.guides import Difficulty, GuideId, SavedGuide, SavedGuideId
from domain.identity import MemberId, Role
from tests.support.backend import Backend
from tests.support.given import new_guide, stored_guide, stored_member, stored_saved_guide
from tests.support.racing import race


async def test_guide_repository_added_guide_is_found_whole(backend: Backend) -> None:
    guide = await stored_guide(
        backend,
        "Sizing 📏 «carefully»",
        category="trading",
        role=Role.SUBSCRIBER,
        description="Two\nlines",
        body="# Heading\n\n\ttext\\ with 'quotes'",
        content_url="https://example.org/a?b=c",
        difficulty_level=Difficulty.ADVANCED,
        tags=["size", "größe"],
        source_path="library/risk/sizing.md",
    )
    async with backend.unit_of_work() as work:
        found = await work.guides.get(guide.id)
    assert found.content == guide.content
    assert (found.id, found.source_path, found.version) == (guide.id, "library/risk/sizing.md", 1)
    assert (found.views_count, found.is_active, found.created_at) == (0, True, guide.created_at)


async def test_guide_repository_guide_without_body_keeps_none(backend: Backend) -> None:
    guide = await stored_guide(backend)
    async with backend.unit_of_work() as work:
        content = (await work.guides.get(guide.id)).content
    assert (content.body, content.content_url, content.tags) == (None, None, ())


async def test_guide_repository_unknown_guide_raises_not_found(backend: Backend) -> None:
    async with backend.unit_of_work() as work:
        with pytest.raises(NotFound):
            await work.guides.get(GuideId(backend.ids.new()))


async def test_guide_repository_found_by_source_path_even_when_retired(backend: Backend) -> None:
    guide = await stored_guide(backend, source_path="library/a.md")
    async with backend.unit_of_work() as work:
        loaded = await work.guides.by_source_path("library/a.md")
        loaded.retire(backend.clock.now())
        await work.guides.save(loaded)
        await work.commit()
    async with backend.unit_of_work() as work:
        assert (await work.guides.by_source_path("library/a.md")).id == guide.id
        assert await work.guides.by_source_path("library/A.md") is None


async def test_guide_repository_add_same_source_path_raises_conflict(backend: Backend) -> None:
    await stored_guide(backend, source_path="library/a.md")
    async with backend.unit_of_work() as work:
        with pytest.raises(Conflict):
            await work.guides.add(new_guide(backend, "Another", source_path="library/a.md"))


async def test_guide_repository_source_paths_are_of_one_collection_and_active(backend: Backend) -> None:
    inside = await stored_guide(backend, "Inside", source_path="my_docs/a.md")
    deeper = await stored_guide(backend, "Deeper", source_path="my_docs/more/b.md")
    gone = await stored_guide(backend, "Gone", source_path="my_docs/c.md")
    for path in ("myxdocs/a.md", "my_docs2/a.md", "MY_DOCS/a.md", "my_docs"):
        await stored_guide(backend, path, source_path=path)
    await stored_guide(backend, "Nowhere")
    async with backend.unit_of_work() as work:
        loaded = await work.guides.get(gone.id)
        loaded.retire(backend.clock.now())
        await work.guides.save(loaded)
        await work.commit()
    async with backend.unit_of_work() as work:
        assert await work.guides.source_paths("my_docs") == {
            "my_docs/a.md": inside.id,
            "my_docs/more/b.md": deeper.id,
        }
        assert await work.guides.source_paths("%") == {}


async def test_guide_repository_saved_changes_are_kept(backend: Backend) -> None:
    guide = await stored_guide(backend)
    backend.clock.advance(timedelta(hours=1))
    async with backend.unit_of_work() as work:
        loaded = await work.guides.get(guide.id)
        loaded.revise(new_guide(backend, "Another", category="trading", tags=["new"]).content, backend.clock.now())
        loaded.retire(backend.clock.now())
        await work.guides.save(loaded)
        await work.commit()
    async with backend.unit_of_work() as work:
        found = await work.guides.get(guide.id)
    assert (found.content.title, found.content.tags, found.is_active) == ("Another", ("new",), False)
    assert (found.version, found.created_at, found.updated_at) == (3, guide.created_at, backend.clock.now())


async def test_guide_repository_save_of_stale_guide_raises_stale_version(backend: Backend) -> None:
    guide = await stored_guide(backend)
    async with backend.unit_of_work() as work:
        stale = await work.guides.get(guide.id)
    async with backend.unit_of_work() as work:
        fresh = await work.guides.get(guide.id)
        fresh.retire(backend.clock.now())
        await work.guides.save(fresh)
        await work.commit()
    stale.retire(backend.clock.now())
    async with backend.unit_of_work() as work:
        with pytest.raises(StaleVersion):
            await work.guides.save(stale)


async def test_guide_repository_save_of_deleted_guide_raises_stale_version(backend: Backend) -> None:
    guide = await stored_guide(backend)
    async with backend.unit_of_work() as work:
        stale = await work.guides.get(guide.id)
    async with backend.unit_of_work() as work:
        await work.guides.delete(await work.guides.get(guide.id))
        await work.commit()
    stale.retire(backend.clock.now())
    async with backend.unit_of_work() as work:
        with pytest.raises(StaleVersion):
            await work.guides.save(stale)


async def test_guide_repository_save_leaves_views_as_counted(backend: Backend) -> None:
    guide = await stored_guide(backend)
    async with backend.unit_of_work() as work:
        loaded = await work.guides.get(guide.id)
        await work.guides.count_view(guide.id)
        loaded.retire(backend.clock.now())
        await work.guides.save(loaded)
        await work.commit()
    async with backend.unit_of_work() as work:
        assert (await work.guides.get(guide.id)).views_count == 1


async def test_guide_repository_racing_views_are_all_counted_outside_the_version(backend: Backend) -> None:
    guide = await stored_guide(backend)

    async def view(number: int) -> None:
        async with backend.unit_of_work() as work:
            await work.guides.count_view(guide.id)
            await work.commit()

    assert await race(5, view) == [None] * 5
    async with backend.unit_of_work() as work:
        found = await work.guides.get(guide.id)
    assert (found.views_count, found.version) == (5, 1)


async def test_guide_repository_view_of_absent_guide_is_ignored(backend: Backend) -> None:
    async with backend.unit_of_work() as work:
        await work.guides.count_view(GuideId(backend.ids.new()))
        await work.commit()
    assert list(await backend.guides.all_active(Role.OWNER)) == []


async def test_guide_repository_count_includes_retired_guides(backend: Backend) -> None:
    await stored_guide(backend, "Kept")
    async with backend.unit_of_work() as work:
        retired = new_guide(backend, "Retired")
        retired.retire(backend.clock.now())
        await work.guides.add(retired)
        assert await work.guides.count() == 2


async def test_guide_repository_delete_takes_passages_and_saved_copies_along(backend: Backend) -> None:
    member, guide = await stored_member(backend), await stored_guide(backend, terms=("risk",))
    await stored_saved_guide(backend, member, guide)
    async with backend.unit_of_work() as work:
        loaded = await work.guides.get(guide.id)
        loaded.delete()
        await work.guides.delete(loaded)
        await work.commit()
    async with backend.unit_of_work() as work:
        assert await work.saved_guides.find(member.id, guide.id) is None
        assert await work.guides.count() == 0
    found = await backend.passages.candidates(["risk"], Role.OWNER, 10)
    assert (list(found.found), found.passage_count) == ([], 0)


async def test_guide_repository_delete_logs_the_recorded_event(backend: Backend) -> None:
    guide = await stored_guide(backend, role=Role.SUBSCRIBER)
    async with backend.unit_of_work() as work:
        loaded = await work.guides.get(guide.id)
        loaded.delete()
        await work.guides.delete(loaded)
        await work.commit()
    *_, event = (await backend.event_log.read(GUIDES, 0, 10)).events
    assert (event.type, event.minimum_role) == ("guide_updated", Role.SUBSCRIBER)
    assert json.loads(event.payload) == {
        "guide_id": str(guide.id),
        "version": 2,
        "change": "deleted",
        "audience": "SUBSCRIBER",
    }


async def test_saved_guide_repository_added_guide_is_found_whole(backend: Backend) -> None:
    member, guide = await stored_member(backend), await stored_guide(backend)
    saved = await stored_saved_guide(backend, member, guide)
    async with backend.unit_of_work() as work:
        found = await work.saved_guides.find(member.id, guide.id)
    assert (found.id, found.saved_at, found.is_read) == (saved.id, saved.saved_at, False)
    assert (found.times_viewed, found.last_viewed_at) == (0, None)


async def test_saved_guide_repository_unsaved_guide_is_none(backend: Backend) -> None:
    member, guide = await stored_member(backend), await stored_guide(backend)
    async with backend.unit_of_work() as work:
        assert await work.saved_guides.find(member.id, guide.id) is None


async def test_saved_guide_repository_added_again_stays_as_it_was(backend: Backend) -> None:
    member, guide = await stored_member(backend), await stored_guide(backend)
    saved = await stored_saved_guide(backend, member, guide)
    backend.clock.advance(timedelta(hours=1))
    await stored_saved_guide(backend, member, guide)
    async with backend.unit_of_work() as work:
        found = await work.saved_guides.find(member.id, guide.id)
    assert (found.id, found.saved_at) == (saved.id, saved.saved_at)


async def test_saved_guide_repository_saved_changes_are_kept(backend: Backend) -> None:
    member, guide = await stored_member(backend), await stored_guide(backend)
    await stored_saved_guide(backend, member, guide)
    async with backend.unit_of_work() as work:
        found = await work.saved_guides.find(member.id, guide.id)
        found.viewed(backend.clock.now())
        found.is_read = True
        await work.saved_guides.save(found)
        await work.commit()
    async with backend.unit_of_work() as work:
        found = await work.saved_guides.find(member.id, guide.id)
    assert (found.times_viewed, found.last_viewed_at, found.is_read) == (1, backend.clock.now(), True)


async def test_saved_guide_repository_removed_twice_is_absent(backend: Backend) -> None:
    member, guide = await stored_member(backend), await stored_guide(backend)
    await stored_saved_guide(backend, member, guide)
    async with backend.unit_of_work() as work:
        await work.saved_guides.remove(member.id, guide.id)
        await work.saved_guides.remove(member.id, guide.id)
        await work.commit()
    async with backend.unit_of_work() as work:
        assert await work.saved_guides.find(member.id, guide.id) is None


async def test_saved_guide_repository_guide_that_is_gone_raises_conflict(backend: Backend) -> None:
    member = await stored_member(backend)
    saved = SavedGuide(
        SavedGuideId(backend.ids.new()), member.id, GuideId(backend.ids.new()), saved_at=backend.clock.now()
    )
    async with backend.unit_of_work() as work:
        with pytest.raises(Conflict):
            await work.saved_guides.add(saved)


async def test_saved_guide_repository_member_that_is_gone_raises_conflict(backend: Backend) -> None:
    guide = await stored_guide(backend)
    saved = SavedGuide(
        SavedGuideId(backend.ids.new()), MemberId(backend.ids.new()), guide.id, saved_at=backend.clock.now()
    )
    async with backend.unit_of_work() as work:
        with pytest.raises(Conflict):
            await work.saved_guides.add(saved)
