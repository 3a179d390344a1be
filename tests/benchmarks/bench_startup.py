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
    seconds, idle, used, asked = [], [], [], []
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
                _answered(port, headers)
                asked.append(memory.memory_info().rss / 1e6)
    note = f"{ROUNDS} starts, medians; Chainlit 1.6 s and 136 MB, Open WebUI 10 s and 824 MB"
    return [
        Result("startup", "cold start to the first 200", statistics.median(seconds), "s", at_most=2.0, note=note),
        Result("startup", "idle resident memory", statistics.median(idle), "MB", at_most=120.0),
        Result("startup", "resident memory after 50 lists of guides", statistics.median(used), "MB"),
        Result("startup", "resident memory after the first answer", statistics.median(asked), "MB"),
    ]


def _answered(port: int, headers: dict[str, str]) -> None:
    """Ask one question and wait for the end of its reply."""
    with httpx.Client(base_url=f"http://127.0.0.1:{port}/api/v1", headers=headers, timeout=30) as client:
        session = client.post("/chat/sessions", json={}).raise_for_status().json()["id"]
        question = {"content": "How much should I risk on one trade?"}
        client.post(f"/chat/sessions/{session}/messages", json=question).raise_for_status()
        for _ in range(300):
            messages = client.get(f"/chat/sessions/{session}/messages").raise_for_status().json()["messages"]
            if messages and messages[-1]["role"] == "assistant" and messages[-1]["status"] == "complete":
                return
            time.sleep(0.1)
    raise RuntimeError("the reply did not end within half a minute")
