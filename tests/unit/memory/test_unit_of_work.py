"""What is particular to units of work in memory; the contracts hold the rest."""

import asyncio

import pytest

from domain.errors import Conflict, NotFound
from domain.identity import Role
from tests.support.backend import memory_backend
from tests.support.given import new_guide, new_member, posted, stored_guide, stored_member, stored_session


async def test_unit_of_work_in_memory_second_one_waits_for_the_first() -> None:
    backend, order = memory_backend(), []

    async def second() -> None:
        async with backend.unit_of_work():
            order.append("second")

    async with backend.unit_of_work():
        task = asyncio.create_task(second())
        for _ in range(5):
            await asyncio.sleep(0)
        order.append("first")
    await task
    assert order == ["first", "second"]


async def test_unit_of_work_in_memory_lets_the_next_one_in_at_its_commit() -> None:
    backend = memory_backend()
    async with backend.unit_of_work() as first:
        await first.commit()
        async with backend.unit_of_work() as second:
            assert await second.guides.count() == 0


async def test_unit_of_work_in_memory_cancelled_waiter_blocks_nobody() -> None:
    backend = memory_backend()

    async def wait() -> None:
        async with backend.unit_of_work():
            raise AssertionError("the first one is still open")

    async with backend.unit_of_work():
        waiter = asyncio.create_task(wait())
        await asyncio.sleep(0)
        waiter.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiter
    async with backend.unit_of_work() as work:
        assert await work.guides.count() == 0


async def test_unit_of_work_in_memory_announcement_outside_raises() -> None:
    work = memory_backend().unit_of_work()
    with pytest.raises(RuntimeError):
        work.announce(None)


async def test_unit_of_work_in_memory_listener_may_open_the_next_one() -> None:
    backend, counted = memory_backend(), []

    async def count() -> None:
        async with backend.unit_of_work() as work:
            counted.append(await work.guides.count())

    tasks = []
    backend.bus.listen(lambda announcement: tasks.append(asyncio.create_task(count())))
    await stored_guide(backend)
    await asyncio.gather(*tasks)
    assert counted == [1]


async def test_unit_of_work_in_memory_rows_are_copies_on_both_ways() -> None:
    backend = memory_backend()
    member, guide = new_member(backend, username="ada", role=Role.ADMIN), new_guide(backend)
    async with backend.unit_of_work() as work:
        await work.members.add(member, backend.clock.now())
        await work.guides.add(guide)
        await work.commit()
    member.grants.clear()
    guide.is_active = False
    async with backend.unit_of_work() as work:
        found = await work.members.get(member.id)
        found.user.username = "grace"
        assert (await work.members.get(member.id)).user.username == "ada"
        assert len((await work.members.get(member.id)).grants) == 1
        assert (await work.guides.get(guide.id)).is_active


async def test_unit_of_work_in_memory_same_id_twice_raises_conflict() -> None:
    backend = memory_backend()
    member = await stored_member(backend)
    session = await stored_session(backend, member)
    message, guide = await posted(backend, session), await stored_guide(backend)
    async with backend.unit_of_work() as work:
        for adding in (
            work.members.add(member, backend.clock.now()),
            work.chat_sessions.add(session),
            work.chat_messages.add(message),
            work.guides.add(guide),
        ):
            with pytest.raises(Conflict):
                await adding


async def test_unit_of_work_in_memory_stores_do_not_share_anything() -> None:
    one, two = memory_backend(), memory_backend()
    guide = await stored_guide(one)
    async with two.unit_of_work() as work:
        with pytest.raises(NotFound):
            await work.guides.get(guide.id)
