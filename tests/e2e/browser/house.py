"""Guildhall as a process of its own, for a browser to visit."""

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

ROOT = Path(__file__).resolve().parents[3]
SECONDS_TO_START = 30


@dataclass(frozen=True)
class House:
    """A running server, the folder of its data, and the link that `init` printed."""

    url: str
    data_dir: Path
    link_token: str


@contextmanager
def running(data_dir: Path, serving: Sequence[str], port: int | None = None, **settings: str) -> Iterator[House]:
    """Prepare an instance with the sample guides, serve it with this command and `--port`, and stop it at the end.

    `settings` are its environment's, beside ours.
    """
    said = subprocess.run(
        [sys.executable, "-m", "entrypoints.cli.main", "--data-dir", str(data_dir), "init"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    found = re.search(r"#token=(\S+)", said)
    assert found, said
    port = port or free_port()
    url = f"http://127.0.0.1:{port}"
    with (data_dir / "server.log").open("w") as log:
        command = [sys.executable, *serving, "--port", str(port)]
        server = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **settings}, stdout=log, stderr=log)
        try:
            _wait_for(f"{url}/api/v1/health", server, data_dir / "server.log")
            yield House(url, data_dir, found[1])
        finally:
            server.terminate()
            try:
                server.wait(timeout=15)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for(url: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urlopen(url, timeout=2):
                return
        except (URLError, OSError):
            time.sleep(0.1)
    raise AssertionError(f"The server did not answer:\n{log.read_text()}")
