"""Replies: produced once, stored as they were streamed, ended in the right state whatever the model does."""

import asyncio
from datetime import timedelta

import pytest

from adapters.memory.language_model import Script
from application.chat.replies import APOLOGY
from application.chat.worker import SERVER_STOPPED
from application.ports.chat import Arrived, ModelError, ModelFailure
from application.ports.realtime import ReplyStopped
from domain.chat import MessageStatus
from domain.errors import Conflict, NotFound
from tests.unit.chat.conftest import TIMES, ChatWorld

BROKEN = ModelError(ModelFailure.BROKEN, "the line went dead")


async def test_reply_streamed_text_is_stored_as_it_was_announced(working: ChatWorld) -> None:
    working.script(Script(("Stops ", "limit ", "losses 📉."), tokens_used=7))
    ann = await working.member("ann")
    session = await working.sessions.create(ann)
    reply_id = await working.ask(ann, session.id, "What do stops do?")

    reply = await working.settled(ann, reply_id)

    deltas = working.deltas(reply_id)
    assert reply.status is MessageStatus.COMPLETE
    assert reply.content == "".join(delta.text for delta in deltas) == "Stops limit losses 📉."
    assert [delta.position for delta in deltas] == [0, 6]
    assert reply.tokens_used == 7
    assert working.metrics.replies == [("complete", "LOCAL")]


@pytest.mark.parametrize(
    ("script", "status", "content"),
    [
        (Script((), error=BROKEN), MessageStatus.FAILED, APOLOGY),
        (Script(()), MessageStatus.FAILED, APOLOGY),
        (Script((), truncated=True), MessageStatus.FAILED, APOLOGY),
        (Script((" ", "\n")), MessageStatus.FAILED, APOLOGY),
        (Script(("Half ",), error=BROKEN), MessageStatus.INTERRUPTED, "Half "),
        (Script(("Half ",), truncated=True), MessageStatus.INTERRUPTED, "Half "),
    ],
    ids=["error-first", "empty", "truncated-first", "blank", "error-midway", "truncated-midway"],
)
async def test_reply_failing_model_ends_in_the_right_state(
    working: ChatWorld, script: Script, status: MessageStatus, content: str
) -> None:
    working.script(script)
    ann = await working.member("ann")
    session = await working.sessions.create(ann)

    reply = await working.settled(ann, await working.ask(ann, session.id, "Hello?"))

    assert (reply.status, reply.content, reply.is_streaming) == (status, content, False)
    assert reply.error_message


async def test_reply_defect_in_the_model_fails_this_reply_and_the_next_one_goes_on(working: ChatWorld) -> None:
    working.script(Script((), error=ValueError("a bug")), Script(("Fine.",)))  # type: ignore[arg-type]
    ann = await working.member("ann")
    session = await working.sessions.create(ann)

    first = await working.settled(ann, await working.ask(ann, session.id, "one"))
    second = await working.settled(ann, await working.ask(ann, session.id, "two"))

    assert first.status is MessageStatus.FAILED
    assert first.error_message == "broken: internal error: ValueError"
    assert second.content == "Fine."


async def test_reply_posted_while_another_streams_waits_its_turn(working: ChatWorld) -> None:
    gate = asyncio.Event()
    working.script(Script(("one",), gate=gate), Script(("two",)))
    ann = await working.member("ann")
    session = await working.sessions.create(ann)
    first = await working.ask(ann, session.id, "first")
    await working.until(lambda: working.model.running == 1)
    second = await working.ask(ann, session.id, "second")
    for _ in range(20):
        await asyncio.sleep(0)

    waiting = await working.reply(ann, second)
    gate.set()
    await working.settled(ann, second)

    assert (waiting.status, waiting.is_streaming) == (MessageStatus.STREAMING, False)
    assert (await working.reply(ann, first)).content == "one"
    assert [message.seq for message in (await working.sessions.messages(ann, session.id)).messages] == [1, 2, 3, 4]
    assert [turn.content for turn in working.model.requests[1].messages] == ["first", "one", "second"]


