"""Replies while the database is away for a moment, and while very many are asked for."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from adapters.memory.language_model import Script, ScriptedLanguageModel
from adapters.memory.passages import InMemoryPassageQueries
from adapters.memory.unit_of_work import InMemoryUnitOfWork
from application.chat.asking import Ask
from application.chat.replies import STORE_PAUSE_SECONDS
from application.chat.worker import MAX_RUNNING
from application.guides.search import PassageFinder
from application.ports.chat import ModelError, ModelFailure
from domain.chat import LLMProvider, MessageStatus
from domain.errors import Unavailable
from domain.identity import OPERATOR
from tests.support.analyzer import ANALYZER
from tests.unit.chat.conftest import TIMES, ChatWorld


class Away(InMemoryUnitOfWork):
    """Nothing can be committed."""

    async def commit(self) -> None:
        """Refuse."""
        raise Unavailable("The database does not answer.")


class FlakyWorld(ChatWorld):
    """A chat whose database goes away and comes back."""

    is_away = False

    def unit_of_work(self) -> InMemoryUnitOfWork:
        """A new unit of work, of no use while the database is away."""
        return (Away if self.is_away else InMemoryUnitOfWork)(self.store, self.bus, self.clock)


@pytest.fixture
def world() -> FlakyWorld:
    """A chat without a running worker."""
    return FlakyWorld()


async def test_reply_whose_end_cannot_be_stored_is_stored_when_the_database_is_back(
    world: FlakyWorld, working: ChatWorld
) -> None:
    gate = asyncio.Event()
    working.script(Script(("All ", "of it."), gate=gate, open_deltas=1))
    ann = await working.member("ann")
    session = await working.sessions.create(ann)
    reply_id = await working.ask(ann, session.id, "Hello?")
    await working.until(lambda: len(working.deltas(reply_id)) == 1)
    waiting = working.clock.sleepers
    world.is_away = True
    gate.set()
    # One sleeps until the last piece is told, and one until the end is stored again.
    await working.until(lambda: working.clock.sleepers == waiting + 2)

    world.is_away = False
    working.clock.advance(timedelta(seconds=STORE_PAUSE_SECONDS))
    reply = await working.settled(ann, reply_id)

    assert (reply.status, reply.content) == (MessageStatus.COMPLETE, "All of it.")


async def test_reply_checkpoint_that_failed_is_taken_again_without_new_text(
    world: FlakyWorld, working: ChatWorld
) -> None:
    working.script(Script(("Half ", "more"), gate=asyncio.Event(), open_deltas=1))
    ann = await working.member("ann")
    session = await working.sessions.create(ann)
    reply_id = await working.ask(ann, session.id, "Hello?")
    await working.until(lambda: len(working.deltas(reply_id)) == 1)
    world.is_away = True
    working.clock.advance(TIMES.checkpoint)
    for _ in range(20):
        await asyncio.sleep(0)
    world.is_away = False

    for _ in range(3):
        working.clock.advance(TIMES.poll)
        for _ in range(20):
            await asyncio.sleep(0)

    assert (await working.reply(ann, reply_id)).content == "Half "


async def test_reply_that_takes_longer_than_its_lease_keeps_it_and_ends_whole(working: ChatWorld) -> None:
    gate = asyncio.Event()
    working.script(Script(("All ", "of it."), gate=gate, open_deltas=1))
    ann = await working.member("ann")
    session = await working.sessions.create(ann)
    reply_id = await working.ask(ann, session.id, "Hello?")
    await working.until(lambda: len(working.deltas(reply_id)) == 1)
    for _ in range(5):
        working.clock.advance(TIMES.lease / 3)
        for _ in range(50):
            await asyncio.sleep(0)

    gate.set()
    reply = await working.settled(ann, reply_id)

    assert (reply.status, reply.content) == (MessageStatus.COMPLETE, "All of it.")


async def test_reply_whose_lease_ended_while_it_runs_here_goes_on_and_ends_whole(working: ChatWorld) -> None:
    gate = asyncio.Event()
    working.script(Script(("All ", "of it."), gate=gate, open_deltas=1))
    ann = await working.member("ann")
    session = await working.sessions.create(ann)
    # Looked for before it is due to be renewed.
    await later(working, TIMES.lease / 12)
    reply_id = await working.ask(ann, session.id, "Hello?")
    await working.until(lambda: len(working.deltas(reply_id)) == 1)
    row = working.store.tables.replies[reply_id]
    working.store.tables.replies[reply_id] = replace(row, lease_until=working.clock.now())
    await later(working, TIMES.lease / 4)

    assert working.store.tables.replies[reply_id].lease_until == working.clock.now() + TIMES.lease
    gate.set()
    reply = await working.settled(ann, reply_id)
    assert (reply.status, reply.content) == (MessageStatus.COMPLETE, "All of it.")


async def test_reply_whose_lease_was_lost_is_given_up(working: ChatWorld) -> None:
    working.script(Script(("All ", "of it."), gate=asyncio.Event(), open_deltas=1))
    ann = await working.member("ann")
    session = await working.sessions.create(ann)
    reply_id = await working.ask(ann, session.id, "Hello?")
    await working.until(lambda: len(working.deltas(reply_id)) == 1)
    row = working.store.tables.replies[reply_id]
    working.store.tables.replies[reply_id] = replace(row, claim=working.ids.new())
    await later(working, TIMES.lease / 3)

    assert working.model.running == 0
    assert working.running.all() == []
    assert (await working.reply(ann, reply_id)).status is MessageStatus.STREAMING


async def test_replies_keep_their_leases_together_and_only_when_one_is_due(working: ChatWorld) -> None:
    working.script(Script(("All ", "of it."), gate=asyncio.Event(), open_deltas=1))
    ann = await working.member("ann")
    for _ in range(2):
        session = await working.sessions.create(ann)
        reply_id = await working.ask(ann, session.id, "Hello?")
        await working.until(lambda reply_id=reply_id: len(working.deltas(reply_id)) == 1)
        await later(working, TIMES.lease / 8)

    def leases() -> list[timedelta]:
        return [row.lease_until - working.clock.now() for row in working.store.tables.replies.values()]

    before = leases()
    await later(working, TIMES.lease / 12)
    renewed = leases()
    await later(working, TIMES.checkpoint)

    assert before == [TIMES.lease * 3 / 4, TIMES.lease * 7 / 8]
    assert renewed == [TIMES.lease, TIMES.lease]
    assert leases() == [TIMES.lease - TIMES.checkpoint] * 2


async def later(world: ChatWorld, time: timedelta) -> None:
    """Let the clock go on from one checkpoint to the next."""
    for _ in range(time // TIMES.checkpoint):
        world.clock.advance(TIMES.checkpoint)
        for _ in range(20):
            await asyncio.sleep(0)


async def test_replies_beyond_the_most_wait_in_the_queue_until_one_ends(working: ChatWorld) -> None:
    gate = asyncio.Event()
    working.script(Script(("Yes.",), gate=gate))
    ann = await working.member("ann")
    replies = []
    for _ in range(MAX_RUNNING + 3):
        session = await working.sessions.create(ann)
        replies.append(await working.ask(ann, session.id, "Hello?"))
    await working.until(lambda: working.model.running == MAX_RUNNING, rounds=5_000)
    for _ in range(50):
        await asyncio.sleep(0)
    assert working.model.running == MAX_RUNNING

    gate.set()
    ended = [await working.settled(ann, reply_id, rounds=5_000) for reply_id in replies]
    assert {reply.status for reply in ended} == {MessageStatus.COMPLETE}


async def test_ask_cut_off_stream_raises_broken_and_gives_no_answer(world: FlakyWorld) -> None:
    model = ScriptedLanguageModel(Script(("Half ",), truncated=True))
    ask = Ask(PassageFinder(InMemoryPassageQueries(world.store), ANALYZER), {LLMProvider.LOCAL: model})

    with pytest.raises(ModelError) as refused:
        _ = [piece async for piece in ask.stream(OPERATOR, "What do stops do?")]

    assert refused.value.failure is ModelFailure.BROKEN
