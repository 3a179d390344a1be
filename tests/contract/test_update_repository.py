"""Updates are handled once, lane by lane, in order."""

from collections.abc import Set
from dataclasses import replace
from datetime import timedelta

import pytest

from application.ports.inbox import LISTED, UpdateFilter
from domain.errors import Conflict, Malformed, NotFound
from domain.telegram import (
    FORGOTTEN,
    MALFORMED,
    Envelope,
    InboxUpdate,
    UpdateKey,
    UpdateState,
)
from tests.support.backend import Backend
from tests.support.bot import (
    BOT,
    LEASE,
    arrived,
    claimed,
    fields_of,
    handled,
    new_message,
    new_update,
    saved,
    stored_update,
)


def numbers(updates: list[InboxUpdate]) -> list[int | None]:
    return [update.update_id for update in updates]


async def renewed(backend: Backend, update: InboxUpdate) -> Set[UpdateKey]:
    assert update.claim is not None
    async with backend.unit_of_work() as work:
        held = await work.telegram_updates.renew(update.claim, backend.clock.now() + LEASE)
        await work.commit()
    return held


async def next_due(backend: Backend, bot_id: int = BOT) -> object:
    async with backend.unit_of_work() as work:
        return await work.telegram_updates.next_due(bot_id, backend.clock.now())


async def failed(backend: Backend, update: InboxUpdate) -> None:
    claim = update.claim
    update.fail("It broke.", backend.clock.now(), timedelta(milliseconds=5))
    assert await saved(backend, update, claim)


async def test_update_claims_begin_the_first_of_each_lane_in_order(backend: Backend) -> None:
    await arrived(backend, *(new_update(backend, number, f"chat:{number % 2}") for number in (4, 3, 2, 1)))
    found = await claimed(backend, per_lane=1)
    assert sorted(number or 0 for number in numbers(found)) == [1, 2]
    for update in found:
        assert (update.state, update.attempts, update.lease_until) == (
            UpdateState.PROCESSING,
            1,
            backend.clock.now() + LEASE,
        )
        assert fields_of(await stored_update(backend, update.key)) == fields_of(update)
    assert await claimed(backend) == []


async def test_update_claims_take_several_of_a_lane_that_follow_each_other(backend: Backend) -> None:
    await arrived(backend, *(new_update(backend, number) for number in (9, 3, 7, 5)))
    assert numbers(await claimed(backend, per_lane=3)) == [3, 5, 7]


async def test_update_claims_take_as_many_lanes_as_asked_for_the_longest_due_first(backend: Backend) -> None:
    for number in range(5):
        await arrived(backend, new_update(backend, 100 - number, f"chat:{number}"))
        backend.clock.advance(timedelta(seconds=1))
    assert numbers(await claimed(backend, lanes=2)) == [100, 99]
    assert numbers(await claimed(backend, lanes=2)) == [98, 97]
    assert numbers(await claimed(backend, lanes=2)) == [96]


async def test_update_claims_take_urgent_lanes_first(backend: Backend) -> None:
    await arrived(backend, new_update(backend, 1))
    backend.clock.advance(timedelta(seconds=1))
    await arrived(backend, new_update(backend, 2, "urgent:5", is_urgent=True))
    assert numbers(await claimed(backend, lanes=1)) == [2]
    assert numbers(await claimed(backend, lanes=1)) == [1]


async def test_update_claims_leave_a_held_lane_alone_until_its_lease_ends(backend: Backend) -> None:
    await arrived(backend, new_update(backend, 2))
    (held,) = await claimed(backend)
    await arrived(backend, new_update(backend, 1), new_update(backend, 3))
    assert await claimed(backend) == []
    assert await next_due(backend) == held.lease_until
    backend.clock.advance(LEASE)
    assert await next_due(backend) == backend.clock.now()
    again = await claimed(backend)
    assert numbers(again) == [1, 2, 3]
    assert [update.attempts for update in again] == [1, 1, 0], "only the first one's turn has come"


async def test_update_claims_of_a_renewed_lease_wait_for_its_end(backend: Backend) -> None:
    await arrived(backend, new_update(backend, 1), new_update(backend, 2))
    held = await claimed(backend)
    backend.clock.advance(LEASE - timedelta(seconds=1))
    assert await renewed(backend, held[0]) == {update.key for update in held}
    backend.clock.advance(timedelta(seconds=2))
    assert await claimed(backend) == []
    await handled(backend, *held)
    assert await renewed(backend, replace(held[0], claim=backend.ids.new())) == set()


