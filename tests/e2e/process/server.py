"""Real `guildhall serve` processes that tests stop and kill."""

import asyncio
import json
import signal
import sqlite3
import subprocess
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect

from tests.e2e.conftest import COMMAND, Instance

PATIENCE = 30.0
SERVE = (*COMMAND, "serve", "--port", "0")
LEASE_SECONDS = 2
USERNAME, PASSWORD = "ada", "correct horse battery staple"
SETTINGS = {
    "GUILDHALL_CHAT_REPLY_LEASE_SECONDS": str(LEASE_SECONDS),
    "GUILDHALL_CHAT_CHECKPOINT_SECONDS": "0.05",
    "GUILDHALL_LOG_FORMAT": "json",
    # One member stands for many here.
    "GUILDHALL_LIMITS_MESSAGES_PER_MINUTE": "0",
    "GUILDHALL_LIMITS_SESSIONS_PER_HOUR": "0",
    "GUILDHALL_LIMITS_SOCKETS_PER_MEMBER": "0",
}


@dataclass
class RunningServer:
    """A process that serves an instance."""

    instance: Instance
    process: "subprocess.Popen[bytes]"
    url: str
    log: Path

    def kill(self) -> None:
        """As a power cut does: nothing is said to the process."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(timeout=PATIENCE)

    async def terminate(self) -> int:
        """Ask the process to end; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return await asyncio.to_thread(self.process.wait, PATIENCE)

    def logged(self, event: str) -> list[dict[str, Any]]:
        """The lines of the log about an event."""
        return [line for line in map(_decoded, self.log.read_text().splitlines()) if line.get("event") == event]


@asynccontextmanager
async def serving(
    instance: Instance, command: Sequence[str] = SERVE, patience: float = PATIENCE
) -> AsyncIterator[RunningServer]:
    """A server that listens on a free port, within so many seconds; killed at the end where it still runs."""
    server = _started(instance, command)
    try:
        async with asyncio.timeout(patience):
            while not server.logged("serving"):
                assert server.process.poll() is None, server.log.read_text()
                await asyncio.sleep(0.02)
        server.url = server.logged("serving")[0]["address"]
        yield server
    finally:
        if server.process.poll() is None:
            server.kill()


def _started(instance: Instance, command: Sequence[str]) -> RunningServer:
    beside = instance.folder.parent
    log = beside / f"server-{len(list(beside.glob('server-*')))}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            env=instance.environment,
            cwd=beside,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    return RunningServer(instance, process, "", log)


def _decoded(line: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except json.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


class Member:
    """A signed-in member's view of one server."""

    def __init__(self, url: str, client: httpx.AsyncClient) -> None:
        self._url = url
        self.token = ""
        self.client = client

    async def sign_in(self) -> None:
        """Sign in anew: another access token for what comes."""
        answer = await self.client.post("/auth/login", json={"username": USERNAME, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        self.token = answer.json()["access_token"]
        self.client.headers["Authorization"] = f"Bearer {self.token}"

    async def begin_session(self) -> str:
        """A new session's id."""
        answer = await self.client.post("/chat/sessions", json={})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def post(self, session_id: str, content: str, key: str | None = None) -> dict[str, Any]:
        """The acknowledged message and the id of its reply."""
        headers = {"Idempotency-Key": key} if key else {}
        answer = await self.client.post(
            f"/chat/sessions/{session_id}/messages", json={"content": content}, headers=headers
        )
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def messages(self, session_id: str) -> list[dict[str, Any]]:
        """The whole conversation."""
        answer = await self.client.get(f"/chat/sessions/{session_id}/messages", params={"limit": 200})
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["messages"]
        return found

    async def settled(self, session_id: str) -> list[dict[str, Any]]:
        """The conversation once no reply is to come any more."""
        async with asyncio.timeout(PATIENCE):
            while True:
                messages = await self.messages(session_id)
                if all(message["status"] != "streaming" for message in messages):
                    return messages
                await asyncio.sleep(0.1)

    @asynccontextmanager
    async def socket(self) -> AsyncIterator["Socket"]:
        """A connected socket."""
        address = f"{self._url.replace('http', 'ws', 1)}/api/v1/ws"
        headers = {"Authorization": f"Bearer {self.token}"}
        async with connect(address, additional_headers=headers, proxy=None) as connection:
            socket = Socket(connection)
            assert (await socket.next())["type"] == "welcome"
            yield socket


class Socket:
    """Frames one by one, whether they came alone or several at once."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self._frames: list[dict[str, Any]] = []

    async def subscribe(self, session_id: str, epoch: str | None = None, offset: int | None = None) -> dict[str, Any]:
        """Subscribe to a session, from a position where one is given; the answer."""
        request = {"type": "subscribe", "channel": f"session:{session_id}", "epoch": epoch, "offset": offset}
        await self.connection.send(json.dumps({name: value for name, value in request.items() if value is not None}))
        return await self.hear("subscribed")

    async def next(self) -> dict[str, Any]:
        """The next frame."""
        async with asyncio.timeout(PATIENCE):
            while not self._frames:
                decoded = json.loads(await self.connection.recv())
                self._frames += decoded if isinstance(decoded, list) else [decoded]
        return self._frames.pop(0)

    async def hear(self, kind: str) -> dict[str, Any]:
        """The next frame of this type; others are passed over."""
        while (frame := await self.next())["type"] != kind:
            assert frame["type"] != "error", frame
        return frame


@asynccontextmanager
async def member_of(server: RunningServer) -> AsyncIterator[Member]:
    """The member of these tests, signed in."""
    async with httpx.AsyncClient(base_url=f"{server.url}/api/v1", timeout=PATIENCE, trust_env=False) as client:
        member = Member(server.url, client)
        await member.sign_in()
        yield member


def stored_replies(instance: Instance) -> dict[str, tuple[str, str]]:
    """What the database file of a dead server holds of each reply: its status and content by id."""
    with closing(sqlite3.connect(instance.database)) as connection:
        rows = connection.execute("SELECT id, status, content FROM chat_messages").fetchall()
    return {_id(raw): (status, content) for raw, status, content in rows}


def _id(raw: bytes | str) -> str:
    text = raw.hex() if isinstance(raw, bytes) else raw.replace("-", "")
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
