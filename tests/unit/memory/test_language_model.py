"""A scripted model fails as it is told to."""

import asyncio
from contextlib import aclosing

import pytest

from adapters.memory import Script, ScriptedLanguageModel
from application.ports.chat import (
    ModelError,
    ModelEvent,
    ModelFailure,
    ModelRequest,
    PromptMessage,
    ReplyEnd,
    TextDelta,
)
from domain.chat import MessageRole

REQUEST = ModelRequest(
    model="any",
    messages=[PromptMessage(MessageRole.USER, "A question")],
    passages=[],
    grounded=False,
    temperature=0.0,
    max_tokens=10,
)
DOWN = ModelError(ModelFailure.UNREACHABLE, "connection refused")


async def played(model: ScriptedLanguageModel) -> list[ModelEvent]:
    async with aclosing(model.stream(REQUEST)) as events:
        return [event async for event in events]


async def test_scripted_model_whole_answer_ends_with_its_tokens() -> None:
    model = ScriptedLanguageModel(Script(("one ", "two"), tokens_used=5))
    assert await played(model) == [TextDelta("one "), TextDelta("two"), ReplyEnd(5)]
    assert model.requests == [REQUEST]


async def test_scripted_model_truncated_answer_has_no_end() -> None:
    assert await played(ScriptedLanguageModel(Script(("one",), truncated=True))) == [TextDelta("one")]


async def test_scripted_model_empty_answer_has_only_an_end() -> None:
    assert await played(ScriptedLanguageModel(Script((), tokens_used=0))) == [ReplyEnd(0)]


@pytest.mark.parametrize("deltas", [(), ("one", "two")])
async def test_scripted_model_error_comes_after_its_deltas(deltas: tuple[str, ...]) -> None:
    model = ScriptedLanguageModel(Script(deltas, error=DOWN))
    stream = model.stream(REQUEST)
    for text in deltas:
        assert await anext(stream) == TextDelta(text)
    with pytest.raises(ModelError) as raised:
        await anext(stream)
    assert raised.value is DOWN
    assert model.running == 0


async def test_scripted_model_scripts_are_played_one_a_request_and_the_last_repeats() -> None:
    model = ScriptedLanguageModel(Script(("first",)), Script(("then",)))
    answers = [(await played(model))[0] for _ in range(3)]
    assert answers == [TextDelta("first"), TextDelta("then"), TextDelta("then")]


async def test_scripted_model_gate_holds_the_stream_until_it_is_set() -> None:
    gate = asyncio.Event()
    model = ScriptedLanguageModel(Script(("one", "two"), gate=gate, open_deltas=1))
    stream = model.stream(REQUEST)
    assert await anext(stream) == TextDelta("one")
    second = asyncio.create_task(anext(stream))
    for _ in range(5):
        await asyncio.sleep(0)
    assert not second.done()
    gate.set()
    assert await second == TextDelta("two")
    await stream.aclose()


async def test_scripted_model_hanging_stream_is_closed_by_cancelling() -> None:
    model = ScriptedLanguageModel(Script(gate=asyncio.Event()))
    task = asyncio.create_task(played(model))
    await asyncio.sleep(0)
    assert model.running == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (model.running, model.closed_early) == (0, 1)


async def test_scripted_model_health_is_as_told() -> None:
    model = ScriptedLanguageModel(is_up=False)
    assert await model.is_healthy() is False
    model.is_up = True
    assert await model.is_healthy() is True
