"""Replies of the bot, from the commit of what was asked to Telegram's door; alone, and beside answers that grow."""

import asyncio
import json
import statistics
import sys
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import uvloop

from adapters.testing.telegram import faults
from adapters.testing.telegram.fake import FakeTelegram
from adapters.testing.telegram.people import User
from tests.benchmarks.result import Result
from tests.benchmarks.server import environment

CHATS, STREAMS = 100, 3
SECONDS = 8.0
ROUNDS = 3
SLOW_SECONDS = 5.0
NO_DRAFTS = faults.document(404, {"ok": False, "error_code": 404, "description": "Not Found"})
WHAT = (
    f"100 updates/s over {CHATS} private chats, a trivial handler, SQLite, the fake Bot API in a process of its own; "
    f"medians of {ROUNDS} rounds of {SECONDS:g} s"
)


def run() -> list[Result]:
    """The fake here, the bot in a process of its own; rounds with a slow chat and without by turns."""
    with tempfile.TemporaryDirectory() as name:
        return uvloop.run(_measure(Path(name)))


async def _measure(folder: Path) -> list[Result]:
    async with FakeTelegram() as telegram:
        people = [telegram.user(f"Member {number}", started=True) for number in range(CHATS)]
        readers = [telegram.user(f"Reader {number}", started=True) for number in range(STREAMS)]
        slow = telegram.user("Slow", started=True)
        telegram.fail(NO_DRAFTS, "sendMessageDraft", times=None)
        ids = [json.dumps([user.id for user in users]) for users in (people, [*readers, slow])]
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.benchmarks.telegram.product"),
            *(str(folder), telegram.url, telegram.token, *ids),
            env=environment(folder),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=2**24,
        )
        try:
            bench = _Bench(telegram, process, readers, slow)
            await bench.round()  # what is imported with the first message is imported
            rounds = [
                (await bench.round(), await bench.round(STREAMS + 1), await bench.round(STREAMS + 1, is_slow=True))
                for _ in range(ROUNDS)
            ]
        finally:
            process.stdin.close()  # type: ignore[union-attr]
            await process.wait()
        return _results(rounds)


_Round = tuple[list[float], list[float]]
"""Seconds from each commit to its reply at the door, and between the edits of each growing answer but the slow one."""


class _Bench:
    """Rounds, and what was seen of them."""

    def __init__(
        self, telegram: FakeTelegram, process: asyncio.subprocess.Process, readers: Sequence[User], slow: User
    ) -> None:
        self._telegram = telegram
        self._process = process
        self._readers = {str(user.id) for user in readers}
        self._slow = slow

    async def round(self, streams: int = 0, *, is_slow: bool = False) -> _Round:
        """While answers grow by edits in so many chats beside; the last of them is the slow one."""
        telegram, process = self._telegram, self._process
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("the bot's process has no pipes")
        fault = telegram.fail(
            faults.slow(SLOW_SECONDS), "editMessageText", in_=self._slow, times=None if is_slow else 0
        )
        seen = len(telegram.requests)
        process.stdin.write(f"{SECONDS} {streams}\n".encode())
        committed = json.loads(await process.stdout.readline())
        asked = {text: at for text, at in committed.items() if not text.startswith("ask")}
        await telegram.until(lambda: len(self._replies(seen)) >= len(asked), within=60)
        replies = self._replies(seen)
        # All answers have ended before the next round.
        await telegram.until(lambda: self._ended(seen) == streams, within=60)
        telegram.faults.remove(fault)
        if is_slow and not fault.hits:
            raise RuntimeError("the slow chat was not slow")
        edits: dict[str, list[float]] = defaultdict(list)
        for call in telegram.calls("editMessageText"):
            if call["chat_id"] in self._readers and call.at.timestamp() >= min(asked.values()):
                edits[call["chat_id"]].append(call.at.timestamp())
        pauses = [after - before for times in edits.values() for before, after in pairwise(times)]
        return [replies[text] - at for text, at in asked.items()], pauses

    def _replies(self, seen: int) -> dict[str, float]:
        calls = [call for call in self._telegram.requests[seen:] if call.method == "sendMessage"]
        return {call["text"]: call.at.timestamp() for call in calls if call["text"][0].isdigit()}

    def _ended(self, seen: int) -> int:
        """The whole answer has no sign that it grows."""
        calls = [call for call in self._telegram.requests[seen:] if call.method == "editMessageText" and call.is_over]
        return sum(not call["text"].endswith("…") for call in calls)


def _percentile(values: Sequence[float], percent: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def _results(rounds: Sequence[tuple[_Round, _Round, _Round]]) -> list[Result]:
    plain, pairs = [replies for (replies, _), _, _ in rounds], [(alone, beside) for _, alone, beside in rounds]
    slow = f"beside a chat whose edits take {SLOW_SECONDS:g} s, against without"
    return [
        Result("telegram stream", "commit to reply, p50", _median(plain, 50), "ms", note=WHAT),
        Result("telegram stream", "commit to reply, p99", _median(plain, 99), "ms"),
        _ratio(f"p99 of replies in other chats {slow}", [(alone[0], beside[0]) for alone, beside in pairs]),
        _ratio(f"p99 between edits in other chats {slow}", [(alone[1], beside[1]) for alone, beside in pairs]),
    ]


def _median(rounds: Sequence[Sequence[float]], percent: int) -> float:
    return statistics.median(_percentile(times, percent) for times in rounds) * 1000


def _ratio(figure: str, pairs: Sequence[tuple[list[float], list[float]]]) -> Result:
    told = [(_percentile(alone, 99), _percentile(beside, 99)) for alone, beside in pairs]
    note = f"{STREAMS + 1} answers grow; without and beside, round by round: " + ", ".join(
        f"{alone * 1000:.0f} and {beside * 1000:.0f} ms" for alone, beside in told
    )
    ratio = statistics.median(beside / alone for alone, beside in told)
    return Result("telegram stream", figure, ratio, "ratio", at_most=1.5, note=note)
