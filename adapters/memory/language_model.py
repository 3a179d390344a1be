"""A language model that says what it is told to, and fails as it is told to."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass

from application.ports.chat import LanguageModel, ModelError, ModelEvent, ModelRequest, ReplyEnd, TextDelta


@dataclass(frozen=True, slots=True)
class Script:
    """How one answer goes.

    The stream gives `deltas`, then ends: with `error` raised in place of the end, or cut off when `truncated`.
    With an error and no deltas it fails before the first token; without deltas and error the answer is empty.
    With a `gate` it hangs after `open_deltas` deltas until the gate is set.
    """

    deltas: tuple[str, ...] = ("The guides ", "say so.")
    tokens_used: int = 12
    error: ModelError | None = None
    truncated: bool = False
    gate: asyncio.Event | None = None
    open_deltas: int = 0


class ScriptedLanguageModel(LanguageModel):
    """Plays one script per request; the last one is repeated. `requests` keeps what was asked.

    `is_up` is what the health probe finds; `running` and `closed_early` count streams.
    """

    def __init__(self, *scripts: Script, default_model: str = "scripted", is_up: bool = True) -> None:
        self.scripts = list(scripts) or [Script()]
        self.requests: list[ModelRequest] = []
        self.is_up = is_up
        self.running = 0
        self.closed_early = 0
        self._default_model = default_model

    @property
    def default_model(self) -> str:
        return self._default_model

    def stream(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        script = self.scripts[min(len(self.requests), len(self.scripts) - 1)]
        self.requests.append(request)
        return self._play(script)

    async def is_healthy(self) -> bool:
        return self.is_up

    async def _play(self, script: Script) -> AsyncGenerator[ModelEvent, None]:
        self.running += 1
        try:
            for index, text in enumerate(script.deltas):
                await _pass(script, index)
                yield TextDelta(text)
            await _pass(script, len(script.deltas))
            if script.error is not None:
                raise script.error
            if not script.truncated:
                yield ReplyEnd(script.tokens_used)
        except (GeneratorExit, asyncio.CancelledError):
            self.closed_early += 1
            raise
        finally:
            self.running -= 1


async def _pass(script: Script, index: int) -> None:
    if script.gate is not None and index >= script.open_deltas:
        await script.gate.wait()
    await asyncio.sleep(0)
