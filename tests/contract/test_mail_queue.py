"""Mail that is owed: sent by one worker at a time, under leases."""

from datetime import datetime, timedelta

import pytest

from domain.errors import Conflict
from domain.identity import MailJob, MailJobId, MailPurpose
from tests.support.backend import Backend
from tests.support.racing import race

LEASE = timedelta(seconds=30)


async def owed(backend: Backend, address: str = "ada@example.org", due_in: timedelta = timedelta()) -> MailJob:
    now = backend.clock.now()
    job = MailJob(MailJobId(backend.ids.new()), MailPurpose.RESET_PASSWORD, address, now, now + due_in)
    async with backend.unit_of_work() as work:
        await work.mail_queue.add(job)
        await work.commit()
    return job


async def claimed(backend: Backend, limit: int = 10) -> list[MailJob]:
    async with backend.unit_of_work() as work:
        jobs = await work.mail_queue.claim(backend.clock.now(), LEASE, limit)
        await work.commit()
    return jobs


async def saved(backend: Backend, job: MailJob) -> None:
    async with backend.unit_of_work() as work:
        await work.mail_queue.save(job)
        await work.commit()


async def removed(backend: Backend, job: MailJob) -> None:
    async with backend.unit_of_work() as work:
        await work.mail_queue.remove(job)
        await work.commit()


async def next_due(backend: Backend) -> datetime | None:
    async with backend.unit_of_work() as work:
        return await work.mail_queue.next_due(backend.clock.now())


async def test_mail_queue_empty_queue_owes_nothing(backend: Backend) -> None:
    assert await claimed(backend) == []
    assert await next_due(backend) is None


async def test_mail_queue_claim_carries_the_whole_job_and_its_lease(backend: Backend) -> None:
    job = await owed(backend, "Åsa@example.org")
    (taken,) = await claimed(backend)
    assert (taken.id, taken.purpose, taken.address) == (job.id, MailPurpose.RESET_PASSWORD, "Åsa@example.org")
    assert (taken.created_at, taken.due_at, taken.attempts) == (job.created_at, job.due_at, 0)
    assert taken.held_until == backend.clock.now() + LEASE


async def test_mail_queue_jobs_are_claimed_longest_due_first_up_to_the_limit(backend: Backend) -> None:
    third = await owed(backend, due_in=timedelta(seconds=2))
    second = await owed(backend, due_in=timedelta(seconds=1))
    late = await owed(backend, due_in=timedelta(minutes=5))
    first = await owed(backend)
    backend.clock.advance(timedelta(minutes=1))
    assert [job.id for job in await claimed(backend, 2)] == [first.id, second.id]
    assert [job.id for job in await claimed(backend, 2)] == [third.id]
    assert await claimed(backend) == []
    backend.clock.advance(timedelta(minutes=4))
    assert late.id in [job.id for job in await claimed(backend)]


async def test_mail_queue_job_twice_added_raises_conflict(backend: Backend) -> None:
    job = await owed(backend)
    async with backend.unit_of_work() as work:
        with pytest.raises(Conflict):
            await work.mail_queue.add(job)


async def test_mail_queue_claimed_job_is_anothers_when_its_lease_ends(backend: Backend) -> None:
    job = await owed(backend)
    await claimed(backend)
    backend.clock.advance(LEASE - timedelta(microseconds=1))
    assert await claimed(backend) == []
    backend.clock.advance(timedelta(microseconds=1))
    (again,) = await claimed(backend)
    assert (again.id, again.held_until) == (job.id, backend.clock.now() + LEASE)


async def test_mail_queue_failed_job_is_free_again_when_it_is_due(backend: Backend) -> None:
    await owed(backend)
    (job,) = await claimed(backend)
    assert job.failed(backend.clock.now())
    await saved(backend, job)
    assert await claimed(backend) == []
    backend.clock.advance(timedelta(seconds=10))
    (again,) = await claimed(backend)
    assert (again.id, again.attempts, again.due_at) == (job.id, 1, job.due_at)


