"""Clients that are slow, endless or garbled on a real connection: each gets its answer, and nobody else waits."""

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter

import pytest
import uvloop
from websockets.asyncio.client import connect

from entrypoints.container import memory_container
from entrypoints.http.patience import PatientProtocol
from entrypoints.http.requests import ApiRequest
from tests.integration.http.house import settings
from tests.integration.http.served import Served, served

HEALTH = b"GET /api/v1/health HTTP/1.1\r\nhost: 127.0.0.1\r\n"
LOGIN = b"POST /api/v1/auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n"
LAST = b"connection: close\r\n\r\n"


class Hasty(PatientProtocol):
    """Waits no longer than a test does."""

    head_seconds = 0.3
    body_seconds = 0.3
    reading_seconds = 0.3


@pytest.fixture
async def hasty(tmp_path: Path) -> AsyncIterator[Served]:
    async with served(memory_container(settings(tmp_path)), Hasty) as running:
        yield running


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Served]:
    async with served(memory_container(settings(tmp_path))) as running:
        yield running


def problem(answer: bytes) -> tuple[int, str]:
    """Status and code of the refusal, checked for what every problem has."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"application/problem+json" in head, answer
    assert b"nosniff" in head
    assert b"no-store" in head
    document = json.loads(body)
    assert document["request_id"] in head.decode()
    assert document["title"]
    assert document["detail"]
    return int(head.split()[1]), document["code"]


@pytest.mark.parametrize(
    "parts",
    [(b"GET /",), (HEALTH,), (b"\r\n",), (HEALTH, b"x-a: ", b"1\r\n", b"x-b: ", b"2\r\n")],
    ids=["half a line", "no end", "an empty line", "a header at a time"],
)
async def test_slow_head_is_refused_with_408(hasty: Served, parts: tuple[bytes, ...]) -> None:
    began = perf_counter()
    assert problem(await hasty.raw(*parts, pause=0.02)) == (408, "request_timeout")
    assert perf_counter() - began < 2


async def test_connection_opened_ahead_and_never_used_is_closed_without_a_word(hasty: Served) -> None:
    began = perf_counter()
    assert await hasty.raw(b"") == b""
    assert perf_counter() - began < 2


def test_request_that_came_while_the_server_was_busy_is_answered(tmp_path: Path) -> None:
    """On the loop that serves: unlike asyncio's own it runs what is due before it reads what has arrived."""

    class Busy(asyncio.Protocol):
        def data_received(self, data: bytes) -> None:
            time.sleep(Hasty.head_seconds * 2)

    async def answer_after_a_busy_moment() -> bytes:
        async with served(memory_container(settings(tmp_path)), Hasty) as busy:
            with ThreadPoolExecutor(1) as elsewhere:
                client = socket.create_connection(("127.0.0.1", busy.port), timeout=5)
                near, far = socket.socketpair()
                await asyncio.get_running_loop().create_connection(Busy, sock=near)
                await asyncio.sleep(0.05)
                far.send(b"now")
                elsewhere.submit(lambda: (time.sleep(0.1), client.sendall(HEALTH + LAST)))
                await asyncio.sleep(0)
                far.close()
                answer = await asyncio.get_running_loop().run_in_executor(elsewhere, client.recv, 65_536)
                client.close()
                return answer

    with asyncio.Runner(loop_factory=uvloop.Loop) as runner:
        assert runner.run(answer_after_a_busy_moment()).startswith(b"HTTP/1.1 200")


async def test_slow_head_after_an_answer_is_refused_with_408(hasty: Served) -> None:
    answer = await hasty.raw(HEALTH + b"\r\n", HEALTH, pause=0.05)
    first, _, second = answer.partition(b'"status":"healthy"')
    assert first.startswith(b"HTTP/1.1 200")
    assert b"HTTP/1.1 408" in second


async def test_slow_body_ends_the_connection(hasty: Served) -> None:
    began = perf_counter()
    assert await hasty.raw(LOGIN + b"{", *(b" " for _ in range(100)), pause=0.02) == b""
    assert perf_counter() - began < 2


async def test_slow_body_of_a_refused_call_does_not_keep_the_connection(hasty: Served) -> None:
    refused = LOGIN.replace(b"/auth/login", b"/auth/logout")
    answer = await hasty.raw(refused, *(b" " for _ in range(40)), pause=0.02)
    assert answer.startswith(b"HTTP/1.1 401")


@pytest.mark.parametrize("framing", [b"content-length: 500", b"transfer-encoding: chunked"])
async def test_bodies_that_trickle_in_are_refused_with_408_and_nobody_waits(
    hasty: Served, monkeypatch: pytest.MonkeyPatch, framing: bytes
) -> None:
    monkeypatch.setattr(ApiRequest, "body_seconds", 0.1)
    monkeypatch.setattr(Hasty, "body_seconds", 1.0)
    head = LOGIN.replace(b"content-length: 500", framing)
    piece = b"1\r\nx\r\n" if b"chunked" in framing else b"x"
    trickling = asyncio.gather(*(hasty.raw(head, *(piece for _ in range(100)), pause=0.05) for _ in range(200)))
    others = [(await hasty.client.get("/api/v1/health")).status_code for _ in range(20)]

    assert others == [200] * 20
    assert [problem(answer) for answer in await trickling] == [(408, "request_timeout")] * 200


async def test_reader_that_never_reads_is_given_up(hasty: Served) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", hasty.port, limit=1024)
    page = b"GET /openapi.json HTTP/1.1\r\nhost: x\r\n\r\n"
    writer.write(page * 200)
    try:
        await asyncio.sleep(3.0)
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            async with asyncio.timeout(5):
                await reader.readexactly(200 * 100_000)
    finally:
        writer.close()


