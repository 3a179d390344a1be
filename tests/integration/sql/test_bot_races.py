"""Racers over two sets of engines, as two processes would be, for the bot's lanes."""

import asyncio
from datetime import timedelta

from application.ports.inbox import UpdateFilter
from domain.telegram import InboxUpdate, OutgoingMessage, UpdateState
from tests.support.backend import Backend
from tests.support.bot import BOT, LEASE, arrived, new_message, new_update
from tests.support.racing import race

RACERS = 8
LANES = 12


async def test_races_for_lanes_give_each_to_one(backend: Backend, second: Backend) -> None:
    await arrived(backend, *(new_update(backend, number, f"chat:{number % LANES}") for number in range(5 * LANES)))

    async def claim(number: int) -> list[InboxUpdate]:
        racer, now = (backend, second)[number % 2], backend.clock.now()
        async with racer.unit_of_work() as work:
            key = racer.ids.new()
            found = await work.telegram_updates.claim(BOT, key, now, now + LEASE, lanes=2, per_lane=3)
            await asyncio.sleep(0.01)
            await work.commit()
        return list(found)

    results = await race(RACERS, claim)
    claims = [result for result in results if isinstance(result, list)]
    assert len(claims) == RACERS
    lanes = [lane for found in claims for lane in dict.fromkeys(update.lane for update in found)]
    assert sorted(lanes) == sorted(f"chat:{number}" for number in range(LANES))
    for found in claims:
        for lane in {update.lane for update in found}:
            first = int(lane.removeprefix("chat:"))
            assert [u.update_id for u in found if u.lane == lane] == [first, first + LANES, first + 2 * LANES]


async def test_races_of_handlers_and_late_arrivals_handle_each_update_once_in_order(
    backend: Backend, second: Backend
) -> None:
    handled: dict[str, list[int]] = {}
    running: set[str] = set()
    total = 120
    await arrived(backend, *(new_update(backend, number, f"chat:{number % 5}") for number in range(total // 2)))

    async def work_on(racer: Backend) -> None:
        key, now = racer.ids.new(), backend.clock.now()
        async with racer.unit_of_work() as work:
            found = await work.telegram_updates.claim(BOT, key, now, now + LEASE, lanes=2, per_lane=2)
            await work.commit()
        lanes = {update.lane for update in found}
        assert not lanes & running
        running.update(lanes)
        await asyncio.sleep(0)
        for update in found:
            handled.setdefault(update.lane, []).append(update.update_id or 0)
        running.difference_update(lanes)
        async with racer.unit_of_work() as work:
            for update in found:
                update.succeed(now, timedelta())
                assert await work.telegram_updates.save(update, key)
            await work.commit()

    async def run(number: int) -> None:
        racer = (backend, second)[number % 2]
        if number < 2:
            for start in range(total // 2 + number, total, 2):
                # Both deliver every update.
                lane = f"chat:{start % 5}"
                await racer.inbox.commit([new_update(racer, start, lane), new_update(racer, start, lane)])
            return
        while sum(map(len, handled.values())) < total:
            await work_on(racer)

    async with asyncio.timeout(30):
        assert await race(6, run) == [None] * 6
    assert sorted(number for lane in handled.values() for number in lane) == list(range(total))
    assert (await second.updates.counts(BOT))[UpdateState.SUCCESS] == total
    first_half = {lane: [n for n in numbers if n < total // 2] for lane, numbers in handled.items()}
    assert first_half == {lane: sorted(numbers) for lane, numbers in first_half.items()}


async def test_races_to_take_in_one_update_keep_it_once(backend: Backend, second: Backend) -> None:
    async def deliver(number: int) -> int:
        racer = (backend, second)[number % 2]
        numbers = range(20) if number % 3 else range(19, -1, -1)
        return await racer.inbox.commit([new_update(racer, each) for each in numbers])

    counts = await race(RACERS, deliver)
    assert sum(count for count in counts if isinstance(count, int)) == 20
    assert not [count for count in counts if isinstance(count, BaseException)]
    assert len((await backend.updates.page(UpdateFilter(), limit=99)).items) == 20


async def test_races_for_chats_give_each_to_one(backend: Backend, second: Backend) -> None:
    async with backend.unit_of_work() as work:
        await work.outgoing_messages.add([new_message(backend, number % LANES + 1) for number in range(3 * LANES)])
        await work.commit()

    async def claim(number: int) -> list[OutgoingMessage]:
        racer, now = (backend, second)[number % 2], backend.clock.now()
        async with racer.unit_of_work() as work:
            found = await work.outgoing_messages.claim(BOT, racer.ids.new(), now, now + LEASE, 2)
            await asyncio.sleep(0.01)
            await work.commit()
        return list(found)

    results = await race(RACERS, claim)
    chats = [message.content.chat_id for found in results if isinstance(found, list) for message in found]
    assert sorted(chats) == list(range(1, LANES + 1))
