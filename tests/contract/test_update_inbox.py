"""Updates are taken in for good, each once."""

import asyncio
from datetime import timedelta

from application.ports.realtime import Announcement, UpdatesArrived
from domain.telegram import MALFORMED, Envelope, InboxUpdate, UpdateKey, UpdateState
from tests.support.backend import Backend
from tests.support.bot import BOT, fields_of, new_update, stored_update


def heard(backend: Backend) -> list[Announcement]:
    """What the bus says from now on."""
    announcements: list[Announcement] = []
    backend.bus.listen(announcements.append)
    return announcements


async def test_update_inbox_keeps_every_field(backend: Backend) -> None:
    update = new_update(backend, 7, lane="urgent:5", kind="callback_query", raw=b'\x00\xff{"update_id": 7}')
    update.is_urgent, update.expires_at = True, backend.clock.now() + timedelta(seconds=60, microseconds=123_456)
    assert await backend.inbox.commit([update]) == 1
    assert fields_of(await stored_update(backend, update.key)) == fields_of(update)


async def test_update_inbox_redelivered_update_changes_nothing(backend: Backend) -> None:
    first, again = new_update(backend, 7, raw=b"first"), new_update(backend, 7, raw=b"again")
    assert await backend.inbox.commit([first]) == 1
    announcements = heard(backend)
    assert await backend.inbox.commit([again]) == 0
    assert await backend.inbox.commit([first]) == 0
    assert announcements == []
    assert (await stored_update(backend, first.key)).raw == b"first"
    assert (await backend.updates.counts())[UpdateState.NEW] == 1


async def test_update_inbox_counts_what_is_new_among_repeated_ones(backend: Backend) -> None:
    await backend.inbox.commit([new_update(backend, number) for number in (2, 4)])
    fresh = [new_update(backend, number) for number in (1, 2, 3, 4, 3, 5)]
    assert await backend.inbox.commit(fresh) == 3
    kept = [update.update_id for update in await waiting(backend)]
    assert sorted(number for number in kept if number) == [1, 2, 3, 4, 5]


async def waiting(backend: Backend) -> list[InboxUpdate]:
    now = backend.clock.now()
    async with backend.unit_of_work() as work:
        return list(await work.telegram_updates.claim(BOT, backend.ids.new(), now, now, lanes=99, per_lane=99))


async def test_update_inbox_same_number_of_another_bot_is_another_update(backend: Backend) -> None:
    announcements = heard(backend)
    assert await backend.inbox.commit([new_update(backend, 7), new_update(backend, 7, bot_id=2)]) == 2
    assert announcements == [UpdatesArrived(BOT), UpdatesArrived(2)]


async def test_update_inbox_keeps_everything_that_is_no_update(backend: Backend) -> None:
    now = backend.clock.now()
    broken = [
        InboxUpdate.received(UpdateKey(backend.ids.new()), BOT, Envelope(None, MALFORMED, "update:none"), raw, now)
        for raw in (b"", b"[]", b"[]")
    ]
    assert await backend.inbox.commit(broken) == 3
    assert (await backend.updates.counts(BOT))[UpdateState.ERROR] == 3
    assert await waiting(backend) == []


async def test_update_inbox_of_an_id_beyond_the_column_is_kept_as_no_update(backend: Backend) -> None:
    envelope = Envelope(2**63, "a\0kind\ud800" + "x" * 99, "chat:\0" + "9" * 99)
    update = InboxUpdate.received(UpdateKey(backend.ids.new()), BOT, envelope, b"{}", backend.clock.now())
    assert await backend.inbox.commit([update]) == 1
    stored = await stored_update(backend, update.key)
    assert (stored.update_id, stored.state, len(stored.kind), len(stored.lane)) == (None, UpdateState.ERROR, 64, 64)


async def test_update_inbox_of_nothing_says_nothing(backend: Backend) -> None:
    announcements = heard(backend)
    assert await backend.inbox.commit([]) == 0
    assert announcements == []


async def test_update_inbox_callers_that_come_together_each_learn_what_was_new(backend: Backend) -> None:
    numbers = [number for number in range(40) for _ in range(2)]
    announcements = heard(backend)
    counts = await asyncio.gather(*(backend.inbox.commit([new_update(backend, number)]) for number in numbers))
    assert sum(counts) == 40
    assert [sum(counts[place : place + 2]) for place in range(0, 80, 2)] == [1] * 40
    assert set(announcements) == {UpdatesArrived(BOT)}
    assert (await backend.updates.counts(BOT))[UpdateState.NEW] == 40


async def test_update_inbox_takes_many_at_once(backend: Backend) -> None:
    many = [new_update(backend, number) for number in range(4_500)]
    assert await backend.inbox.commit(many) == 4_500
    assert await backend.inbox.commit([*many[:10], new_update(backend, 9_999)]) == 1
    assert (await backend.updates.counts(BOT))[UpdateState.NEW] == 4_501


async def test_update_inbox_cancelled_caller_takes_nobody_elses_rows_along(backend: Backend) -> None:
    calls = [asyncio.create_task(backend.inbox.commit([new_update(backend, number)])) for number in range(10)]
    await asyncio.sleep(0)
    calls[0].cancel()
    calls[7].cancel()
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert [outcome for number, outcome in enumerate(outcomes) if number not in (0, 7)] == [1] * 8
    kept = {update.update_id for update in await waiting(backend)}
    assert kept >= {1, 2, 3, 4, 5, 6, 8, 9}


async def test_update_inbox_announces_after_the_commit(backend: Backend) -> None:
    found: list[asyncio.Task[int]] = []

    async def count() -> int:
        return (await backend.updates.counts(BOT))[UpdateState.NEW]

    backend.bus.listen(lambda _: found.append(asyncio.create_task(count())))
    await backend.inbox.commit([new_update(backend, 7)])
    assert [await task for task in found] == [1]
