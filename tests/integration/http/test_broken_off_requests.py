"""Requests that turn out to be none on a real connection: one answer to each, in their order, and no error of ours."""

import asyncio
import json
import logging
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from entrypoints.container import memory_container
from entrypoints.http.patience import PatientProtocol
from tests.integration.http.house import settings
from tests.integration.http.served import Served, served

HEALTH = b"GET /api/v1/health HTTP/1.1\r\nhost: x\r\n\r\n"
CHUNKED = b"host: x\r\ntransfer-encoding: chunked\r\n"
LOGIN = b"POST /api/v1/auth/login HTTP/1.1\r\ncontent-type: application/json\r\n" + CHUNKED
BAD_CHUNK = b"ZZ\r\n"


class Hasty(PatientProtocol):
    """Waits no longer than a test does."""

    lingering_seconds = 0.3


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Served]:
    async with served(memory_container(settings(tmp_path)), Hasty) as running:
        yield running


def statuses(answer: bytes) -> list[int]:
    """Of all answers, in their order; the last one ends where the bytes do."""
    found = []
    while answer:
        head, _, rest = answer.partition(b"\r\n\r\n")
        headers = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
        length = int(headers[b"content-length"])
        assert len(rest) >= length, answer
        found.append(int(head.split()[1]))
        json.loads(rest[:length])
        answer = rest[length:]
    return found


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]


@pytest.mark.parametrize("pause", [0.0, 0.05], ids=["at once", "in pieces"])
@pytest.mark.parametrize("more", [b"", b"expect: 100-continue\r\n"], ids=["body", "body it was asked for"])
async def test_body_that_breaks_off_is_malformed_once_and_no_error(
    running: Served, caplog: pytest.LogCaptureFixture, more: bytes, pause: float
) -> None:
    answer = await running.raw(LOGIN + more + b"\r\n", b"1\r\n{\r\n", BAD_CHUNK, pause=pause)
    assert statuses(answer.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n")) == [400]
    assert errors(caplog) == []


async def test_body_that_breaks_off_where_none_is_read_is_malformed_once_and_no_error(
    running: Served, caplog: pytest.LogCaptureFixture
) -> None:
    head = b"GET /api/v1/health HTTP/1.1\r\n" + CHUNKED + b"\r\n"
    assert statuses(await running.raw(head + BAD_CHUNK)) == [400]
    assert errors(caplog) == []


async def test_body_that_breaks_off_after_its_answer_gets_no_second_one(
    running: Served, caplog: pytest.LogCaptureFixture
) -> None:
    head = b"GET /api/v1/health HTTP/1.1\r\n" + CHUNKED + b"\r\n"
    assert statuses(await running.raw(head, BAD_CHUNK, pause=0.1)) == [200]
    assert errors(caplog) == []


@pytest.mark.parametrize("count", [1, 2, 5])
@pytest.mark.parametrize(
    "broken",
    [b"garbage\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", LOGIN + b"\r\n" + BAD_CHUNK],
    ids=["garbage", "no host", "body"],
)
async def test_requests_before_one_that_breaks_off_keep_their_answers(
    running: Served, caplog: pytest.LogCaptureFixture, count: int, broken: bytes
) -> None:
    assert statuses(await running.raw(HEALTH * count + broken)) == [*[200] * count, 400]
    assert errors(caplog) == []


async def test_answer_under_way_is_finished_when_its_request_breaks_off(caplog: pytest.LogCaptureFixture) -> None:
    begun, broken = asyncio.Event(), asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]})
        await send({"type": "http.response.body", "body": b"12", "more_body": True})
        begun.set()
        await broken.wait()
        await send({"type": "http.response.body", "body": b"34", "more_body": False})

    class Told(PatientProtocol):
        def send_400_response(self, msg: str) -> None:
            super().send_400_response(msg)
            broken.set()

    server = uvicorn.Server(uvicorn.Config(app, http=Told, lifespan="off", log_config=None))
    listener = socket.create_server(("127.0.0.1", 0))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        reader, writer = await asyncio.open_connection(*listener.getsockname())
        writer.write(b"GET / HTTP/1.1\r\n" + CHUNKED + b"\r\n")
        async with asyncio.timeout(5):
            await begun.wait()
            writer.write(BAD_CHUNK)
            assert statuses(await reader.read()) == [200]
        writer.close()
    finally:
        server.should_exit = True
        await serving
    assert errors(caplog) == []


@pytest.mark.parametrize("body", [b"content-length: 50\r\n", b"transfer-encoding: chunked\r\n"])
async def test_handshake_with_a_body_is_malformed_and_not_held_open(
    running: Served, caplog: pytest.LogCaptureFixture, body: bytes
) -> None:
    upgrade = (
        b"GET /api/v1/ws HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: websocket\r\n"
        b"sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    )
    assert statuses(await running.raw(upgrade + body + b"\r\n")) == [400]
    assert errors(caplog) == []
