"""Updates taken in by the webhook, against python-telegram-bot's own webhook server and aiogram's on aiohttp."""

import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.benchmarks.result import Result
from tests.benchmarks.server import environment, free_port, prepare, started
from tests.benchmarks.webhook.load import SIZE

ROUNDS = 7
UPDATES, CONNECTIONS = 4_000, 64
SECRET = "a-secret-of-ours"
QUIET_SHARE, QUIET_SECONDS = 0.05, 0.5

PRODUCT, PTB, AIOGRAM, BARE = "guildhall", "python-telegram-bot", "aiogram", "a bare 200"
BOUNDS = {PTB: 3.0, AIOGRAM: 1.5}
WHAT = (
    f"updates of {SIZE} bytes over {CONNECTIONS} connections, {UPDATES:,} a round, one process each on uvloop; "
    "ours answered after the commit, fdatasync included; theirs keep nothing, and their handler does nothing"
)


def run() -> list[Result]:
    """The servers side by side; each round loads one after the other, and medians of the rounds' ratios count.

    What the first round brings is not counted: it warms up.
    """
    with tempfile.TemporaryDirectory() as name, ExitStack() as running:
        folder = Path(name)
        prepare(folder)
        servers = {
            BARE: running.enter_context(_yardstick("bare")),
            PTB: running.enter_context(_yardstick("ptb")),
            AIOGRAM: running.enter_context(_yardstick("aiogram")),
            PRODUCT: running.enter_context(_product(folder)),
        }
        rounds: dict[str, list[_Round]] = {each: [] for each in servers}
        for number in range(1 + ROUNDS):
            for each, (port, process) in servers.items():
                loaded = _loaded(port, psutil.Process(process), number)
                if number:
                    rounds[each].append(loaded)
    told = ", ".join(f"{each} {_Round.told(taken)}" for each, taken in rounds.items())
    return [_result(rounds, other, least, f"{WHAT}; {told}") for other, least in BOUNDS.items()]


@dataclass(frozen=True, slots=True)
class _Round:
    """Updates answered in a second, and the processor time of one, all threads of the server together."""

    rate: float
    cpu_ms: float

    @staticmethod
    def told(rounds: "Sequence[_Round]") -> str:
        rate, cpu_ms = statistics.median(r.rate for r in rounds), statistics.median(r.cpu_ms for r in rounds)
        return f"{rate:,.0f}/s with {cpu_ms:.3f} ms of processor time each"


def _result(rounds: Mapping[str, Sequence[_Round]], other: str, least: float, note: str) -> Result:
    pairs = zip(rounds[PRODUCT], rounds[other], strict=True)
    ratio = statistics.median(ours.rate / theirs.rate for ours, theirs in pairs)
    return Result("webhook", f"updates taken in against {other}", ratio, "ratio", at_least=least, note=note)


def _loaded(port: int, server: psutil.Process, number: int) -> _Round:
    """One round; the server has nothing left to do when the next one begins."""
    before = _cpu_seconds(server)
    first = 100_000_000 + number * UPDATES
    load = [sys.executable, "-m", "tests.benchmarks.webhook.load", port, SECRET, CONNECTIONS, first, UPDATES]
    done = subprocess.run([str(each) for each in load], capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        raise RuntimeError(f"the load ended with code {done.returncode}: {done.stderr}")
    _wait_until_idle(server)
    return _Round(UPDATES / float(done.stdout), (_cpu_seconds(server) - before) / UPDATES * 1000)


def _cpu_seconds(process: psutil.Process) -> float:
    return float(sum(process.cpu_times()[:2]))


def _wait_until_idle(process: psutil.Process) -> None:
    share = 1.0
    while share > QUIET_SHARE:
        before = _cpu_seconds(process)
        time.sleep(QUIET_SECONDS)
        share = (_cpu_seconds(process) - before) / QUIET_SECONDS


@contextmanager
def _product(folder: Path) -> Iterator[tuple[int, int]]:
    """`guildhall serve` with a bot whose Telegram is away: updates come in, and nobody handles them yet."""
    port = free_port()
    settings = {
        "GUILDHALL_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "GUILDHALL_TELEGRAM_UPDATES": "webhook",
        "GUILDHALL_TELEGRAM_BOT_TOKEN": "99:made-up",
        "GUILDHALL_TELEGRAM_API_BASE_URL": f"http://127.0.0.1:{free_port()}",
        "GUILDHALL_TELEGRAM_WEBHOOK_SECRET": SECRET,
        "GUILDHALL_LOG_LEVEL": "error",
    }
    with started(folder, port, **settings) as (process, _):
        yield port, process.pid


@contextmanager
def _yardstick(kind: str) -> Iterator[tuple[int, int]]:
    port = free_port()
    command = [sys.executable, "-m", "tests.benchmarks.webhook.yardsticks", str(port), SECRET, kind]
    process = subprocess.Popen(command, env=environment(Path()))
    try:
        _wait_until_it_listens(process, port)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait_until_it_listens(process: "subprocess.Popen[bytes]", port: int) -> None:
    ends = time.monotonic() + 60
    while time.monotonic() < ends:
        if process.poll() is not None:
            raise RuntimeError("The yardstick ended; what it printed says why.")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError("The yardstick did not listen within a minute.")
