"""Long polls: nothing is confirmed before it is kept."""

import asyncio
import json
import logging
from collections.abc import Sequence
from datetime import timedelta

import pytest

from adapters.memory.system import ManualClock, SequentialIds
from adapters.telegram.decoding import MsgspecUpdateDecoder
from application.ports.inbox import UpdateInbox
from application.ports.observability import TelegramMetrics
from application.ports.telegram import BotApi
from application.telegram.intake import UpdateIntake
from application.telegram.polling import Poller
from domain.errors import Conflict, InvalidToken, Unavailable
from domain.telegram import InboxUpdate


class Queue(BotApi):
    """Telegram's side: what is not confirmed comes again."""

    def __init__(self, *ids: int) -> None:
        self.waiting = list(ids)
        self.offsets: list[int | None] = []
        self.troubles: list[Exception] = []
        self.nameless: list[bytes] = []
        self.quiet = asyncio.Event()

    async def updates(self, offset: int | None, timeout_seconds: int, limit: int) -> Sequence[bytes]:
        await asyncio.sleep(0)
        self.offsets.append(offset)
        if self.troubles:
            raise self.troubles.pop(0)
        self.waiting = [each for each in self.waiting if offset is None or each >= offset]
        if self.nameless and len(self.offsets) < 9:
            return self.nameless
        if not self.waiting:
            self.quiet.set()
            return []
        return [json.dumps({"update_id": each, "poll": {}}).encode() for each in self.waiting[:2]]


class Kept(UpdateInbox):
    """Keeps updates once each; may be away."""

    def __init__(self) -> None:
        self.ids: list[int | None] = []
        self.times_away = 0

    async def commit(self, updates: Sequence[InboxUpdate]) -> int:
        if self.times_away:
            self.times_away -= 1
            raise Unavailable("The database is away.")
        fresh = [each.update_id for each in updates if each.update_id is None or each.update_id not in self.ids]
        self.ids += fresh
        return len(fresh)


class Uncounted(TelegramMetrics):
    """Not looked at here."""

    def updates_received(self, status: str, count: int) -> None:
        """Not looked at here."""


class Line:
    """A poller between the two."""

    def __init__(self, *ids: int) -> None:
        self.clock, self.queue, self.kept = ManualClock(), Queue(*ids), Kept()
        decoder = MsgspecUpdateDecoder()
        intake = UpdateIntake(self.kept, decoder, self.clock, SequentialIds(), Uncounted())
        self.poller = Poller(self.queue, intake, decoder, self.clock, bot_id=99)

    async def until_quiet(self) -> None:
        """Poll until Telegram has nothing more; pauses pass at once."""
        task = asyncio.create_task(self.poller.run())
        while not self.queue.quiet.is_set() and not task.done():
            self.clock.advance(timedelta(seconds=1))
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        if not task.cancelled() and (error := task.exception()) is not None:
            raise error


async def test_polling_keeps_everything_and_confirms_it_afterwards() -> None:
    line = Line(7, 8, 9)
    await line.until_quiet()
    assert line.kept.ids == [7, 8, 9]
    assert line.queue.offsets[:3] == [None, 9, 10]


async def test_polling_what_was_kept_before_is_counted_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    line = Line(7, 8)
    line.kept.ids = [7]
    with caplog.at_level(logging.DEBUG):
        await line.until_quiet()
    assert line.kept.ids == [7, 8]
    seen = [record for record in caplog.records if record.message == "updates_seen_before"]
    assert [(vars(record)["bot_id"], vars(record)["count"]) for record in seen] == [(99, 1)]


async def test_polling_confirms_nothing_while_the_database_is_away() -> None:
    line = Line(7, 8, 9)
    line.kept.times_away = 3
    await line.until_quiet()
    assert line.kept.ids == [7, 8, 9]
    assert line.queue.offsets[:5] == [None, None, None, None, 9]


@pytest.mark.parametrize("trouble", [Unavailable("502"), Conflict("a webhook is set")])
async def test_polling_goes_on_when_telegram_is_back(trouble: Exception) -> None:
    line = Line(7)
    line.queue.troubles = [trouble, trouble]
    await line.until_quiet()
    assert line.kept.ids == [7]


async def test_polling_ends_when_the_token_is_unknown() -> None:
    line = Line(7)
    line.queue.troubles = [InvalidToken("unknown")]
    with pytest.raises(InvalidToken):
        await line.until_quiet()


async def test_polling_bears_a_week_of_silence_after_which_ids_begin_anywhere() -> None:
    line = Line(900)
    await line.until_quiet()
    assert line.queue.offsets[:2] == [None, 901]

    line.queue.waiting = [5]
    assert await line.poller.poll() == 1
    assert line.kept.ids == [900, 5]


async def test_polling_what_has_no_id_is_kept_once_and_asked_for_with_pauses() -> None:
    line = Line(7)
    line.queue.nameless = [b"[]", b"{}"]
    began = line.clock.now()
    await line.until_quiet()
    assert line.kept.ids == [None, None, 7]
    assert line.clock.now() - began > timedelta(minutes=2), "1, 2, 4, 8, 16, then 30 seconds"
