"""Cold start to the first 200, and resident memory when idle."""

import statistics
import tempfile
import time
from pathlib import Path

import httpx
import psutil

from tests.benchmarks.result import Result
from tests.benchmarks.server import free_port, prepare, signed_in, started

ROUNDS = 5
SETTLE_SECONDS = 3


def run() -> list[Result]:
    """Five starts on a library with the sample guides; medians."""
    seconds, idle, used = [], [], []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        token, headers = prepare(folder), {}
        for _ in range(ROUNDS):
            port = free_port()
            with started(folder, port) as (process, took):
                seconds.append(took)
                time.sleep(SETTLE_SECONDS)
                memory = psutil.Process(process.pid)
                idle.append(memory.memory_info().rss / 1e6)
                headers = headers or signed_in(port, token)
                for _ in range(50):
                    httpx.get(f"http://127.0.0.1:{port}/api/v1/guides", headers=headers).raise_for_status()
                used.append(memory.memory_info().rss / 1e6)
    note = f"{ROUNDS} starts, medians; Chainlit 1.6 s and 136 MB, Open WebUI 10 s and 824 MB"
    return [
        Result("startup", "cold start to the first 200", statistics.median(seconds), "s", at_most=2.0, note=note),
        Result("startup", "idle resident memory", statistics.median(idle), "MB", at_most=120.0),
        Result("startup", "resident memory after 50 lists of guides", statistics.median(used), "MB"),
    ]