async def test_update_claims_leave_a_lane_whose_first_one_is_in_backoff(backend: Backend) -> None:
    await arrived(backend, new_update(backend, 1), new_update(backend, 2), new_update(backend, 3, "chat:6"))
    first = (await claimed(backend, lanes=1, per_lane=1))[0]
    await failed(backend, first)
    assert numbers(await claimed(backend)) == [3]
    assert await next_due(backend) == backend.clock.now() + timedelta(seconds=1)
    backend.clock.advance(timedelta(seconds=1))
    assert numbers(await claimed(backend)) == [1, 2]


async def test_update_claims_stop_before_one_that_is_not_due(backend: Backend) -> None:
    await arrived(backend, new_update(backend, 2), new_update(backend, 3))
    await failed(backend, (await claimed(backend, per_lane=1))[0])
    await arrived(backend, new_update(backend, 1))
    assert numbers(await claimed(backend)) == [1]


async def test_update_claims_go_on_after_the_last_attempt(backend: Backend) -> None:
    await arrived(backend, new_update(backend, 1), new_update(backend, 2))
    for _ in range(4):
        (update,) = await claimed(backend, per_lane=1)
        assert update.update_id == 1
        await failed(backend, update)
        backend.clock.advance(timedelta(seconds=20))
    assert numbers(await claimed(backend)) == [2]
    given_up = await stored_update(backend, update.key)
    assert (given_up.state, given_up.error_message, given_up.attempts) == (UpdateState.ERROR, "It broke.", 4)


async def test_update_claims_are_of_one_bot(backend: Backend) -> None:
    await arrived(backend, new_update(backend, 1), new_update(backend, 2, bot_id=2))
    assert numbers(await claimed(backend, bot_id=2)) == [2]
    assert await next_due(backend, 3) is None
    assert numbers(await claimed(backend)) == [1]


async def test_update_saves_of_a_lost_claim_write_nothing(backend: Backend) -> None:
    await arrived(backend, new_update(backend, 1))
    (late,) = await claimed(backend)
    backend.clock.advance(LEASE)
    (update,) = await claimed(backend)
    claim = late.claim
    late.succeed(backend.clock.now(), timedelta())
    assert not await saved(backend, late, claim)
    assert not await saved(backend, late, None)
    assert (await stored_update(backend, late.key)).state is UpdateState.PROCESSING
    await handled(backend, update)
    assert not await saved(backend, late, claim)
    stored = await stored_update(backend, late.key)
    assert (stored.state, stored.attempts, stored.claim) == (UpdateState.SUCCESS, 2, None)


async def test_update_saves_of_several_write_those_that_are_still_held(backend: Backend) -> None:
    await arrived(backend, *(new_update(backend, number, f"chat:{number}") for number in range(4)))
    (late, *_) = await claimed(backend, lanes=1)
    backend.clock.advance(LEASE)
    updates = await claimed(backend)
    held = {update.key: update.claim for update in updates}
    ended = [(late, late.claim), *((update, update.claim) for update in updates if update.key != late.key)]
    for update, _ in ended:
        update.succeed(backend.clock.now(), timedelta())
    async with backend.unit_of_work() as work:
        assert await work.telegram_updates.save_each([]) == set()
        written = await work.telegram_updates.save_each([(update, claim) for update, claim in ended if claim])
        await work.commit()
    assert written == held.keys() - {late.key}
    for update, _ in ended[1:]:
        assert fields_of(await stored_update(backend, update.key)) == fields_of(update)
    stored = await stored_update(backend, late.key)
    assert (stored.state, stored.claim) == (UpdateState.PROCESSING, held[late.key])


async def test_update_saves_keep_what_handling_comes_to(backend: Backend) -> None:
    await arrived(backend, new_update(backend, 1))
    (update,) = await claimed(backend)
    backend.clock.advance(timedelta(seconds=3))
    claim = update.claim
    update.fail("A\0 reason \ud800", backend.clock.now(), timedelta(milliseconds=1234))
    assert await saved(backend, update, claim)
    stored = await stored_update(backend, update.key)
    assert (stored.handler_response_time_ms, stored.attempts, stored.due_at) == (1234, 1, update.due_at)
    assert (stored.error_message or "").startswith("A")


async def test_update_given_back_keeps_its_place_and_attempts(backend: Backend) -> None:
    await arrived(backend, new_update(backend, 1), new_update(backend, 2))
    first, second = await claimed(backend)
    claim = first.claim
    for update in (first, second):
        update.release(was_its_turn=update is first)
        assert await saved(backend, update, claim)
    found = await claimed(backend)
    assert [(update.update_id, update.attempts) for update in found] == [(1, 1), (2, 0)]
    for update in found:
        assert fields_of(await stored_update(backend, update.key)) == fields_of(update)