async def test_reply_cancelled_midway_keeps_what_arrived_and_stops_the_model(working: ChatWorld) -> None:
    gate = asyncio.Event()
    working.script(Script(("Half ", "never"), gate=gate, open_deltas=1))
    ann = await working.member("ann")
    session = await working.sessions.create(ann)
    reply_id = await working.ask(ann, session.id, "Tell me")
    await working.until(lambda: bool(working.deltas(reply_id)))

    cancelled = await working.messages.cancel(ann, reply_id)
    await working.until(lambda: working.model.running == 0)

    assert (cancelled.status, cancelled.content) == (MessageStatus.CANCELLED, "Half ")
    assert await working.reply(ann, reply_id) == cancelled
    assert working.model.closed_early == 1
    assert working.metrics.replies == [("cancelled", "LOCAL")]
    assert working.running.all() == []


async def test_reply_cancelled_after_its_end_stays_complete(working: ChatWorld) -> None:
    ann = await working.member("ann")
    session = await working.sessions.create(ann)
    reply_id = await working.ask(ann, session.id, "Tell me")
    complete = await working.settled(ann, reply_id)

    assert await working.messages.cancel(ann, reply_id) == complete


async def test_reply_regenerated_is_the_next_generation_of_the_same_message(working: ChatWorld) -> None:
    working.script(Script(("first",)), Script(("second",)))
    ann = await working.member("ann")
    session = await working.sessions.create(ann)
    reply_id = await working.ask(ann, session.id, "Tell me")
    await working.settled(ann, reply_id)

    again = await working.messages.regenerate(ann, reply_id)
    reply = await working.settled(ann, reply_id)

    assert (again.id, again.generation, again.content) == (reply_id, 2, "")
    assert (reply.content, reply.generation, reply.seq) == ("second", 2, 2)


async def test_reply_regenerated_while_it_streams_is_refused(working: ChatWorld) -> None:
    working.script(Script(("one",), gate=asyncio.Event()))
    ann = await working.member("ann")
    session = await working.sessions.create(ann)
    reply_id = await working.ask(ann, session.id, "Tell me")

    with pytest.raises(Conflict, match="streaming"):
        await working.messages.regenerate(ann, reply_id)


async def test_reply_stopped_announced_late_leaves_the_next_generation_alone(working: ChatWorld) -> None:
    gate = asyncio.Event()
    working.script(Script(("Half ",), gate=asyncio.Event(), open_deltas=1), Script(("All ", "of it."), gate=gate))
    ann = await working.member("ann")
    session = await working.sessions.create(ann)
    reply_id = await working.ask(ann, session.id, "Tell me")
    await working.until(lambda: bool(working.deltas(reply_id)))
    await working.messages.cancel(ann, reply_id)
    await working.messages.regenerate(ann, reply_id)
    await working.until(lambda: len(working.model.requests) == 2)

    stopped = [heard for heard in working.heard if isinstance(heard, ReplyStopped)]
    working.bus.publish(stopped[0])
    gate.set()
    reply = await working.settled(ann, reply_id)

    assert stopped == [ReplyStopped(reply_id, 1)]
    assert (reply.status, reply.generation, reply.content) == (MessageStatus.COMPLETE, 2, "All of it.")


async def test_reply_pieces_that_come_close_together_are_announced_as_one_after_a_moment(working: ChatWorld) -> None:
    pieces = ("Stops ", "limit ", "losses.", " Always.")
    working.script(Script(pieces, gate=asyncio.Event(), open_deltas=3))
    ann = await working.member("ann")
    session = await working.sessions.create(ann)
    reply_id = await working.ask(ann, session.id, "Tell me")
    await working.until(lambda: [reply.length for reply in working.running.all()] == [len("".join(pieces[:3]))])
    for _ in range(20):
        await asyncio.sleep(0)
    at_once = [delta.text for delta in working.deltas(reply_id)]

    working.clock.advance(TIMES.pieces)
    await working.until(lambda: len(working.deltas(reply_id)) > 1)

    assert at_once == ["Stops "]
    assert [delta.text for delta in working.deltas(reply_id)] == ["Stops ", "limit losses."]


