"""Sources of answers: a stream of text and exactly one end. Another model joins by a line in `MODELS`."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing

import pytest

from adapters.language_models.guide_reader import GuideReader
from adapters.memory import ManualClock, ScriptedLanguageModel
from adapters.text.analyzer import SnowballAnalyzer
from application.ports.chat import (
    GroundingPassage,
    LanguageModel,
    ModelEvent,
    ModelRequest,
    PromptMessage,
    ReplyEnd,
    TextDelta,
)
from domain.chat import MessageRole
from domain.guides import GuideId
from tests.support.backend import SequentialIds

MODELS: dict[str, Callable[[], LanguageModel]] = {
    "scripted": ScriptedLanguageModel,
    "guide_reader": lambda: GuideReader(SnowballAnalyzer(), ManualClock(), pace_seconds=0),
}


@pytest.fixture(params=MODELS)
def model(request: pytest.FixtureRequest) -> LanguageModel:
    return MODELS[request.param]()


def asking(question: str = "How much should I risk on one trade?", *, grounded: bool = True) -> ModelRequest:
    text = "Risk one percent of the account on one trade, so that ten losses in a row cost a tenth of it."
    passage = GroundingPassage(
        1, GuideId(SequentialIds().new()), "Position sizing", "How much to risk", 4, text, score=3.0
    )
    return ModelRequest(
        model="any",
        messages=[PromptMessage(MessageRole.SYSTEM, "Be brief."), PromptMessage(MessageRole.USER, question)],
        passages=[passage] if grounded else [],
        grounded=grounded,
        temperature=0.0,
        max_tokens=512,
    )


async def answer(model: LanguageModel, request: ModelRequest) -> list[ModelEvent]:
    async with aclosing(model.stream(request)) as events:
        return [event async for event in events]


@pytest.mark.parametrize("grounded", [True, False])
async def test_language_model_stream_is_text_and_exactly_one_end(model: LanguageModel, grounded: bool) -> None:
    *deltas, end = await answer(model, asking(grounded=grounded))
    assert isinstance(end, ReplyEnd)
    assert end.tokens_used >= 0
    assert deltas != []
    assert all(isinstance(delta, TextDelta) and delta.text for delta in deltas)
    assert "".join(delta.text for delta in deltas).strip() != ""


async def test_language_model_same_request_twice_is_answered_each_time(model: LanguageModel) -> None:
    assert await answer(model, asking()) == await answer(model, asking())


async def test_language_model_streams_beside_each_other_do_not_mix(model: LanguageModel) -> None:
    alone = await answer(model, asking())
    assert await asyncio.gather(*(answer(model, asking()) for _ in range(3))) == [alone] * 3


async def test_language_model_closed_stream_gives_no_more(model: LanguageModel) -> None:
    stream = model.stream(asking())
    first = await anext(stream)
    await stream.aclose()
    assert isinstance(first, TextDelta)
    assert [event async for event in stream] == []


async def test_language_model_names_itself_and_its_health(model: LanguageModel) -> None:
    assert 1 <= len(model.default_model) <= 100
    assert await model.is_healthy() is True
