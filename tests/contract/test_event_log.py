"""The log of every channel: what was missed, in order, or the word that it is not whole."""

from datetime import timedelta

import pytest

from domain.events import GUIDES, Channel, session_channel
from domain.identity import Role
from tests.support.backend import Backend
from tests.support.given import new_guide, posted, stored_guide, stored_member, stored_session


async def logged(backend: Backend, count: int, every: timedelta = timedelta(0)) -> None:
    """So many events in the channel of guides."""
    for number in range(count):
        await stored_guide(backend, f"Guide {number}")
        backend.clock.advance(every)


async def offsets(backend: Backend, after: int, limit: int = 100) -> tuple[list[int], bool]:
    found = await backend.event_log.read(GUIDES, after, limit)
    return [event.offset for event in found.events], found.complete


async def test_event_log_epoch_names_one_history(backend: Backend) -> None:
    epoch = await backend.event_log.epoch()
    await logged(backend, 1)
    assert epoch != ""
    assert await backend.event_log.epoch() == epoch


async def test_event_log_positions_are_the_last_offsets(backend: Backend) -> None:
    session = await stored_session(backend, await stored_member(backend))
    await posted(backend, session)
    await posted(backend, session)
    quiet = Channel("system")
    positions = await backend.event_log.positions([session_channel(session.id), quiet, quiet])
    assert positions == {session_channel(session.id): 2, quiet: 0}
    assert await backend.event_log.positions([]) == {}


@pytest.mark.parametrize(
    ("after", "limit", "expected"),
    [(0, 10, [1, 2, 3, 4, 5]), (0, 2, [1, 2]), (2, 2, [3, 4]), (4, 10, [5]), (5, 10, [])],
)
async def test_event_log_read_gives_what_follows_ascending(
    backend: Backend, after: int, limit: int, expected: list[int]
) -> None:
    await logged(backend, 5)
    assert await offsets(backend, after, limit) == (expected, True)


async def test_event_log_read_of_a_quiet_channel_is_complete(backend: Backend) -> None:
    found = await backend.event_log.read(Channel("system"), 0, 10)
    assert (list(found.events), found.complete) == ([], True)


@pytest.mark.parametrize("after", [1, 2**40])
async def test_event_log_offset_of_a_quiet_channel_is_not_complete(backend: Backend, after: int) -> None:
    found = await backend.event_log.read(Channel("system"), after, 10)
    assert (list(found.events), found.complete) == ([], False)


async def test_event_log_offset_beyond_the_end_is_not_complete(backend: Backend) -> None:
    await logged(backend, 2)
    assert await offsets(backend, 3) == ([], False)


async def test_event_log_channels_do_not_mix(backend: Backend) -> None:
    owner = await stored_member(backend)
    one, two = await stored_session(backend, owner), await stored_session(backend, owner)
    await posted(backend, one, "to one")
    await posted(backend, two, "to two")
    (event,) = (await backend.event_log.read(session_channel(one.id), 0, 10)).events
    assert event.channel == session_channel(one.id)
    assert b"to one" in event.payload


async def test_event_log_event_carries_its_audience_and_time(backend: Backend) -> None:
    await stored_guide(backend, role=Role.ADMIN)
    (event,) = (await backend.event_log.read(GUIDES, 0, 10)).events
    assert (event.type, event.minimum_role, event.created_at) == ("guide_updated", Role.ADMIN, backend.clock.now())


async def test_event_log_prune_forgets_only_what_is_older(backend: Backend) -> None:
    await logged(backend, 4, timedelta(hours=1))
    before = backend.clock.now() - timedelta(hours=2)
    assert await backend.event_log.prune(before, 100) == 2
    assert await backend.event_log.prune(before, 100) == 0
    assert await offsets(backend, 2) == ([3, 4], True)


async def test_event_log_reader_from_before_the_pruning_is_told(backend: Backend) -> None:
    await logged(backend, 4, timedelta(hours=1))
    await backend.event_log.prune(backend.clock.now() - timedelta(hours=2), 100)
    for after in (0, 1):
        assert (await backend.event_log.read(GUIDES, after, 100)).complete is False
    assert await offsets(backend, 3) == ([4], True)


async def test_event_log_pruned_to_the_end_goes_on_counting(backend: Backend) -> None:
    await logged(backend, 3, timedelta(hours=1))
    assert await backend.event_log.prune(backend.clock.now(), 100) == 3
    assert await backend.event_log.positions([GUIDES]) == {GUIDES: 3}
    assert await offsets(backend, 3) == ([], True)
    assert (await backend.event_log.read(GUIDES, 0, 10)).complete is False
    await logged(backend, 1)
    assert await offsets(backend, 3) == ([4], True)


async def test_event_log_prune_in_small_steps_takes_the_oldest_first(backend: Backend) -> None:
    await logged(backend, 5, timedelta(hours=1))
    steps = [await backend.event_log.prune(backend.clock.now(), 2) for _ in range(4)]
    assert steps == [2, 2, 1, 0]
    await logged(backend, 1)
    assert await offsets(backend, 5) == ([6], True)


async def test_event_log_prune_step_leaves_a_whole_rest(backend: Backend) -> None:
    async with backend.unit_of_work() as work:
        for number in range(5):
            await work.guides.add(new_guide(backend, f"Guide {number}"))
        await work.commit()
    assert await backend.event_log.prune(backend.clock.now() + timedelta(seconds=1), 3) == 3
    assert await offsets(backend, 3) == ([4, 5], True)
    assert (await backend.event_log.read(GUIDES, 2, 10)).complete is False


async def test_event_log_prune_of_one_channel_leaves_others(backend: Backend) -> None:
    await logged(backend, 2, timedelta(hours=1))
    session = await stored_session(backend, await stored_member(backend))
    await posted(backend, session)
    assert await backend.event_log.prune(backend.clock.now(), 100) == 2
    found = await backend.event_log.read(session_channel(session.id), 0, 10)
    assert ([event.offset for event in found.events], found.complete) == ([1], True)
