"""The house as `guildhall serve` runs it, with a model that talks long and steadily: `talking_server.py`."""

import asyncio
import json
import os
import random
import signal
from collections.abc import AsyncGenerator

from dependency_injector import providers

from application.ports.chat import LanguageModel, ModelEvent, ModelRequest, ReplyEnd, TextDelta
from entrypoints import runtime
from entrypoints.container import Container, sql_container
from entrypoints.settings import Settings, load_settings

PIECES, PIECE_SECONDS = 60, 0.05
LETTERS = "abcdefgh äöü 💰 \n"


class TalkingModel(LanguageModel):
    """Says pieces of random letters, some of them beyond the basic plane, at a steady pace."""

    @property
    def default_model(self) -> str:
        return "talker"

    async def stream(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        chance = random.Random(request.messages[-1].content)
        for _ in range(PIECES):
            yield TextDelta("".join(chance.choices(LETTERS, k=chance.randrange(1, 30))))
            await asyncio.sleep(PIECE_SECONDS)
        yield ReplyEnd(tokens_used=PIECES)

    async def is_healthy(self) -> bool:
        return True


def _talking(settings: Settings) -> Container:
    container = sql_container(settings)
    container.guide_reader.override(providers.Singleton(TalkingModel))
    return container


def _tell_tasks(*_: object) -> None:
    print(json.dumps({"event": "tasks", "count": len(asyncio.all_tasks())}), flush=True)


def main() -> None:
    """Serve on a free port, as the environment says; SIGUSR1 has it print how many tasks run."""
    signal.signal(signal.SIGUSR1, _tell_tasks)
    runtime.sql_container = _talking
    runtime.serve(load_settings({**os.environ, "GUILDHALL_HTTP_PORT": "0"}))


if __name__ == "__main__":
    main()
