"""Half an hour of talk: memory stays where it was, and nothing is left behind when all have gone."""

import asyncio
import os
import signal
import sqlite3
import statistics
import sys
from collections.abc import Callable
from contextlib import AsyncExitStack, closing

import psutil
import pytest

from adapters.client import Backoff, Place, RealtimeClient, Subscription, Transcript
from tests.e2e.conftest import Instance
from tests.e2e.process.server import PATIENCE, Member, RunningServer, member_of, serving

TALKING = (sys.executable, "-m", "tests.e2e.process.talking_server")
MINUTES = float(os.environ.get("GUILDHALL_SOAK_MINUTES", "30"))
SOCKETS, SESSIONS = 200, 50
SAMPLE_SECONDS, WARM_UP = 5.0, 0.2
SIGN_IN_SECONDS = 300.0
MOST_MEGABYTES_AN_HOUR, MOST_TASKS_MORE = 20.0, 5
UNLIMITED = {
    "GUILDHALL_LIMITS_MESSAGES_PER_MINUTE": "0",
    "GUILDHALL_LIMITS_SESSIONS_PER_HOUR": "0",
    "GUILDHALL_LIMITS_SOCKETS_PER_MEMBER": "0",
    "GUILDHALL_LOG_FORMAT": "json",
}


class Talk:
    """One session: what its clients hold, and who waits for a reply to end."""

    def __init__(self, session: str) -> None:
        self.session = session
        self.transcripts: list[Transcript] = []
        self.replies = 0
        self._ended: dict[str, asyncio.Event] = {}

    async def follow(self, subscription: Subscription) -> None:
        transcript = Transcript()
        self.transcripts.append(transcript)
        async for event in subscription:
            if not transcript.apply(event):
                subscription.resubscribe()
            if event.type == "message_completed":
                self._ended.setdefault(event.body["message"]["id"], asyncio.Event()).set()

    async def go_on(self, member: Member, until: float) -> None:
        """Ask again as soon as an answer is whole."""
        while asyncio.get_running_loop().time() < until:
            posted = await member.post(self.session, f"Question {self.replies} of {self.session}.")
            async with asyncio.timeout(PATIENCE * 2):
                await self._ended.setdefault(posted["reply_id"], asyncio.Event()).wait()
            del self._ended[posted["reply_id"]]
            self.replies += 1


async def stay_signed_in(member: Member) -> None:
    """A new access token well before the last one ends: it lives for half an hour, as long as this goes on."""
    while True:
        await asyncio.sleep(SIGN_IN_SECONDS)
        await member.sign_in()


async def figures(server: RunningServer) -> int:
    """How many tasks the server runs."""
    known = len(server.logged("tasks"))
    server.process.send_signal(signal.SIGUSR1)
    async with asyncio.timeout(PATIENCE):
        while True:
            if len(found := server.logged("tasks")) > known:
                return int(found[-1]["count"])
            await asyncio.sleep(0.05)


async def watched(server: RunningServer, until: float) -> list[tuple[float, float]]:
    """Seconds and megabytes of resident memory, at regular moments."""
    process, loop = psutil.Process(server.process.pid), asyncio.get_running_loop()
    begun, samples = loop.time(), []
    while loop.time() < until:
        await asyncio.sleep(SAMPLE_SECONDS)
        samples.append((loop.time() - begun, process.memory_info().rss / 1e6))
    return samples


@pytest.mark.soak
@pytest.mark.timeout(MINUTES * 60 + 300)
async def test_long_run_of_many_replies_leaves_memory_and_tasks_as_they_were(
    instance: Instance, record_property: Callable[[str, object], None]
) -> None:
    talking = Instance(instance.folder, UNLIMITED)
    async with serving(talking, TALKING) as server, member_of(server) as member:
        tasks_before = await figures(server)
        talks = [Talk(await member.begin_session()) for _ in range(SESSIONS)]
        async with AsyncExitStack() as stack:
            stack.callback(asyncio.create_task(stay_signed_in(member)).cancel)
            until = asyncio.get_running_loop().time() + MINUTES * 60
            await _gather_listeners(server, member, talks, stack)
            samples, *_ = await asyncio.gather(watched(server, until), *(talk.go_on(member, until) for talk in talks))
            stored = [await member.settled(talk.session) for talk in talks]
        tasks_after = await _at_rest(server, member, tasks_before + MOST_TASKS_MORE)
    steady = samples[int(len(samples) * WARM_UP) :]
    slope = statistics.linear_regression(*zip(*steady, strict=True)).slope * 3600
    print(
        f"\n{sum(talk.replies for talk in talks)} replies to {SOCKETS} sockets in {MINUTES:g} minutes; resident memory "
        f"{steady[0][1]:.1f} to {steady[-1][1]:.1f} MB, slope {slope:.2f} MB an hour; tasks {tasks_before} before, "
        f"{tasks_after} after"
    )
    record_property("megabytes_an_hour", slope)

    assert tasks_after <= tasks_before + MOST_TASKS_MORE
    assert _leases(talking) == 0
    for talk, messages in zip(talks, stored, strict=True):
        for transcript in talk.transcripts:
            assert [transcript.text(each["id"]) for each in messages] == [each["content"] for each in messages]
    assert slope < MOST_MEGABYTES_AN_HOUR


async def _gather_listeners(server: RunningServer, member: Member, talks: list[Talk], stack: AsyncExitStack) -> None:
    async def token(renew: bool) -> str:
        return member.token

    async with member.socket() as socket:
        epoch = (await socket.subscribe(talks[0].session))["epoch"]
    url = f"{server.url.replace('http', 'ws', 1)}/api/v1/ws"
    for number in range(SOCKETS):
        client = await stack.enter_async_context(RealtimeClient(url, token, backoff=Backoff(first=0.05)))
        talk = talks[number % len(talks)]
        task = asyncio.create_task(talk.follow(client.subscribe(f"session:{talk.session}", Place(epoch, 0))))
        stack.callback(task.cancel)


async def _at_rest(server: RunningServer, member: Member, most: int) -> int:
    """The number of tasks once all sockets are gone and no more tasks end."""
    count = most + 1
    async with asyncio.timeout(PATIENCE):
        while True:
            if not (await member.client.get("/chat/health")).json()["active_connections"]:
                break
            await asyncio.sleep(0.2)
    for _ in range(50):
        if (count := await figures(server)) <= most:
            break
        await asyncio.sleep(0.2)
    return count


def _leases(instance: Instance) -> int:
    """Replies that are owed or held still."""
    with closing(sqlite3.connect(instance.database)) as connection:
        found = connection.execute(
            "SELECT count(*) FROM (SELECT id FROM chat_messages WHERE status = 'streaming' "
            "UNION ALL SELECT message_id FROM chat_replies)"
        )
        return int(found.fetchone()[0])
