"""A thousand sockets come back at once after a restart, and none has missed anything."""

import asyncio
import re
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import msgspec
import uvloop

from application.guides.library import GuideDraft
from domain.identity import Actor, MemberId, Role
from entrypoints.container import sql_container
from entrypoints.settings import Settings
from tests.benchmarks.realtime.crowd import Listener, opened, request
from tests.benchmarks.realtime.members import settle
from tests.benchmarks.realtime.processes import Server, product, yardstick
from tests.benchmarks.realtime.sockets import subscribed
from tests.benchmarks.result import Result
from tests.benchmarks.server import prepare

SOCKETS, EVENTS, ROUNDS = 1_000, 10, 3
HANDSHAKES = ("broadcast", "prebuilt")
OFFSET = re.compile(rb'"type":"guide_updated","channel":"guides","epoch":"[^"]*","offset":(\d+)')


def run() -> list[Result]:
    """Each round: everybody hears `guides`, the server stops, guides are written, it starts, and everybody returns."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as running:
        folder = Path(name)
        prepare(folder)
        tokens = settle(folder, SOCKETS)
        bare = {kind: running.enter_context(yardstick(kind)) for kind in HANDSHAKES}
        seconds: dict[str, list[float]] = {}
        for number in range(ROUNDS):
            with product(folder) as server:
                epoch, offset = uvloop.run(_position(server, tokens))
            asyncio.run(_write(folder, number))
            with product(folder) as server:
                back = uvloop.run(_come_back(server, tokens, epoch, offset))
            seconds.setdefault("recovered", []).append(back)
            for kind, each in bare.items():
                seconds.setdefault(kind, []).append(uvloop.run(_shake_hands(each)))
    told = ", ".join(f"{kind} {statistics.median(each):.2f} s" for kind, each in seconds.items())
    note = (
        f"{SOCKETS:,} sockets at once, each asking from its epoch and offset; {EVENTS} events written meanwhile, every "
        f"socket heard each of them once and in order; {ROUNDS} rounds, by turns; {told}"
    )
    return [
        Result(
            "reconnect", f"all recovered against bare handshakes ({kind})", _ratio(seconds, kind), "ratio", note=note
        )
        for kind in HANDSHAKES
    ] + [Result("reconnect", "all recovered", statistics.median(seconds["recovered"]), "s")]


def _ratio(seconds: dict[str, list[float]], kind: str) -> float:
    return statistics.median(ours / bare for ours, bare in zip(seconds["recovered"], seconds[kind], strict=True))


async def _position(server: Server, tokens: list[str]) -> tuple[str, int]:
    """Everybody subscribes; where the channel stands."""
    await server.control.open()
    places: list[bytes] = []
    sockets = await subscribed(server.port, tokens, "guides", lambda _, text: places.append(text))
    place = msgspec.json.decode(next(text for text in places if b'"type":"subscribed"' in text))
    for socket in sockets:
        socket.transport.abort()
    server.control.close()
    return place["epoch"], place["offset"]


async def _write(folder: Path, number: int) -> None:
    container = sql_container(Settings(data_dir=folder))
    author = Actor(MemberId(container.ids().new()), Role.OWNER)
    library = container.guide_library()
    try:
        for each in range(EVENTS):
            draft = GuideDraft(
                title=f"While they were away {number}.{each}", category=library.categories[0], body="A line."
            )
            await library.create(author, draft)
    finally:
        await container.database().dispose()


async def _come_back(server: Server, tokens: list[str], epoch: str, offset: int) -> float:
    """Seconds until everybody has heard all they missed; raises where somebody did not, or not in order."""
    await server.control.open()
    heard: dict[int, list[int]] = {}
    resyncs: list[bytes] = []
    all_heard = asyncio.Event()
    left = SOCKETS

    def on_text(listener: Listener, text: bytes) -> None:
        nonlocal left
        if b'"recovered":false' in text or b"resync_required" in text:
            resyncs.append(text)
        found = heard.setdefault(listener.number, [])
        before = len(found)
        found += map(int, OFFSET.findall(text))
        if before < EVENTS <= len(found):
            left -= 1
            if not left:
                all_heard.set()

    begun = time.perf_counter()
    sockets = await subscribed(server.port, tokens, "guides", on_text, SOCKETS, epoch=epoch, offset=offset)
    async with asyncio.timeout(60):
        await all_heard.wait()
    took = time.perf_counter() - begun
    expected = list(range(offset + 1, offset + EVENTS + 1))
    if resyncs or any(offsets != expected for offsets in heard.values()):
        raise RuntimeError(f"somebody lost events: {resyncs[:1]}, {next(iter(heard.values()), None)}")
    for socket in sockets:
        socket.transport.abort()
    server.control.close()
    return took


async def _shake_hands(server: Server) -> float:
    """Seconds for as many handshakes at once."""
    await server.control.open()
    server.control.close()
    ignore: Callable[[Listener, bytes], None] = lambda _listener, _text: None  # noqa: E731
    begun = time.perf_counter()
    sockets = await opened(server.port, [request("/", server.port)] * SOCKETS, ignore, at_once=SOCKETS)
    took = time.perf_counter() - begun
    for socket in sockets:
        socket.transport.abort()
    return took
