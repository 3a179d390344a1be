"""Whether chat works: its providers, probed."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from application.ports.chat import LanguageModels
from application.ports.system import Clock


@dataclass(frozen=True, slots=True)
class ChatHealth:
    """`status` is `healthy` when every provider is, `degraded` when one is, else `unhealthy`."""

    status: str
    timestamp: datetime
    providers: Mapping[str, str]


class ChatHealthService:
    """Asks every configured provider."""

    def __init__(self, models: LanguageModels, clock: Clock) -> None:
        self._models = models
        self._clock = clock

    async def check(self) -> ChatHealth:
        """The providers' health now."""
        answers = await asyncio.gather(*(model.is_healthy() for model in self._models.values()))
        providers = {
            provider.value: "healthy" if answer else "unhealthy"
            for provider, answer in zip(self._models, answers, strict=True)
        }
        status = "healthy" if all(answers) else "degraded" if any(answers) else "unhealthy"
        return ChatHealth(status, self._clock.now(), providers)