async def test_mail_queue_removed_job_is_gone_and_stays_gone(backend: Backend) -> None:
    await owed(backend)
    (job,) = await claimed(backend)
    await removed(backend, job)
    await removed(backend, job)
    await saved(backend, job)
    backend.clock.advance(LEASE)
    assert await claimed(backend) == []
    assert await next_due(backend) is None


async def test_mail_queue_forgotten_address_is_owed_nothing_in_any_case_held_or_not(backend: Backend) -> None:
    now = backend.clock.now()
    jobs = [
        MailJob(MailJobId(backend.ids.new()), MailPurpose.VERIFY_EMAIL, address, now, now + timedelta(seconds=place))
        for place, address in enumerate(("Adä@example.org", "ADÄ@EXAMPLE.ORG", "grace@example.org"))
    ]
    async with backend.unit_of_work() as work:
        for job in jobs:
            await work.mail_queue.add(job)
        await work.commit()
    async with backend.unit_of_work() as work:
        (held,) = await work.mail_queue.claim(now, timedelta(minutes=1), 1)
        await work.commit()
    async with backend.unit_of_work() as work:
        await work.mail_queue.forget("adä@example.org")
        await work.commit()
    async with backend.unit_of_work() as work:
        await work.mail_queue.save(held)
        found = await work.mail_queue.claim(now + timedelta(hours=1), timedelta(minutes=1), 10)
        assert [job.address for job in found] == ["grace@example.org"]


async def test_mail_queue_stale_claim_neither_saves_nor_removes(backend: Backend) -> None:
    await owed(backend)
    (stale,) = await claimed(backend)
    backend.clock.advance(LEASE)
    (current,) = await claimed(backend)
    stale.failed(backend.clock.now())
    await saved(backend, stale)
    await removed(backend, stale)
    assert await claimed(backend) == []
    backend.clock.advance(LEASE)
    (again,) = await claimed(backend)
    assert (again.id, again.attempts) == (current.id, 0)
    await removed(backend, current)
    assert await next_due(backend) == again.held_until
    await removed(backend, again)
    assert await next_due(backend) is None


async def test_mail_queue_next_due_is_the_earliest_of_free_jobs_and_leases(backend: Backend) -> None:
    now = backend.clock.now()
    await owed(backend, due_in=timedelta(minutes=2))
    assert await next_due(backend) == now + timedelta(minutes=2)
    await owed(backend)
    assert await next_due(backend) == now
    await claimed(backend)
    assert await next_due(backend) == now + LEASE
    backend.clock.advance(LEASE)
    assert await next_due(backend) == now


async def test_mail_queue_rolled_back_changes_never_were(backend: Backend) -> None:
    async with backend.unit_of_work() as work:
        now = backend.clock.now()
        await work.mail_queue.add(MailJob(MailJobId(backend.ids.new()), MailPurpose.VERIFY_EMAIL, "a@b.c", now, now))
    assert await next_due(backend) is None
    job = await owed(backend)
    async with backend.unit_of_work() as work:
        assert len(await work.mail_queue.claim(backend.clock.now(), LEASE, 1)) == 1
    assert [taken.id for taken in await claimed(backend)] == [job.id]


async def test_mail_queue_changed_job_is_stored_only_by_saving(backend: Backend) -> None:
    job = await owed(backend)
    job.address = "changed@example.org"
    (taken,) = await claimed(backend)
    taken.attempts = 7
    backend.clock.advance(LEASE)
    (again,) = await claimed(backend)
    assert (again.address, again.attempts) == ("ada@example.org", 0)


async def test_mail_queue_racing_claimers_never_get_the_same_job(backend: Backend) -> None:
    jobs = [await owed(backend) for _ in range(6)]

    async def claim(number: int) -> list[MailJob]:
        return await claimed(backend, 2)

    results = await race(4, claim)
    taken = [job.id for result in results if isinstance(result, list) for job in result]
    assert sorted(taken) == sorted(job.id for job in jobs)
