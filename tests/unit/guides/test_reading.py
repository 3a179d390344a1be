"""Readers see what their role reaches, and keep a collection of their own."""

import pytest

from application.guides.library import GuideDraft
from application.ports.guides import GuideFilter
from domain.errors import NotAllowed, NotFound, StaleVersion
from domain.guides import GuideId
from domain.identity import GUEST, OPERATOR, Role
from tests.unit.guides.conftest import LibraryWorld


async def _guide(world: LibraryWorld, title: str, role: Role = Role.PUBLIC) -> GuideId:
    return await world.library.create(OPERATOR, GuideDraft(title=title, category="risk", minimum_role=role))


async def test_guide_above_the_readers_role_does_not_exist_for_them(world: LibraryWorld) -> None:
    hidden = await _guide(world, "For subscribers", Role.SUBSCRIBER)
    ann = await world.member("ann")

    assert await world.titles(ann) == []
    for call in (world.reading.view, world.reading.open, world.reading.save, world.reading.next_in_category):
        with pytest.raises(NotFound):
            await call(ann, hidden)


async def test_guide_opened_counts_views_outside_of_the_version(world: LibraryWorld) -> None:
    guide_id = await _guide(world, "Stops")
    ann = await world.member("ann")
    await world.reading.save(ann, guide_id)

    for _ in range(3):
        await world.reading.open(ann, guide_id)
    await world.reading.open(GUEST, guide_id)

    view = await world.reading.view(ann, guide_id)
    (saved,) = (await world.reading.saved(ann)).items
    assert (view.summary.views_count, view.summary.version) == (4, 1)
    assert (saved.times_viewed, saved.last_viewed_at) == (3, world.clock.now())


async def test_saved_guide_is_marked_read_and_left_from_continue_reading(world: LibraryWorld) -> None:
    guide_id = await _guide(world, "Stops")
    ann = await world.member("ann")
    await world.reading.save(ann, guide_id)
    await world.reading.save(ann, guide_id)
    await world.reading.open(ann, guide_id)
    before = await world.reading.continue_reading(ann)

    await world.reading.mark(ann, guide_id, is_read=True)

    assert [saved.guide.title for saved in before] == ["Stops"]
    assert await world.reading.continue_reading(ann) == []
    assert (await world.reading.saved(ann, unread_only=True)).items == ()
    await world.reading.unsave(ann, guide_id)
    with pytest.raises(NotFound, match="collection"):
        await world.reading.mark(ann, guide_id, is_read=False)


async def test_guide_revised_from_a_stale_version_is_refused(world: LibraryWorld) -> None:
    guide_id = await _guide(world, "Stops")
    await world.library.revise(OPERATOR, guide_id, GuideDraft(title="Stops 2", category="risk"), expected_version=1)

    with pytest.raises(StaleVersion, match="version 2, not 1"):
        await world.library.revise(OPERATOR, guide_id, GuideDraft(title="Stops 3", category="risk"), expected_version=1)


async def test_guide_change_is_told_only_to_those_who_could_read_it(world: LibraryWorld) -> None:
    guide_id = await _guide(world, "Secret", Role.ADMIN)
    await world.library.revise(OPERATOR, guide_id, GuideDraft(title="Open", category="risk"), None)

    roles = [getattr(heard, "minimum_role", None) for heard in world.heard]

    assert roles == [Role.ADMIN, Role.PUBLIC]
    assert all(b"Secret" not in payload and b"Open" not in payload for payload in world.changes())


async def test_guide_retired_is_kept_for_admins_only(world: LibraryWorld) -> None:
    guide_id = await _guide(world, "Old")
    ann, admin = await world.member("ann"), await world.member("admin", Role.ADMIN)
    await world.library.retire(admin, guide_id)

    shelf = await world.reading.page(admin, GuideFilter(include_retired=True), None, 10)

    assert [guide.title for guide in shelf.items] == ["Old"]
    with pytest.raises(NotFound):
        await world.reading.view(ann, guide_id)
    with pytest.raises(NotAllowed):
        await world.reading.page(ann, GuideFilter(include_retired=True), None, 10)


async def test_guide_kept_by_members_without_the_role_is_not_allowed(world: LibraryWorld) -> None:
    guide_id = await _guide(world, "Stops")
    ann = await world.member("ann", Role.SUBSCRIBER)

    with pytest.raises(NotAllowed):
        await world.library.create(ann, GuideDraft(title="Mine", category="risk"))
    with pytest.raises(NotAllowed):
        await world.library.delete(ann, guide_id)
