"""Any operations on the reply queue and the log give the same answers as in memory."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from application.ports.chat import ReplyJob, ReplyQueue
from domain.chat import ChatSession
from domain.events import session_channel
from tests.support.backend import Backend, memory_backend
from tests.support.given import asked, stored_member, stored_session
from tests.support.lockstep import Lockstep

LEASE = timedelta(seconds=10)
_OPERATION = st.tuples(
    st.sampled_from(["ask", "ask", "claim", "claim", "renew", "finish", "cancel", "expired", "wait", "prune"]),
    st.integers(0, 9),
)


@pytest.fixture
def lockstep(backend: Backend) -> Lockstep:
    return Lockstep(backend, memory_backend())


class Replies:
    """Asks for replies in two sessions and works on jobs picked from all that were ever seen."""

    def __init__(self, lockstep: Lockstep, sessions: dict[Backend, list[ChatSession]]) -> None:
        self.lockstep = lockstep
        self.sessions = sessions
        self.jobs: list[ReplyJob] = []

    async def apply(self, operation: str, pick: int) -> None:
        if operation == "wait":
            for backend in (self.lockstep.model, self.lockstep.tested):
                backend.clock.advance(timedelta(seconds=pick))
            return
        answer = await self.lockstep.agree(lambda backend: self._run(backend, operation, pick))
        self.jobs += [answer] if isinstance(answer, ReplyJob) else []

    async def _run(self, backend: Backend, operation: str, pick: int) -> object:
        now = backend.clock.now()
        job = self.jobs[pick % len(self.jobs)] if self.jobs else None
        if operation == "prune":
            return await backend.event_log.prune(now - LEASE, pick)
        if operation == "ask":
            reply = await asked(backend, self.sessions[backend.event_log][pick % 2])
            job = ReplyJob(reply.id, reply.session_id, reply.generation)
        async with backend.unit_of_work() as work:
            answer = await self._work(backend, work.reply_queue, operation, pick, job)
            await work.commit()
        return job if operation == "ask" else answer

    async def _work(
        self, backend: Backend, queue: ReplyQueue, operation: str, pick: int, job: ReplyJob | None
    ) -> object:
        now = backend.clock.now()
        if operation == "claim":
            return await queue.claim(backend.ids.new(), now, now + LEASE)
        if operation == "expired":
            return list(await queue.expired(now, 1 + pick))
        if job is None:
            return None
        match operation:
            case "ask":
                return await queue.put(job, now)
            case "renew":
                return await queue.renew([job], now + LEASE)
            case "finish":
                return await queue.finish(job)
            case _:
                return await queue.cancel(job.message_id)


async def log_of(backend: Backend, session: ChatSession) -> object:
    """All that the session's log answers, whatever a reader saw last."""
    channel = session_channel(session.id)
    positions = await backend.event_log.positions([channel])
    slices = [await backend.event_log.read(channel, after, 3) for after in range(positions[channel] + 2)]
    return positions, [(one.complete, list(one.events) if one.complete else None) for one in slices]


@settings(max_examples=8)
@given(operations=st.lists(_OPERATION, min_size=10, max_size=40))
async def test_replies_after_any_operations_answer_as_in_memory(
    lockstep: Lockstep, operations: list[tuple[str, int]]
) -> None:
    name = f"reader-{lockstep.model.ids.new().hex}"
    lockstep.tested.ids.new()
    sessions = {}
    for backend in (lockstep.model, lockstep.tested):
        owner = await stored_member(backend, name)
        sessions[backend.event_log] = [await stored_session(backend, owner) for _ in range(2)]
    replies = Replies(lockstep, sessions)
    for operation, pick in operations:
        await replies.apply(operation, pick)
    for index in range(2):
        await lockstep.agree(lambda backend, index=index: log_of(backend, sessions[backend.event_log][index]))
    await drain(lockstep)
    assert await lockstep.agree(_end_everything) == 0


async def drain(lockstep: Lockstep) -> None:
    """Leave an empty queue to the next example."""
    while True:
        for backend in (lockstep.model, lockstep.tested):
            backend.clock.advance(LEASE * 2)
        ended = await lockstep.agree(_end_everything)
        if ended == 0:
            return


async def _end_everything(backend: Backend) -> int:
    now = backend.clock.now()
    async with backend.unit_of_work() as work:
        claimed = await work.reply_queue.claim(backend.ids.new(), now, now)
        expired = await work.reply_queue.expired(now, 100)
        for job in expired:
            await work.reply_queue.finish(job)
        await work.commit()
    return len(expired) + (claimed is not None)
