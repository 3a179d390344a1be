"""Questions that the bot has to answer in time: pressed buttons and checkouts."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from adapters.testing.telegram.chats import Account, Post
from adapters.testing.telegram.errors import Json, bad_request
from application.ports.system import Clock

CALLBACK_LIVES = timedelta(seconds=15)
CHECKOUT_LIVES = timedelta(seconds=10)
_TOO_OLD = "query is too old and response timeout expired or query ID is invalid"


@dataclass(slots=True, eq=False)
class Query:
    """A question to the bot. `answer` is what it said: the parameters of its call."""

    id: str
    account: Account
    expires_at: datetime
    answer: Json | None = None
    _answered: asyncio.Event = field(default_factory=asyncio.Event)

    async def answered(self, within: float = 5) -> Json:
        """Wait for the answer; raises `TimeoutError` after so many seconds."""
        async with asyncio.timeout(within):
            await self._answered.wait()
        return self.answer or {}

    def settle(self, answer: Json) -> None:
        """Take the answer."""
        self.answer = answer
        self._answered.set()


@dataclass(slots=True, eq=False)
class Press(Query):
    """A pressed button of a message."""

    post: Post | None = None
    data: str = ""


class Queries:
    """The open questions. Each can be answered once, and in time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._open: dict[str, Query] = {}
        self._number = 4_000_000_000_000_000

    def next_id(self) -> str:
        """An identifier that was not given out before."""
        self._number += 1
        return str(self._number)

    def expiry(self, lives: timedelta) -> datetime:
        """When a question that is asked now is too old."""
        return self._clock.now() + lives

    def ask(self, query: Query) -> None:
        """Remember a question."""
        self._open[query.id] = query

    def answer(self, identifier: str, answer: Json) -> Query:
        """Answer one; raises `ApiError` for one that is unknown, answered or too old."""
        query = self._open.get(identifier)
        if query is None or query.expires_at < self._clock.now():
            raise bad_request(_TOO_OLD)
        del self._open[identifier]
        query.settle(answer)
        return query
