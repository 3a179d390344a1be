"""Who may hear what, and what exactly they missed."""

from uuid import UUID

import pytest

from adapters.memory import InMemoryChatQueries, InMemoryMemberQueries
from application.realtime.subscriptions import SubscriptionService
from application.realtime.typing import TypingService
from domain.errors import Invalid, NotAllowed, NotFound, NotSignedIn
from domain.events import GUIDES, Channel
from domain.identity import GUEST, OPERATOR, Role
from tests.unit.realtime.world import World


def service(world: World, **bounds: int) -> SubscriptionService:
    return SubscriptionService(
        InMemoryChatQueries(world.store),
        InMemoryMemberQueries(world.store),
        world.log,
        world.running,
        world.clock,
        **bounds,
    )


@pytest.fixture
def world() -> World:
    return World()


@pytest.mark.parametrize("name", ["guides", "system"])
async def test_authorise_open_channels_are_for_members(world: World, name: str) -> None:
    ada = await world.member()

    assert await service(world).authorise(ada, name) == name
    for stranger in (GUEST, OPERATOR):
        with pytest.raises(NotSignedIn):
            await service(world).authorise(stranger, name)


@pytest.mark.parametrize("name", ["system_metrics", "alerts"])
async def test_authorise_operating_channels_need_admin(world: World, name: str) -> None:
    ada, cleo = await world.member(), await world.member(Role.ADMIN, "cleo")

    assert await service(world).authorise(cleo, name) == name
    with pytest.raises(NotAllowed):
        await service(world).authorise(ada, name)


async def test_authorise_own_user_channel_only(world: World) -> None:
    ada, owner = await world.member(), await world.member(Role.OWNER, "olga")

    assert await service(world).authorise(ada, f"user:{ada.member_id}") == f"user:{ada.member_id}"
    with pytest.raises(NotAllowed):
        await service(world).authorise(owner, f"user:{ada.member_id}")


async def test_authorise_session_of_a_participant_only(world: World) -> None:
    ada, owner = await world.member(), await world.member(Role.OWNER, "olga")
    session = await world.session(ada)

    assert await service(world).authorise(ada, f"SESSION:{str(session.id).upper()}") == f"session:{session.id}"
    for actor, name in ((owner, f"session:{session.id}"), (ada, f"session:{UUID(int=7)}")):
        with pytest.raises(NotFound):
            await service(world).authorise(actor, name)


@pytest.mark.parametrize(
    "name",
    ["", "nosuch", "Guides", "session:", "session:x", "user:", f"room:{UUID(int=7)}", f"session:{UUID(int=7).hex}"],
)
async def test_authorise_unknown_name_says_what_is_known(world: World, name: str) -> None:
    ada = await world.member()

    with pytest.raises(Invalid, match="session:<id>"):
        await service(world).authorise(ada, name)


async def test_still_allowed_drops_what_is_lost(world: World) -> None:
    ada, ben = await world.member(), await world.member(name="ben")
    session = await world.session(ben)
    channels = [GUIDES, Channel("alerts"), Channel(f"session:{session.id}"), Channel(f"user:{ada.member_id}")]

    kept = await service(world).still_allowed(ada, channels)

    assert kept == {GUIDES, f"user:{ada.member_id}"}


async def test_current_actor_comes_from_the_database(world: World) -> None:
    ada = await world.member(Role.SUBSCRIBER)

    assert await service(world).current(ada) == ada
    assert await service(world).current(GUEST) is None


async def test_recover_without_place_starts_now(world: World) -> None:
    world.guide_changed()

    recovery = await service(world).recover(GUIDES, None, None, Role.PUBLIC)

    assert (recovery.offset, recovery.recovered, recovery.resync_required) == (1, False, False)


async def test_recover_pages_through_all_that_was_missed(world: World) -> None:
    for _ in range(1_201):
        world.guide_changed()

    recovery = await service(world).recover(GUIDES, "memory", 1, Role.PUBLIC)

    assert [event.offset for event in recovery.events] == list(range(2, 1_202))
    assert (recovery.offset, recovery.recovered) == (1_201, True)


async def test_recover_tells_only_what_the_role_may_see(world: World) -> None:
    for role in (Role.PUBLIC, Role.ADMIN, Role.SUBSCRIBER):
        world.guide_changed(role)

    recovery = await service(world).recover(GUIDES, "memory", 0, Role.SUBSCRIBER)

    assert [event.offset for event in recovery.events] == [1, 3]
    assert recovery.offset == 3


@pytest.mark.parametrize(("epoch", "offset"), [("another", 1), ("memory", 99), ("memory", 0)])
async def test_recover_unreachable_place_needs_a_resync(world: World, epoch: str, offset: int) -> None:
    for _ in range(5):
        world.guide_changed()
    world.forget(1)

    recovery = await service(world).recover(GUIDES, epoch, offset, Role.PUBLIC)

    assert (recovery.resync_required, recovery.recovered) == (True, False)
    assert (recovery.offset, recovery.events) == (5, ())


@pytest.mark.parametrize("bounds", [{"max_events": 3}, {"max_bytes": 100}])
async def test_recover_more_than_the_bound_needs_a_resync(world: World, bounds: dict[str, int]) -> None:
    for _ in range(4):
        world.guide_changed()

    recovery = await service(world, **bounds).recover(GUIDES, "memory", 0, Role.PUBLIC)

    assert recovery.resync_required


@pytest.mark.parametrize(("epoch", "offset"), [("memory", None), (None, 1)])
async def test_recover_half_a_place_is_invalid(world: World, epoch: str | None, offset: int | None) -> None:
    with pytest.raises(Invalid):
        await service(world).recover(GUIDES, epoch, offset, Role.PUBLIC)


async def test_snapshots_are_of_sessions_only(world: World) -> None:
    ada = await world.member()
    session = await world.session(ada)

    assert service(world).snapshots(GUIDES) == ()
    assert list(service(world).snapshots(Channel(f"session:{session.id}"))) == []


async def test_typing_in_a_foreign_session_is_not_found(world: World) -> None:
    ada, ben = await world.member(), await world.member(name="ben")
    session = await world.session(ada)

    with pytest.raises(NotFound):
        await TypingService(InMemoryChatQueries(world.store), world.bus).tell(ben, session.id, is_typing=True)
