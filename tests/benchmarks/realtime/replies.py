"""The model that is relayed: the product's scripted one, at the pace of a model, which says when each answer ended."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Mapping

from adapters.memory.language_model import Script, ScriptedLanguageModel
from application.ports.chat import LanguageModel, ModelEvent, ModelRequest, PromptMessage, TextDelta
from domain.chat import MessageRole
from tests.benchmarks.realtime.control import Command

PIECES, PIECE, PAUSE_SECONDS = 150, "twenty code points. ", 0.02
END = "<end>"
BYTES = len(PIECE) * PIECES + len(END)
"""Of one answer."""


class PacedModel(LanguageModel):
    """Answers wait until all are let go, and then come a piece every 20 ms. A question is the answer's number."""

    def __init__(self) -> None:
        self._scripted = ScriptedLanguageModel()
        self._gate = asyncio.Event()
        self._ended: dict[str, float] = {}
        self.hold()

    @property
    def default_model(self) -> str:
        """Its name."""
        return self._scripted.default_model

    @property
    def commands(self) -> Mapping[str, Command]:
        """`hold` the answers to come, let them `go`, how many are `running`, and when they `ended`."""
        return {
            "hold": self.hold,
            "go": self._gate_opened,
            "running": lambda: str(self._scripted.running),
            "ended": lambda: json.dumps(self._ended),
        }

    def hold(self) -> None:
        """Let the next answers wait before their first piece."""
        self._gate, self._ended = asyncio.Event(), {}
        self._scripted.scripts = [Script((*[PIECE] * PIECES, END), gate=self._gate)]

    async def stream(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        """Answer, noting when the last piece was given."""
        async for event in self._scripted.stream(request):
            if isinstance(event, TextDelta):
                await asyncio.sleep(PAUSE_SECONDS)
                if event.text == END:
                    self._ended[request.messages[-1].content] = time.perf_counter()
            yield event

    async def is_healthy(self) -> bool:
        """Always."""
        return True

    def _gate_opened(self) -> None:
        self._gate.set()


def question(number: str) -> ModelRequest:
    """What is asked where nothing stands between."""
    return ModelRequest(
        model="scripted",
        messages=[PromptMessage(MessageRole.USER, number)],
        passages=(),
        grounded=False,
        temperature=0.0,
        max_tokens=4096,
    )
