"""Replies to come: one at a time per session, in order, under leases."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from application.ports.chat import ReplyJob
from domain.chat import ChatMessage, ChatMessageId, ChatSession
from domain.errors import Conflict
from tests.support.backend import Backend
from tests.support.given import asked, stored_member, stored_session
from tests.support.racing import race

LEASE = timedelta(seconds=30)


async def queued(backend: Backend, session: ChatSession) -> ReplyJob:
    """A reply asked for in the session and put into the queue."""
    reply = await asked(backend, session)
    return await put(backend, reply)


async def put(backend: Backend, reply: ChatMessage) -> ReplyJob:
    job = ReplyJob(reply.id, reply.session_id, reply.generation)
    async with backend.unit_of_work() as work:
        await work.reply_queue.put(job, backend.clock.now())
        await work.commit()
    return job


async def claimed(backend: Backend) -> ReplyJob | None:
    async with backend.unit_of_work() as work:
        now = backend.clock.now()
        job = await work.reply_queue.claim(backend.ids.new(), now, now + LEASE)
        await work.commit()
    return job


async def finished(backend: Backend, job: ReplyJob) -> bool:
    async with backend.unit_of_work() as work:
        was_held = await work.reply_queue.finish(job)
        await work.commit()
    return was_held


async def expired(backend: Backend, limit: int = 10) -> list[ReplyJob]:
    async with backend.unit_of_work() as work:
        return list(await work.reply_queue.expired(backend.clock.now(), limit))


async def test_reply_queue_empty_queue_gives_nothing(backend: Backend) -> None:
    assert await claimed(backend) is None
    assert await expired(backend) == []


async def test_reply_queue_claim_carries_the_job_and_its_fence(backend: Backend) -> None:
    session = await stored_session(backend, await stored_member(backend))
    job = await queued(backend, session)
    taken = await claimed(backend)
    assert (taken.message_id, taken.session_id, taken.generation) == (job.message_id, session.id, 1)
    assert isinstance(taken.claim, UUID)


async def test_reply_queue_second_claim_in_a_session_waits_for_the_first(backend: Backend) -> None:
    session = await stored_session(backend, await stored_member(backend))
    first, second = await queued(backend, session), await queued(backend, session)
    taken = await claimed(backend)
    assert taken.message_id == first.message_id
    assert await claimed(backend) is None
    assert await finished(backend, taken)
    assert (await claimed(backend)).message_id == second.message_id


async def test_reply_queue_sessions_are_served_beside_each_other_oldest_first(backend: Backend) -> None:
    owner = await stored_member(backend)
    one, two = await stored_session(backend, owner), await stored_session(backend, owner)
    first, _, third = await queued(backend, one), await queued(backend, one), await queued(backend, two)
    assert (await claimed(backend)).message_id == first.message_id
    assert (await claimed(backend)).message_id == third.message_id
    assert await claimed(backend) is None


async def test_reply_queue_order_is_that_of_asking_whatever_the_seq(backend: Backend) -> None:
    session = await stored_session(backend, await stored_member(backend))
    early, late = await asked(backend, session), await asked(backend, session)
    await put(backend, late)
    await put(backend, early)
    taken = await claimed(backend)
    assert taken.message_id == late.id
    assert await finished(backend, taken)
    assert (await claimed(backend)).message_id == early.id


async def test_reply_queue_finished_job_can_be_asked_for_again_at_the_end(backend: Backend) -> None:
    session = await stored_session(backend, await stored_member(backend))
    reply, other = await asked(backend, session), await asked(backend, session)
    await put(backend, reply)
    await put(backend, other)
    assert await finished(backend, await claimed(backend))
    await put(backend, reply)
    assert (await claimed(backend)).message_id == other.id


async def test_reply_queue_message_put_twice_raises_conflict(backend: Backend) -> None:
    session = await stored_session(backend, await stored_member(backend))
    job = await queued(backend, session)
    async with backend.unit_of_work() as work:
        with pytest.raises(Conflict):
            await work.reply_queue.put(job, backend.clock.now())


async def test_reply_queue_rolled_back_job_was_never_there(backend: Backend) -> None:
    session = await stored_session(backend, await stored_member(backend))
    reply = await asked(backend, session)
    async with backend.unit_of_work() as work:
        await work.reply_queue.put(ReplyJob(reply.id, session.id, 1), backend.clock.now())
    assert await claimed(backend) is None


async def test_reply_queue_rolled_back_claim_leaves_the_job_free(backend: Backend) -> None:
    session = await stored_session(backend, await stored_member(backend))
    job = await queued(backend, session)
    async with backend.unit_of_work() as work:
        now = backend.clock.now()
        assert await work.reply_queue.claim(backend.ids.new(), now, now + LEASE) is not None
    assert (await claimed(backend)).message_id == job.message_id


async def test_reply_queue_racing_claimers_get_different_jobs(backend: Backend) -> None:
    owner = await stored_member(backend)
    jobs = []
    for _ in range(3):
        session = await stored_session(backend, owner)
        jobs.append(await queued(backend, session))
        await queued(backend, session)

    async def claim(number: int) -> ReplyJob | None:
        return await claimed(backend)

    rounds = [job for _ in range(2) for job in await race(4, claim)]
    taken = [job for job in rounds if job is not None]
    assert sorted(job.message_id for job in taken) == sorted(job.message_id for job in jobs)
    assert len({job.claim for job in taken}) == 3


async def test_reply_queue_racing_claimers_of_one_session_let_one_win(backend: Backend) -> None:
    session = await stored_session(backend, await stored_member(backend))
    for _ in range(4):
        await queued(backend, session)

    async def claim(number: int) -> ReplyJob | None:
        return await claimed(backend)

    results = await race(4, claim)
    assert results.count(None) == 3


async def test_reply_queue_renewed_lease_lasts_until_its_new_end(backend: Backend) -> None:
    await queued(backend, await stored_session(backend, await stored_member(backend)))
    job = await claimed(backend)
    backend.clock.advance(LEASE - timedelta(seconds=1))
    async with backend.unit_of_work() as work:
        assert await work.reply_queue.renew([job], backend.clock.now() + LEASE) == []
        await work.commit()
    backend.clock.advance(LEASE - timedelta(microseconds=1))
    assert await expired(backend) == []
    backend.clock.advance(timedelta(microseconds=1))
    assert await expired(backend) == [job]


async def test_reply_queue_leases_renewed_together_are_told_from_lost_ones(backend: Backend) -> None:
    owner = await stored_member(backend)
    for _ in range(4):
        await queued(backend, await stored_session(backend, owner))
    first, ended, second, left = [await claimed(backend) for _ in range(4)]
    assert await finished(backend, ended)
    stolen, unclaimed = replace(left, claim=first.claim), replace(left, claim=None)
    backend.clock.advance(LEASE - timedelta(seconds=1))
    async with backend.unit_of_work() as work:
        lost = await work.reply_queue.renew([first, ended, stolen, unclaimed, second], backend.clock.now() + LEASE)
        assert await work.reply_queue.renew([], backend.clock.now() + LEASE) == []
        await work.commit()
    backend.clock.advance(timedelta(seconds=1))
    assert lost == [ended, stolen, unclaimed]
    assert await expired(backend) == [left]


async def test_reply_queue_unexpired_and_unclaimed_jobs_are_not_expired(backend: Backend) -> None:
    owner = await stored_member(backend)
    for _ in range(2):
        await queued(backend, await stored_session(backend, owner))
    await claimed(backend)
    assert await expired(backend) == []


async def test_reply_queue_expired_job_blocks_its_session_until_somebody_ends_it(backend: Backend) -> None:
    session = await stored_session(backend, await stored_member(backend))
    await queued(backend, session)
    waiting = await queued(backend, session)
    job = await claimed(backend)
    backend.clock.advance(LEASE * 2)
    assert await claimed(backend) is None
    (found,) = await expired(backend)
    assert found == job
    assert await finished(backend, found)
    assert (await claimed(backend)).message_id == waiting.message_id


async def test_reply_queue_expired_jobs_are_limited_oldest_first(backend: Backend) -> None:
    owner = await stored_member(backend)
    jobs = [await queued(backend, await stored_session(backend, owner)) for _ in range(3)]
    for _ in jobs:
        await claimed(backend)
    backend.clock.advance(LEASE * 2)
    assert [job.message_id for job in await expired(backend, 2)] == [job.message_id for job in jobs[:2]]


@pytest.mark.parametrize("generation", [1, 2])
async def test_reply_queue_stale_claim_neither_renews_nor_finishes(backend: Backend, generation: int) -> None:
    session = await stored_session(backend, await stored_member(backend))
    await queued(backend, session)
    current = await claimed(backend)
    stale = ReplyJob(current.message_id, session.id, generation, backend.ids.new())
    async with backend.unit_of_work() as work:
        assert await work.reply_queue.renew([stale], backend.clock.now() + LEASE) == [stale]
        assert not await work.reply_queue.finish(stale)
        await work.commit()
    assert await finished(backend, current)


async def test_reply_queue_unclaimed_job_neither_renews_nor_finishes(backend: Backend) -> None:
    job = await queued(backend, await stored_session(backend, await stored_member(backend)))
    async with backend.unit_of_work() as work:
        assert await work.reply_queue.renew([job], backend.clock.now() + LEASE) == [job]
        assert not await work.reply_queue.finish(job)


async def test_reply_queue_finished_twice_was_held_once(backend: Backend) -> None:
    await queued(backend, await stored_session(backend, await stored_member(backend)))
    job = await claimed(backend)
    assert [await finished(backend, job), await finished(backend, job)] == [True, False]
    async with backend.unit_of_work() as work:
        assert await work.reply_queue.renew([job], backend.clock.now() + LEASE) == [job]


async def test_reply_queue_racing_finishers_let_one_win(backend: Backend) -> None:
    await queued(backend, await stored_session(backend, await stored_member(backend)))
    job = await claimed(backend)

    async def finish(number: int) -> bool:
        return await finished(backend, job)

    assert sorted(await race(4, finish)) == [False, False, False, True]


async def test_reply_queue_cancelled_job_is_gone_claimed_or_not(backend: Backend) -> None:
    session = await stored_session(backend, await stored_member(backend))
    await queued(backend, session)
    waiting, last = await queued(backend, session), await queued(backend, session)
    running = await claimed(backend)
    async with backend.unit_of_work() as work:
        await work.reply_queue.cancel(running.message_id)
        await work.reply_queue.cancel(waiting.message_id)
        await work.reply_queue.cancel(ChatMessageId(backend.ids.new()))
        await work.commit()
    assert not await finished(backend, running)
    assert (await claimed(backend)).message_id == last.message_id


async def test_reply_queue_cancelled_and_asked_again_leaves_the_old_claim_stale(backend: Backend) -> None:
    session = await stored_session(backend, await stored_member(backend))
    reply = await asked(backend, session)
    await put(backend, reply)
    old = await claimed(backend)
    async with backend.unit_of_work() as work:
        await work.reply_queue.cancel(reply.id)
        await work.reply_queue.put(ReplyJob(reply.id, session.id, 2), backend.clock.now())
        await work.commit()
    new = await claimed(backend)
    assert (new.generation, await finished(backend, old), await finished(backend, new)) == (2, False, True)


async def test_reply_queue_released_job_keeps_its_place(backend: Backend) -> None:
    session = await stored_session(backend, await stored_member(backend))
    first, second = await queued(backend, session), await queued(backend, session)
    taken = await claimed(backend)
    assert taken is not None
    async with backend.unit_of_work() as work:
        released = await work.reply_queue.release(taken)
        again = await work.reply_queue.release(taken)
        await work.commit()
    next_taken = await claimed(backend)
    assert (released, again) == (True, False)
    assert next_taken is not None
    assert next_taken.message_id == first.message_id != second.message_id
    assert next_taken.claim != taken.claim
