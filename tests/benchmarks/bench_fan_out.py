"""One event to a thousand sockets of one process, against the least that can be done in Python."""

import asyncio
import statistics
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

import uvloop

from tests.benchmarks.realtime.crowd import Crowd, opened, request
from tests.benchmarks.realtime.members import settle
from tests.benchmarks.realtime.processes import Server, product, yardstick
from tests.benchmarks.realtime.sockets import subscribed
from tests.benchmarks.result import Result
from tests.benchmarks.server import prepare

SOCKETS = 1_000
ROUNDS = 5
SINGLE_EVENTS = 30
BURST = 200
STEADY_EVENTS, STEADY_SECONDS = 100, 0.02
SETTLE_SECONDS = 3.0

PRODUCT, BROADCAST, PREBUILT = "guildhall", "websockets.broadcast", "a prebuilt frame per socket and event"
WHAT = (
    f"200 bytes to {SOCKETS:,} sockets; events announced on the bus in the server's process, as after a commit; "
    f"medians of {ROUNDS} rounds, by turns"
)


def run() -> list[Result]:
    """The server and its yardsticks side by side, each with its sockets."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as running:
        folder = Path(name)
        prepare(folder)
        tokens = settle(folder, SOCKETS)
        servers = {
            PREBUILT: running.enter_context(yardstick("prebuilt")),
            BROADCAST: running.enter_context(yardstick("broadcast")),
            PRODUCT: running.enter_context(product(folder)),
        }
        return uvloop.run(_measure(servers, tokens))


async def _measure(servers: Mapping[str, Server], tokens: list[str]) -> list[Result]:
    crowds = {name: Crowd() for name in servers}
    for name, server in servers.items():
        await server.control.open()
        if name != PRODUCT:
            heads = [request("/", server.port)] * SOCKETS
            crowds[name].sockets = await opened(server.port, heads, crowds[name].on_text, at_once=50)
    server = servers[PRODUCT]
    await asyncio.sleep(SETTLE_SECONDS)
    alone = server.resident
    crowds[PRODUCT].sockets = await subscribed(server.port, tokens, "system", crowds[PRODUCT].on_text)
    await asyncio.sleep(SETTLE_SECONDS)
    each = (server.resident - alone) / SOCKETS / 1000
    figures = _Figures()
    for _ in range(ROUNDS):
        for name, server in servers.items():
            figures.add(name, "single", await _single(server, crowds[name]))
            figures.add(name, "burst", await _burst(server, crowds[name]))
    for _ in range(ROUNDS):
        for name, server in servers.items():
            figures.add(name, "steady", await _steady(server, crowds[name]))
    for name, server in servers.items():
        crowds[name].close()
        server.control.close()
    return [*figures.results(), Result("fan out", "resident memory of an idle socket", each, "kB", at_most=30.0)]


class _Figures:
    """What each server did in each round."""

    def __init__(self) -> None:
        self._rounds: dict[tuple[str, str], list[float]] = {}

    def add(self, server: str, what: str, value: float) -> None:
        """One more round."""
        self._rounds.setdefault((server, what), []).append(value)

    def results(self) -> list[Result]:
        """The ratios."""
        return [
            self._rate("single", "events one after another", BROADCAST, 0.9),
            self._rate("burst", f"a burst of {BURST} events", PREBUILT, 1.5),
            Result(
                "fan out",
                f"p99 latency at {1 / STEADY_SECONDS:.0f} events/s against {PREBUILT}",
                self._ratio("steady", PREBUILT),
                "ratio",
                at_most=1.5,
                note=self._told("steady", "{:.1f} ms", 1000),
            ),
        ]

    def _rate(self, what: str, told: str, other: str, least: float) -> Result:
        note = f"{WHAT}; {self._told(what, '{:,.0f}/s', 1)}"
        return Result(
            "fan out", f"{told} against {other}", self._ratio(what, other), "ratio", at_least=least, note=note
        )

    def _ratio(self, what: str, other: str) -> float:
        """The median of the ratios of each round's two, taken right after one another."""
        pairs = zip(self._rounds[PRODUCT, what], self._rounds[other, what], strict=True)
        return statistics.median(ours / theirs for ours, theirs in pairs)

    def _told(self, what: str, form: str, factor: float) -> str:
        return ", ".join(
            f"{name} {form.format(statistics.median(values) * factor)}"
            for (name, each), values in self._rounds.items()
            if each == what
        )


async def _single(server: Server, crowd: Crowd) -> float:
    """Delivered events a second, the next event asked for when everybody has the last."""
    seconds = 0.0
    for _ in range(SINGLE_EVENTS):
        crowd.expect(1)
        crowd.sent()
        server.control.say("tell")
        seconds += max(await crowd.all_heard())
    return SINGLE_EVENTS * len(crowd.sockets) / seconds


async def _burst(server: Server, crowd: Crowd) -> float:
    """Delivered events a second, all events asked for at once."""
    crowd.expect(BURST)
    crowd.sent(BURST)
    server.control.say("tell", BURST)
    return BURST * len(crowd.sockets) / max(await crowd.all_heard())


async def _steady(server: Server, crowd: Crowd) -> float:
    """The 99th percentile of the seconds from asking for an event to a socket's hearing it, at a steady rate."""
    loop = asyncio.get_running_loop()
    crowd.expect(STEADY_EVENTS)
    begun = loop.time()
    for number in range(STEADY_EVENTS):
        await asyncio.sleep(max(0.0, begun + number * STEADY_SECONDS - loop.time()))
        crowd.sent()
        server.control.say("tell")
    return statistics.quantiles(await crowd.all_heard(), n=100, method="inclusive")[98]
