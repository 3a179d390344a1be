"""Servers of a benchmark, each in a process of its own."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from tests.benchmarks.realtime.control import Control
from tests.benchmarks.server import environment, free_port


class Server:
    """A running server: where it listens, how to command it, and what it takes."""

    def __init__(self, port: int, control_port: int, process: "subprocess.Popen[bytes]") -> None:
        self.port = port
        self.control = Control(control_port, lambda: process.poll() is None)
        self._process = process

    @property
    def resident(self) -> int:
        """Bytes of memory."""
        return int(psutil.Process(self._process.pid).memory_info().rss)

    async def cpu_seconds(self) -> float:
        """Processor time used so far."""
        return float(await self.control.ask("cpu"))


@contextmanager
def yardstick(kind: str) -> Iterator[Server]:
    """One of the servers to compare with."""
    with _running("tests.benchmarks.realtime.yardsticks", kind) as server:
        yield server


@contextmanager
def product(folder: Path, *options: str, **settings: str) -> Iterator[Server]:
    """The real server on the data of a folder."""
    environ = environment(folder, **settings)
    with _running("tests.benchmarks.realtime.product", *options, environ=environ) as server:
        yield server


@contextmanager
def _running(module: str, *options: str, environ: dict[str, str] | None = None) -> Iterator[Server]:
    port, control_port = free_port(), free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", module, str(port), str(control_port), *options],
        env=environ,
    )
    try:
        yield Server(port, control_port, process)
    finally:
        process.terminate()
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