async def test_update_replayed_is_handled_before_what_follows_in_its_lane(backend: Backend) -> None:
    await arrived(backend, new_update(backend, 1))
    (update,) = await claimed(backend)
    update.give_up("No.", backend.clock.now())
    assert await saved(backend, update, (await stored_update(backend, update.key)).claim)
    await arrived(backend, new_update(backend, 2))
    update.replay(backend.clock.now())
    assert await saved(backend, update, None)
    assert numbers(await claimed(backend, per_lane=1)) == [1]


async def test_update_rolled_back_claim_leaves_it_waiting(backend: Backend) -> None:
    await arrived(backend, new_update(backend, 1))
    now = backend.clock.now()
    async with backend.unit_of_work() as work:
        await work.telegram_updates.claim(BOT, backend.ids.new(), now, now + LEASE, lanes=9, per_lane=9)
    assert [update.attempts for update in await claimed(backend)] == [1]


async def test_update_nobody_knows_is_not_found(backend: Backend) -> None:
    with pytest.raises(NotFound):
        await stored_update(backend, UpdateKey(backend.ids.new()))


async def test_update_bodies_are_forgotten_once_handled(backend: Backend) -> None:
    await arrived(backend, *(new_update(backend, number, f"chat:{number}") for number in range(5)))
    await handled(backend, *await claimed(backend, lanes=4))
    backend.clock.advance(timedelta(days=1))

    async def forget(limit: int) -> int:
        async with backend.unit_of_work() as work:
            count = await work.telegram_updates.forget_bodies(backend.clock.now(), limit)
            await work.commit()
        return count

    assert [await forget(3), await forget(3), await forget(3)] == [3, 1, 0]
    page = await backend.updates.page(UpdateFilter(), limit=9)
    assert [(update.raw, update.lane) for update in page.items] == [
        (LISTED, "chat:4"),
        *((b"", f"update:{number}") for number in (3, 2, 1, 0)),
    ]


async def test_update_of_a_forgotten_body_cannot_be_replayed(backend: Backend) -> None:
    await arrived(backend, new_update(backend, 1))
    (update,) = await claimed(backend)
    claim = update.claim
    update.give_up("No.", backend.clock.now())
    assert await saved(backend, update, claim)
    async with backend.unit_of_work() as work:
        await work.telegram_updates.forget_bodies(backend.clock.now() + timedelta(days=1), 9)
        await work.commit()
    stored = await stored_update(backend, update.key)
    assert (stored.error_message, stored.lane, stored.raw) == (FORGOTTEN, "update:1", b""), "errors quote what was said"
    with pytest.raises(Conflict):
        stored.replay(backend.clock.now())


async def test_update_bodies_of_a_person_are_forgotten_whatever_their_state(backend: Backend) -> None:
    lanes = ("chat:5", "user:5", "urgent:5", "chat:55", "chat:-5")
    await arrived(backend, *(new_update(backend, number, lane) for number, lane in enumerate(lanes)))
    (running,) = await claimed(backend, lanes=1)
    async with backend.unit_of_work() as work:
        assert await work.telegram_updates.forget_person(5, backend.clock.now()) == 3
        await work.commit()
    await handled(backend, running)
    page = await backend.updates.page(UpdateFilter(), limit=9)
    assert {update.lane: (bool(update.raw), update.state.name, update.error_message) for update in page.items} == {
        "update:0": (False, "SUCCESS", None),
        "update:1": (False, "ERROR", FORGOTTEN),
        "update:2": (False, "ERROR", FORGOTTEN),
        "chat:55": (True, "NEW", None),
        "chat:-5": (True, "NEW", None),
    }
    assert sorted(numbers(await claimed(backend))) == [3, 4]


async def test_update_that_is_forgotten_while_it_is_handled_stays_forgotten(backend: Backend) -> None:
    await arrived(backend, new_update(backend, 1))
    (running,) = await claimed(backend)
    async with backend.unit_of_work() as work:
        assert await work.telegram_updates.forget_person(5, backend.clock.now()) == 1
        await work.commit()
    await handled(backend, running)
    stored = await stored_update(backend, running.key)
    assert (stored.state, stored.lane, stored.raw) == (UpdateState.SUCCESS, "update:1", b"")


