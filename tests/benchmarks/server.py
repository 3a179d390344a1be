"""A real server process for benchmarks: prepared once, started and stopped by name of its folder."""

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

COMMAND = (sys.executable, "-m", "entrypoints.cli.main")


def environment(folder: Path, **settings: str) -> dict[str, str]:
    """The environment of a server whose data is in `folder`: ours, with these settings and nobody else's."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GUILDHALL_")}
    # One address stands for everybody here.
    many = {"GUILDHALL_HTTP_CONNECTIONS": "1000000", "GUILDHALL_HTTP_CONNECTIONS_PER_ADDRESS": "1000000"}
    return {**clean, **many, "GUILDHALL_DATA_DIR": str(folder), "GUILDHALL_LOG_LEVEL": "warning", **settings}


def prepare(folder: Path) -> str:
    """Run `guildhall init`; the token of the owner's sign-in link."""
    done = subprocess.run(
        [*COMMAND, "init"], env=environment(folder), capture_output=True, text=True, check=True, timeout=120
    )
    found = re.search(r"#token=(\S+)", done.stdout)
    if found is None:
        raise RuntimeError(f"init printed no sign-in link: {done.stdout}")
    return found[1]


def signed_in(port: int, token: str) -> dict[str, str]:
    """The headers of the owner, signed in once with the link's token."""
    answer = httpx.post(f"http://127.0.0.1:{port}/api/v1/auth/login-link", json={"token": token}, timeout=60)
    answer.raise_for_status()
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


def free_port() -> int:
    """A port that nothing listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def started(folder: Path, port: int, **settings: str) -> Iterator[tuple[subprocess.Popen[bytes], float]]:
    """A serving process and the seconds from its start to the first 200; terminated at the end."""
    begun = time.perf_counter()
    process = subprocess.Popen([*COMMAND, "serve", "--port", str(port)], env=environment(folder, **settings))
    try:
        yield process, _first_answer(port, process, begun)
    finally:
        process.terminate()
        process.wait(timeout=30)


def _first_answer(port: int, process: subprocess.Popen[bytes], begun: float) -> float:
    url = f"http://127.0.0.1:{port}/api/v1/health"
    with httpx.Client() as client:
        while time.perf_counter() - begun < 60:
            if process.poll() is not None:
                raise RuntimeError(f"the server ended with code {process.returncode}")
            try:
                if client.get(url, timeout=1).status_code == 200:
                    return time.perf_counter() - begun
            except httpx.TransportError:
                time.sleep(0.005)
    raise RuntimeError("the server gave no 200 within a minute")