async def test_slow_clients_do_not_keep_others_waiting(running: Served) -> None:
    slow = [await asyncio.open_connection("127.0.0.1", running.port) for _ in range(200)]
    for _, writer in slow:
        writer.write(HEALTH)
    began = perf_counter()
    answer = await running.client.get("/api/v1/health")
    assert answer.status_code == 200
    assert perf_counter() - began < 2
    for _, writer in slow:
        writer.close()


@pytest.mark.parametrize(
    "head",
    [
        HEALTH + b"x-long: " + b"a" * 70_000 + b"\r\n\r\n",
        HEALTH + b"x-endless: " + b"a" * 300_000,
        HEALTH + b"".join(b"x-%d: %d\r\n" % (n, n) for n in range(8_000)) + b"\r\n",
        b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nhost: x\r\n\r\n",
        HEALTH + b"cookie: " + b"a=b; " * 20_000 + b"\r\n\r\n",
    ],
    ids=["one header", "no end", "many headers", "address", "cookies"],
)
async def test_huge_head_is_refused_with_431(running: Served, head: bytes) -> None:
    assert problem(await running.raw(head)) == (431, "too_large")


async def test_head_within_the_limit_is_taken(running: Served) -> None:
    answer = await running.raw(HEALTH + b"x-long: " + b"a" * 60_000 + b"\r\n" + LAST)
    assert answer.startswith(b"HTTP/1.1 200")


async def test_large_body_behind_a_small_head_is_taken_in_any_pieces(running: Served) -> None:
    body = b'{"username": "' + b"x" * 200_000 + b'", "password": "y"}'
    head = b"POST /api/v1/auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: %d\r\n"
    whole = head % len(body) + b"\r\n" + body + HEALTH + LAST
    for size in (1_000, 50_000, len(whole)):
        answer = await running.raw(*(whole[start : start + size] for start in range(0, len(whole), size)))
        assert b"HTTP/1.1 200" in answer, answer[:300]


@pytest.mark.parametrize("garbage", [b"\0\0\0\0", b"\x16\x03\x01\x02\x00", b"GET / SMTP/9\r\n\r\n", b"HELO x\r\n\r\n"])
async def test_garbage_on_the_wire_is_malformed(running: Served, garbage: bytes) -> None:
    assert problem(await running.raw(garbage)) == (400, "malformed")


@pytest.mark.parametrize(
    "smuggled",
    [
        b"content-length: 5\r\ncontent-length: 6\r\n\r\nhello",
        b"content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n\r\n0\r\n\r\n",
    ],
    ids=["two lengths", "length and chunks", "two encodings"],
)
async def test_body_of_two_lengths_is_malformed(running: Served, smuggled: bytes) -> None:
    head = b"POST /api/v1/auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
    assert b"400" in (await running.raw(head + smuggled)).split(b"\r\n")[0]


@pytest.mark.parametrize(
    "hosts",
    [b"", b"host: a\r\nhost: b\r\n", b"Host: a\r\nHOST: a\r\n"],
    ids=["none", "two", "the same twice"],
)
@pytest.mark.parametrize("more", [b"", b"upgrade: websocket\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"])
async def test_request_without_exactly_one_host_is_malformed(running: Served, hosts: bytes, more: bytes) -> None:
    path = b"/api/v1/ws" if more else b"/api/v1/health"
    head = b"GET " + path + b" HTTP/1.1\r\n" + hosts + more
    last = b"connection: upgrade\r\nsec-websocket-version: 13\r\n\r\n" if more else LAST
    assert problem(await running.raw(head + last)) == (400, "malformed")


@pytest.mark.parametrize("request_line", [b"GET /api/v1/health HTTP/1.0\r\n", HEALTH])
async def test_request_with_one_host_or_of_http_1_0_without_is_answered(running: Served, request_line: bytes) -> None:
    assert (await running.raw(request_line + LAST)).startswith(b"HTTP/1.1 200")


async def test_many_query_parameters_are_malformed(running: Served) -> None:
    answer = await running.client.get(f"/api/v1/guides?{'a=1&' * 5_000}")
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")
    few = await running.client.get(f"/api/v1/guides?{'&'.join(['a=1'] * 100)}")
    assert few.status_code == 401


@pytest.mark.parametrize("depth", [50, 400, 900, 1_100, 5_000, 90_000])
async def test_deep_json_is_refused_whatever_the_depth(running: Served, depth: int) -> None:
    for nested in (b"[" * depth + b"]" * depth, b'{"a":' * depth + b"1" + b"}" * depth):
        content = b'{"username": ' + nested + b', "password": "x"}'
        answer = await running.client.post(
            "/api/v1/auth/login", content=content, headers={"Content-Type": "application/json"}
        )
        assert answer.status_code in {400, 422}, answer.text


async def test_connection_that_is_kept_may_be_idle_between_requests(hasty: Served) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", hasty.port)
    for _ in range(2):
        writer.write(HEALTH + b"\r\n")
        assert b"200 OK" in await reader.readuntil(b'"}')
        await asyncio.sleep(0.5)
    writer.close()


async def test_socket_that_is_open_is_not_timed_as_a_request(hasty: Served) -> None:
    async with connect(f"ws://127.0.0.1:{hasty.port}/api/v1/ws", proxy=None) as socket:
        await asyncio.sleep(0.8)
        await socket.send('{"type": "ping"}')
        assert "not_signed_in" in str(await socket.recv())
