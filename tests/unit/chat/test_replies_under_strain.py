"""Replies while the database is away for a moment, and while very many are asked for."""

import asyncio
from datetime import timedelta

import pytest

from adapters.memory.language_model import Script, ScriptedLanguageModel
from adapters.memory.passages import InMemoryPassageQueries
from adapters.memory.unit_of_work import InMemoryUnitOfWork
from adapters.text.analyzer import SnowballAnalyzer
from application.chat.asking import Ask
from application.chat.replies import STORE_PAUSE_SECONDS
from application.chat.worker import MAX_RUNNING
from application.guides.search import PassageFinder
from application.ports.chat import ModelError, ModelFailure
from domain.chat import LLMProvider, MessageStatus
from domain.errors import Unavailable
from domain.identity import OPERATOR
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
    await working.until(lambda: working.clock.sleepers > waiting)

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
    ask = Ask(PassageFinder(InMemoryPassageQueries(world.store), SnowballAnalyzer()), {LLMProvider.LOCAL: model})

    with pytest.raises(ModelError) as refused:
        _ = [piece async for piece in ask.stream(OPERATOR, "What do stops do?")]

    assert refused.value.failure is ModelFailure.BROKEN
