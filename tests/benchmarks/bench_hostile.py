"""What well-behaved sockets notice of clients that mean no good: the p99 of their latency beside that without any."""

import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import uvloop

from domain.events import GUIDES
from domain.guides import Guide, GuideContent, GuideId
from entrypoints.container import sql_container
from entrypoints.settings import Settings
from tests.benchmarks.realtime.control import Control
from tests.benchmarks.realtime.crowd import Crowd
from tests.benchmarks.realtime.members import settle
from tests.benchmarks.realtime.processes import Server, product
from tests.benchmarks.realtime.sockets import subscribed
from tests.benchmarks.result import Result
from tests.benchmarks.server import free_port, prepare

SOCKETS, HOSTILE, MISSED = 200, 20, 50
ROUNDS = 5
EVENTS, EVERY_SECONDS = 240, 0.023
"""Not a part of the 100 ms in which some come back."""
SETTLE_SECONDS = 1.0

KINDS = {
    "junk": "clients that send junk of every kind without an end, hung up on and back after 100 ms",
    "deaf": "clients that ask for what they missed and never read",
    "return 1": "a client that reconnects and resumes every 100 ms",
    "return 10": "ten clients that reconnect and resume every 100 ms",
}


def run() -> list[Result]:
    """The server, the well-behaved sockets here, and the others in a process of their own."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder)
        tokens = settle(folder, SOCKETS + HOSTILE)
        place = asyncio.run(_write(folder))
        with product(folder) as server, _hostile(server, tokens[SOCKETS:], place) as hostile:
            rounds = uvloop.run(_measure(server, hostile, tokens[:SOCKETS]))
    return [_result(kind, rounds) for kind in KINDS]


async def _write(folder: Path) -> Mapping[str, object]:
    """Events that can be missed; the place before them."""
    container = sql_container(Settings(data_dir=folder))
    now, log = container.clock().now(), container.event_log()
    guide = Guide.create(GuideId(container.ids().new()), GuideContent.checked(title="Sizing", category="risk"), now)
    try:
        place = {"epoch": await log.epoch(), "offset": (await log.positions([GUIDES]))[GUIDES]}
        async with container.unit_of_work() as work:
            await work.guides.add(guide)
            for _ in range(MISSED // 2):
                guide.retire(now)
                guide.restore(now)
            await work.guides.save(guide)
            await work.commit()
    finally:
        await container.database().dispose()
    return place


@contextmanager
def _hostile(server: Server, tokens: Sequence[str], place: Mapping[str, object]) -> Iterator[Control]:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.realtime.hostile", str(server.port), str(port)], stdin=subprocess.PIPE
    )
    assert process.stdin is not None
    process.stdin.write(json.dumps({"tokens": list(tokens), "place": place}).encode())
    process.stdin.close()
    try:
        yield Control(port, lambda: process.poll() is None)
    finally:
        process.terminate()
        process.wait(timeout=30)


class _Rounds:
    """The p99 of each round, in seconds, and what was done meanwhile."""

    def __init__(self) -> None:
        self.p99: dict[str, list[float]] = {"alone": [], **{kind: [] for kind in KINDS}}
        self.done: dict[str, list[str]] = {kind: [] for kind in KINDS}


async def _measure(server: Server, hostile: Control, tokens: Sequence[str]) -> _Rounds:
    rounds, crowd = _Rounds(), Crowd()
    await server.control.open()
    await hostile.open()
    crowd.sockets = await subscribed(server.port, tokens, "system", crowd.on_text)
    for _ in range(ROUNDS):
        await asyncio.sleep(SETTLE_SECONDS)
        rounds.p99["alone"].append(await _steady(server, crowd))
        for kind in KINDS:
            hostile.say(kind)
            await asyncio.sleep(SETTLE_SECONDS)
            rounds.p99[kind].append(await _steady(server, crowd))
            rounds.done[kind].append(await hostile.ask("done"))
            hostile.say("calm")
            await asyncio.sleep(SETTLE_SECONDS)
    crowd.close()
    hostile.close()
    server.control.close()
    return rounds


async def _steady(server: Server, crowd: Crowd) -> float:
    """The 99th percentile of the seconds from asking for an event to a socket's hearing it, at a steady rate.

    Raises where a socket missed one.
    """
    loop = asyncio.get_running_loop()
    crowd.expect(EVENTS)
    begun = loop.time()
    for number in range(EVENTS):
        await asyncio.sleep(max(0.0, begun + number * EVERY_SECONDS - loop.time()))
        crowd.sent()
        server.control.say("tell")
    return statistics.quantiles(await crowd.all_heard(), n=100, method="inclusive")[98]


def _result(kind: str, rounds: _Rounds) -> Result:
    pairs = list(zip(rounds.p99[kind], rounds.p99["alone"], strict=True))
    told = ", ".join(f"{with_them * 1000:.1f}/{alone * 1000:.1f}" for with_them, alone in pairs)
    return Result(
        "hostile",
        f"p99 latency of {SOCKETS} sockets beside {KINDS[kind]}, against without",
        statistics.median(with_them / alone for with_them, alone in pairs),
        "ratio",
        at_most=1.5,
        note=(
            f"{1 / EVERY_SECONDS:.0f} events/s, each heard once by each; ms in each of {ROUNDS} rounds: {told}; "
            f"done in the last: {rounds.done[kind][-1]}"
        ),
    )