async def test_reply_text_that_arrived_is_checkpointed_while_it_streams(working: ChatWorld) -> None:
    working.script(Script(("So far ", "never"), gate=asyncio.Event(), open_deltas=1))
    ann = await working.member("ann")
    session = await working.sessions.create(ann)
    reply_id = await working.ask(ann, session.id, "Tell me")
    await working.until(lambda: bool(working.deltas(reply_id)))
    await working.until(lambda: working.clock.sleepers >= 3)

    working.clock.advance(TIMES.checkpoint)
    await asyncio.sleep(0.0)
    for _ in range(20):
        await asyncio.sleep(0)

    stored = await working.reply(ann, reply_id)
    assert (stored.content, stored.is_streaming) == ("So far ", True)


async def test_reply_of_a_dead_process_is_interrupted_with_the_saved_text_when_its_lease_ends(
    world: ChatWorld,
) -> None:
    world.script(Script(("Saved ", "never"), gate=asyncio.Event(), open_deltas=1))
    ann = await world.member("ann")
    session = await world.sessions.create(ann)
    reply_id = await world.ask(ann, session.id, "Tell me")
    dead = asyncio.create_task(world.worker.run())
    await world.until(lambda: bool(world.deltas(reply_id)))
    async with world.unit_of_work() as work:
        await work.chat_messages.checkpoint([Arrived(reply_id, 1, "Saved ")])
        await work.commit()
    dead.cancel()
    await asyncio.wait({dead})

    world.clock.advance(TIMES.lease + timedelta(seconds=1))
    survivor = asyncio.create_task(world.new_worker().run())
    reply = await world.settled(ann, reply_id)
    survivor.cancel()
    await asyncio.wait({survivor})

    assert (reply.status, reply.content, reply.error_message) == (MessageStatus.INTERRUPTED, "Saved ", SERVER_STOPPED)


async def test_reply_running_at_the_end_of_the_deadline_is_interrupted_with_all_that_arrived(
    working: ChatWorld,
) -> None:
    working.script(Script(("All that ", "never"), gate=asyncio.Event(), open_deltas=1))
    ann = await working.member("ann")
    session = await working.sessions.create(ann)
    reply_id = await working.ask(ann, session.id, "Tell me")
    await working.until(lambda: bool(working.deltas(reply_id)))

    await working.worker.stop(timedelta())

    reply = await working.reply(ann, reply_id)
    assert (reply.status, reply.content) == (MessageStatus.INTERRUPTED, "All that ")


async def test_reply_session_deleted_midway_stops_and_leaves_nothing(working: ChatWorld) -> None:
    working.script(Script(("Half ", "never"), gate=asyncio.Event(), open_deltas=1))
    ann = await working.member("ann")
    session = await working.sessions.create(ann)
    reply_id = await working.ask(ann, session.id, "Tell me")
    await working.until(lambda: bool(working.deltas(reply_id)))

    await working.sessions.delete(ann, session.id)
    await working.until(lambda: working.model.running == 0)

    with pytest.raises(NotFound):
        await working.reply(ann, reply_id)
    assert working.running.all() == []


async def test_reply_events_end_in_the_state_that_is_fetched(working: ChatWorld) -> None:
    ann = await working.member("ann")
    session = await working.sessions.create(ann)
    reply_id = await working.ask(ann, session.id, "Tell me")
    reply = await working.settled(ann, reply_id)

    completed = working.events("message_completed")

    assert len(completed) == 1
    assert f'"version":{reply.version}'.encode() in completed[0].payload
    assert reply.content.encode() in completed[0].payload


async def test_reply_claimed_by_a_process_that_died_before_beginning_is_produced_by_another(world: ChatWorld) -> None:
    world.script(Script(("Late, but whole.",)))
    ann = await world.member("ann")
    session = await world.sessions.create(ann)
    reply_id = await world.ask(ann, session.id, "Tell me")
    async with world.unit_of_work() as work:
        await work.reply_queue.claim(world.ids.new(), world.clock.now(), world.clock.now() + TIMES.lease)
        await work.commit()

    world.clock.advance(TIMES.lease)
    survivor = asyncio.create_task(world.new_worker().run())
    reply = await world.settled(ann, reply_id)
    survivor.cancel()
    await asyncio.wait({survivor})

    assert (reply.status, reply.content) == (MessageStatus.COMPLETE, "Late, but whole.")