async def test_update_dead_letters_are_the_oldest_first_and_hold_nothing_of_what_was_said(backend: Backend) -> None:
    dead = [new_update(backend, number, raw=b"" if number == 3 else b"{...}") for number in (4, 3, 2, 1)]
    theirs = new_update(backend, 1, bot_id=2)
    for update in (*dead, theirs):
        update.give_up("No.", backend.clock.now())
    await arrived(backend, *reversed(dead), new_update(backend, 7), theirs)
    async with backend.unit_of_work() as work:
        first = await work.telegram_updates.dead_letters(BOT, None, 3)
        rest = await work.telegram_updates.dead_letters(BOT, first[-1].key, 3)
        assert [fields_of(update) for update in (*first, *rest)] == [
            fields_of(replace(update, raw=LISTED if update.raw else b"")) for update in dead
        ]
        assert await work.telegram_updates.dead_letters(BOT, rest[-1].key, 3) == []
        for update in (*first, *rest):
            if update.raw:
                update.replay(backend.clock.now())
        replayed = [(update, None) for update in (*first, *rest) if update.raw]
        assert len(await work.telegram_updates.save_each(replayed)) == 3
        await work.commit()
    stored = await stored_update(backend, dead[0].key)
    assert (stored.state, stored.raw) == (UpdateState.NEW, b"{...}"), "what was said is kept"


async def test_update_removed_when_it_is_dead_and_what_was_said_because_of_it_stays(backend: Backend) -> None:
    dead, waiting = new_update(backend, 1), new_update(backend, 2)
    dead.give_up("No.", backend.clock.now())
    await arrived(backend, dead, waiting)
    said = new_message(backend, caused_by=dead.key)
    async with backend.unit_of_work() as work:
        await work.outgoing_messages.add([said])
        await work.telegram_updates.remove([dead.key, waiting.key])
        await work.commit()

    with pytest.raises(NotFound):
        await stored_update(backend, dead.key)
    assert (await stored_update(backend, waiting.key)).state is UpdateState.NEW
    async with backend.unit_of_work() as work:
        now = backend.clock.now()
        (stored,) = await work.outgoing_messages.claim(BOT, backend.ids.new(), now, now + LEASE, 9)
    assert (stored.id, stored.caused_by) == (said.id, None)


async def test_update_nobody_stored_is_not_saved(backend: Backend) -> None:
    async with backend.unit_of_work() as work:
        assert await work.telegram_updates.save_each([(new_update(backend, 1), None)]) == set()


async def test_update_pages_show_the_latest_first_and_narrow(backend: Backend) -> None:
    await arrived(backend, *(new_update(backend, number, f"chat:{number}") for number in range(7)))
    await arrived(backend, new_update(backend, 7, bot_id=2))
    await handled(backend, *await claimed(backend, lanes=3))

    async def pages(where: UpdateFilter) -> list[list[int | None]]:
        found, cursor = [], None
        while True:
            page = await backend.updates.page(where, limit=3, cursor=cursor)
            found.append(numbers(list(page.items)))
            cursor = page.next_cursor
            if cursor is None:
                return found

    assert await pages(UpdateFilter()) == [[7, 6, 5], [4, 3, 2], [1, 0]]
    assert await pages(UpdateFilter(UpdateState.NEW)) == [[7, 6, 5], [4, 3]]
    assert await pages(UpdateFilter(UpdateState.SUCCESS, BOT)) == [[2, 1, 0]]
    assert await pages(UpdateFilter(bot_id=2)) == [[7]]
    assert await pages(UpdateFilter(UpdateState.ERROR)) == [[]]


async def test_update_page_of_a_broken_cursor_is_malformed(backend: Backend) -> None:
    for cursor in ("x", "WzFd", "bnVsbA"):
        with pytest.raises(Malformed):
            await backend.updates.page(UpdateFilter(), limit=3, cursor=cursor)


async def test_update_counts_name_every_state(backend: Backend) -> None:
    assert await backend.updates.counts() == dict.fromkeys(UpdateState, 0)
    await arrived(backend, *(new_update(backend, number, f"chat:{number}") for number in range(4)))
    now = backend.clock.now()
    broken = InboxUpdate.received(UpdateKey(backend.ids.new()), 2, Envelope(None, MALFORMED, "update:none"), b"[]", now)
    await arrived(backend, broken)
    (one, _) = await claimed(backend, lanes=2)
    await handled(backend, one)
    assert await backend.updates.counts() == dict(zip(UpdateState, (2, 1, 1, 1), strict=True))
    assert await backend.updates.counts(2) == dict(zip(UpdateState, (0, 0, 0, 1), strict=True))


async def test_update_claims_find_work_behind_a_long_lane_that_is_held(backend: Backend) -> None:
    await arrived(backend, *(new_update(backend, number) for number in range(500)))
    assert numbers(await claimed(backend, lanes=1, per_lane=2)) == [0, 1]
    backend.clock.advance(timedelta(seconds=1))
    await arrived(backend, new_update(backend, 900, "chat:6"), new_update(backend, 901, "chat:4"))
    assert numbers(await claimed(backend, per_lane=5)) == [900, 901]
    assert await next_due(backend) == backend.clock.now() + LEASE - timedelta(seconds=1)
