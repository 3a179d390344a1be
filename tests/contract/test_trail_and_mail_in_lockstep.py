"""Any operations on the mail queue and the trail give the same answers as in memory."""

from dataclasses import astuple
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from application.ports.audit import AuditFilter
from application.ports.mailing import MailQueue
from domain.identity import MEMBER, AuditAction, AuditEntry, AuditEntryId, MailJob, MailJobId, MailPurpose, MemberId
from tests.support.backend import Backend, memory_backend
from tests.support.lockstep import Lockstep

LEASE = timedelta(seconds=10)
_MAIL = st.tuples(
    st.sampled_from(["add", "add", "claim", "claim", "fail", "remove", "next", "wait"]), st.integers(0, 9)
)
_PEOPLE = st.integers(0, 2)
_LINE = st.tuples(
    st.sampled_from([AuditAction.SIGNED_IN, AuditAction.BANNED]), st.none() | _PEOPLE, st.none() | _PEOPLE, _PEOPLE
)
_FILTER = st.tuples(
    st.none() | _PEOPLE, st.none() | st.sampled_from([AuditAction.SIGNED_IN, AuditAction.BANNED]), st.none() | _PEOPLE
)


@pytest.fixture
def lockstep(backend: Backend) -> Lockstep:
    return Lockstep(backend, memory_backend())


class Mailing:
    """Adds mail and works on claims picked from all that were ever had, stale ones too."""

    def __init__(self, lockstep: Lockstep) -> None:
        self.lockstep = lockstep
        self.claims: list[tuple[object, ...]] = []

    async def apply(self, operation: str, pick: int) -> None:
        if operation == "wait":
            for backend in (self.lockstep.model, self.lockstep.tested):
                backend.clock.advance(timedelta(seconds=pick))
            return
        answer = await self.lockstep.agree(lambda backend: self._run(backend, operation, pick))
        if operation == "claim":
            assert isinstance(answer, list)
            self.claims += answer

    async def _run(self, backend: Backend, operation: str, pick: int) -> object:
        async with backend.unit_of_work() as work:
            answer = await self._work(backend, work.mail_queue, operation, pick)
            await work.commit()
        return answer

    async def _work(self, backend: Backend, queue: MailQueue, operation: str, pick: int) -> object:
        now = backend.clock.now()
        if operation == "next":
            return await queue.next_due(now)
        if operation == "claim":
            return [astuple(job) for job in await queue.claim(now, LEASE, 1 + pick % 3)]
        if operation == "add":
            due_at = now + timedelta(seconds=pick)
            return await queue.add(
                MailJob(MailJobId(backend.ids.new()), MailPurpose.VERIFY_EMAIL, "a@b.c", now, due_at)
            )
        if not self.claims:
            return None
        job = MailJob(*self.claims[pick % len(self.claims)])  # type: ignore[arg-type]
        if operation == "remove":
            return await queue.remove(job)
        job.failed(now)
        return await queue.save(job)


@settings(max_examples=12)
@given(operations=st.lists(_MAIL, min_size=10, max_size=50))
async def test_mail_after_any_operations_is_owed_as_in_memory(
    lockstep: Lockstep, operations: list[tuple[str, int]]
) -> None:
    mailing = Mailing(lockstep)
    for operation, pick in operations:
        await mailing.apply(operation, pick)
    await lockstep.agree(drained)
    assert await lockstep.agree(lambda backend: mailing._run(backend, "next", 0)) is None


async def drained(backend: Backend) -> list[tuple[object, ...]]:
    """All that is owed, in the order of claiming; nothing is left to the next example."""
    backend.clock.advance(timedelta(days=1))
    async with backend.unit_of_work() as work:
        jobs = await work.mail_queue.claim(backend.clock.now(), LEASE, 100)
        for job in jobs:
            await work.mail_queue.remove(job)
        await work.commit()
    return [astuple(job) for job in jobs]


@settings(max_examples=12)
@given(lines=st.lists(_LINE, max_size=25), where=_FILTER, limit=st.integers(1, 4))
async def test_trail_of_any_lines_is_paged_filtered_and_swept_as_in_memory(
    lockstep: Lockstep,
    lines: list[tuple[AuditAction, int | None, int | None, int]],
    where: tuple[int | None, AuditAction | None, int | None],
    limit: int,
) -> None:
    people = [MemberId(lockstep.model.ids.new()) for _ in range(3)]
    for _ in people:
        lockstep.tested.ids.new()
    begun = lockstep.model.clock.now()
    assert lockstep.tested.clock.now() == begun
    for action, actor, about, seconds in lines:
        for backend in (lockstep.model, lockstep.tested):
            backend.clock.advance(timedelta(seconds=seconds))
            entry = AuditEntry(
                id=AuditEntryId(backend.ids.new()),
                at=backend.clock.now(),
                action=action,
                actor_id=None if actor is None else people[actor],
                resource_type=MEMBER,
                resource_id="" if about is None else str(people[about]),
                details={"login": "ada", "count": seconds},
                ip="2001:db8::1",
            )
            async with backend.unit_of_work() as work:
                await work.audit.record(entry)
                await work.commit()
    member, action, since = where
    narrowed = AuditFilter(
        member_id=None if member is None else people[member],
        action=action,
        since=None if since is None else begun + timedelta(seconds=since),
    )
    found = await lockstep.agree(lambda backend: pages(backend, narrowed, limit))
    assert isinstance(found, list)
    assert len({entry.id for page in found for entry in page}) == sum(map(len, found))
    later = begun + timedelta(seconds=20)
    while await lockstep.agree(lambda backend: backend.sweep.audit_addresses(later, limit)):
        await lockstep.agree(lambda backend: pages(backend, AuditFilter(), 5))
    swept = await lockstep.agree(lambda backend: pages(backend, AuditFilter(), 5))
    assert isinstance(swept, list)
    assert [entry for page in swept for entry in page if entry.at < later and entry.ip is not None] == []


async def pages(backend: Backend, where: AuditFilter, limit: int) -> list[tuple[AuditEntry, ...]]:
    """All pages of the trail that the filter leaves."""
    found, cursor = [], None
    while True:
        page = await backend.audit.page(where, cursor, limit)
        found.append(page.items)
        cursor = page.next_cursor
        if cursor is None:
            return found
