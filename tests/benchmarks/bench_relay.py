"""A hundred replies at once, relayed from the model to their sockets, against the model's stream read directly."""

import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import msgspec
import uvloop

from tests.benchmarks.realtime.crowd import Listener, opened, request
from tests.benchmarks.realtime.members import settle_with_sessions
from tests.benchmarks.realtime.processes import Server, product, yardstick
from tests.benchmarks.realtime.replies import BYTES, END, PAUSE_SECONDS, PIECES
from tests.benchmarks.realtime.sockets import subscribed
from tests.benchmarks.result import Result
from tests.benchmarks.server import prepare

REPLIES = 100
ROUNDS = 3


def run() -> list[Result]:
    """The same model in both servers; each answer goes to a socket of its own."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as running:
        folder = Path(name)
        prepare(folder)
        settled = settle_with_sessions(folder, REPLIES)
        direct = running.enter_context(yardstick("model"))
        relay = running.enter_context(product(folder, "model"))
        return uvloop.run(_measure(direct, relay, settled))


async def _measure(direct: Server, relay: Server, settled: Sequence[tuple[str, str]]) -> list[Result]:
    await direct.control.open()
    await relay.control.open()
    read, relayed = _Readers(direct), _Readers(relay)
    paths = [request(f"/{number}", direct.port) for number in range(REPLIES)]
    read.sockets = await opened(direct.port, paths, read.on_text, at_once=50)
    channels = [f"session:{session}" for _, session in settled]
    relayed.sockets = await subscribed(relay.port, [token for token, _ in settled], channels, relayed.on_text)
    rates: dict[str, list[float]] = {"direct": [], "relay": []}
    lags: dict[str, list[float]] = {"direct": [], "relay": []}
    for _ in range(ROUNDS):
        read.expect()
        direct.control.say("hold")
        direct.control.say("ask")
        await read.take("direct", rates, lags)
        relayed.expect()
        relay.control.say("hold")
        for (_, session), socket in zip(settled, relayed.sockets, strict=True):
            ask = {"type": "send_message", "session_id": session, "content": str(socket.number)}
            socket.send(msgspec.json.encode({**ask, "request_id": f"{time.perf_counter_ns()}"}))
        await relayed.take("relay", rates, lags)
        await relayed.are_stored()
    for server in (direct, relay):
        server.control.close()
    ratio = statistics.median(ours / theirs for ours, theirs in zip(rates["relay"], rates["direct"], strict=True))
    late = {name: statistics.quantiles(times, n=100, method="inclusive")[98] * 1000 for name, times in lags.items()}
    what = (
        f"{REPLIES} replies at once, {PIECES} pieces each, one every {PAUSE_SECONDS * 1000:.0f} ms; "
        f"{ROUNDS} rounds, by turns; directly: a bare socket that gets every piece as the same model gives it; "
    )
    told = ", ".join(f"{name} {statistics.median(each) / 1000:,.0f} kB" for name, each in rates.items())
    return [
        Result(
            "relay",
            "text delivered per second of processor time against reading the model directly",
            ratio,
            "ratio",
            at_least=0.5,
            note=f"{what}{told} a second of the server's processor time",
        ),
        Result(
            "relay",
            "the last piece behind the model, p99",
            late["relay"],
            "ms",
            at_most=100.0,
            note=f"directly {late['direct']:.1f} ms",
        ),
    ]


class _Readers:
    """The sockets of one server, each with an answer to come."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.sockets: list[Listener] = []
        self.expect()

    def expect(self) -> None:
        """The next answers."""
        self._came: dict[int, float] = {}
        self._stored: set[int] = set()
        self._all_came, self._all_stored = asyncio.Event(), asyncio.Event()

    def on_text(self, listener: Listener, text: bytes) -> None:
        """Note when the end of an answer came, and when the server said that it is stored."""
        if END.encode() in text and listener.number not in self._came:
            self._came[listener.number] = time.perf_counter()
            if len(self._came) == REPLIES:
                self._all_came.set()
        if b'"type":"message_completed"' in text:
            self._stored.add(listener.number)
            if len(self._stored) == REPLIES:
                self._all_stored.set()

    async def take(self, name: str, rates: dict[str, list[float]], lags: dict[str, list[float]]) -> None:
        """Let the answers go once all of them wait, and measure them to their ends."""
        control = self._server.control
        async with asyncio.timeout(40):
            while int(await control.ask("running")) < REPLIES:  # noqa: ASYNC110 - another process knows
                await asyncio.sleep(0.1)
            begun = await self._server.cpu_seconds()
            control.say("go")
            await self._all_came.wait()
        used = await self._server.cpu_seconds() - begun
        ended = json.loads(await control.ask("ended"))
        rates.setdefault(name, []).append(REPLIES * BYTES / used)
        lags.setdefault(name, []).extend(came - ended[str(number)] for number, came in self._came.items())

    async def are_stored(self) -> None:
        """Wait until every answer is complete in its session."""
        async with asyncio.timeout(40):
            await self._all_stored.wait()
