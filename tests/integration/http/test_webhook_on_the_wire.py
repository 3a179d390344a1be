"""The webhook on a real connection: which calls go past the application, and that nobody can tell from the answers."""

import asyncio
import json
import logging
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from dependency_injector import providers
from litestar.types import Receive, Scope, Send

from application.ports.inbox import UpdateInbox
from domain.telegram import InboxUpdate, UpdateState
from entrypoints.container import Container, sql_container
from entrypoints.http.direct_calls import DirectCallsProtocol
from entrypoints.http.requests import ApiRequest
from tests.integration.http.house import running
from tests.integration.http.served import Served, served
from tests.integration.http.test_slow_bodies import SCOPE, answered
from tests.integration.http.test_telegram_webhook import PATH, SECRET, TELEGRAM, counts, settings

CLOSE = "Connection: close"
CHUNKED = "Transfer-Encoding: chunked"
LARGE = b'{"update_id": 1, "x": "' + b"y" * 2_000_000 + b'"}'


class Hasty(DirectCallsProtocol):
    """Waits no longer than a test does."""

    holding_seconds = 0.02


@dataclass
class Wire:
    """A server, and the addresses that its application saw."""

    house: Served
    seen: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        inner = self.house.app.asgi_handler

        async def told(scope: Scope, receive: Receive, send: Send) -> None:
            self.seen.append(scope["path"])
            await inner(scope, receive, send)

        self.house.app.asgi_handler = told

    async def kept(self) -> dict[UpdateState, int]:
        """How many updates are in each state."""
        return await counts(self.house.container)

    def counted(self, status: int) -> bool:
        """Whether one call was counted with that status, and none failed."""
        text = self.house.container.metrics().render()[0].decode()
        assert 'status="500"' not in text
        return f'guildhall_http_requests_total{{method="POST",route="{PATH}",status="{status}"}} 1.0' in text


@pytest.fixture
async def container(tmp_path: Path) -> AsyncIterator[Container]:
    container = sql_container(settings(tmp_path))
    await container.migrator().upgrade()
    yield container
    await container.database().dispose()


@pytest.fixture
async def wire(container: Container) -> AsyncIterator[Wire]:
    async with served(container, Hasty) as house:
        yield Wire(house)


def update(number: int) -> bytes:
    """One that is its own kind."""
    return b'{"update_id": %d, "message": {"chat": {"id": %d}}}' % (number, number % 3)


def post(body: bytes, *headers: str, path: str = PATH, secret: str = SECRET) -> bytes:
    """A call as Telegram writes it."""
    length = [] if CHUNKED in headers else [f"Content-Length: {len(body)}"]
    lines = [f"POST {path} HTTP/1.1", "Host: guild.example.org", f"X-Telegram-Bot-Api-Secret-Token: {secret}"]
    return "\r\n".join([*lines, *length, *headers, "", ""]).encode() + body


def chunks(body: bytes, size: int) -> bytes:
    """The body in chunks."""
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (*parts, b""))


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Ask until it holds, with some patience."""
    for _ in range(500):
        if await holds():
            return
        await asyncio.sleep(0.01)
    pytest.fail("it never held")


def answers(received: bytes) -> list[tuple[int, dict[str, str], bytes]]:
    """Status, headers and body of each, in their order."""
    found = []
    while received:
        head, _, rest = received.partition(b"\r\n\r\n")
        status, *lines = head.decode().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines)
        length = int(headers.get("content-length", "0"))
        found.append((int(status.split()[1]), headers, rest[:length]))
        received = rest[length:]
    return found


def statuses(received: bytes) -> list[int]:
    """Of all answers, in their order."""
    return [status for status, _, _ in answers(received)]


async def test_webhook_call_past_the_application_is_answered_as_the_route_answers(wire: Wire) -> None:
    call = post(update(1), "X-Request-ID: mine", CLOSE)
    past = answers(await wire.house.raw(call))
    assert wire.seen == []
    by_route = answers(await wire.house.raw(call.replace(b"webhook HTTP", b"webhook?a=1 HTTP")))
    assert wire.seen == [PATH]
    for (_, headers, _), *others in (past, by_route):
        assert others == []
        assert headers.pop("date")
    assert past == by_route
    assert past[0][0] == 200
    assert await wire.kept() == {UpdateState.NEW: 1}


@pytest.mark.parametrize(
    "pieces",
    [
        [post(update(1), CLOSE)],
        [post(update(1), CLOSE)[:-20], post(update(1), CLOSE)[-20:]],
        [post(chunks(update(1), 7), CHUNKED, CLOSE)],
        [post(update(1), CLOSE).replace(b"HTTP/1.1", b"HTTP/1.0")],
        [post(update(1), "Content-Type: text/plain", "Cookie: a=b", CLOSE)],
    ],
    ids=["whole", "two pieces", "chunks", "HTTP/1.0", "anything beside"],
)
async def test_webhook_calls_that_are_plain_go_past_the_application(wire: Wire, pieces: Sequence[bytes]) -> None:
    assert statuses(await wire.house.raw(*pieces, pause=0.005)) == [200]
    assert (wire.seen, await wire.kept()) == ([], {UpdateState.NEW: 1})
    assert wire.counted(200)


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (post(update(1), "Expect: 100-continue", CLOSE), [100, 200]),
        (post(update(1), CLOSE, path=f"{PATH}?"), [200]),
        (post(b" " * 100_000 + update(1), CLOSE), [200]),
        (post(update(1), "Origin: https://guild.example.org", CLOSE), [200]),
    ],
    ids=["asks before", "query", "large", "page of ours"],
)
async def test_webhook_calls_that_are_not_plain_are_kept_by_the_route(
    wire: Wire, call: bytes, expected: list[int]
) -> None:
    assert statuses(await wire.house.raw(call)) == expected
    assert await wire.kept() == {UpdateState.NEW: 1}
    assert set(wire.seen) <= {PATH}


async def test_webhook_calls_one_behind_the_other_are_answered_in_turn(wire: Wire) -> None:
    calls = [post(update(number % 7), f"X-Request-ID: n{number}") for number in range(20)]
    calls.insert(5, post(update(50), "X-Request-ID: refused", secret="wrong"))
    calls.insert(10, b"GET /api/v1/health HTTP/1.1\r\nHost: x\r\nX-Request-ID: other\r\n\r\n")
    calls.append(post(update(99), "X-Request-ID: last", CLOSE))

    found = answers(await wire.house.raw(b"".join(calls)))

    ids = [f"n{number}" for number in range(20)]
    ids.insert(5, "refused")
    ids.insert(10, "other")
    assert [headers["x-request-id"] for _, headers, _ in found] == [*ids, "last"]
    assert [status for status, _, _ in found] == [403 if name == "refused" else 200 for name in (*ids, "last")]
    assert wire.seen == [PATH, "/api/v1/health"]
    assert await wire.kept() == {UpdateState.NEW: 8}


@pytest.mark.parametrize(
    ("call", "status", "code"),
    [
        (post(update(1), CLOSE, secret="wrong"), 403, "not_allowed"),
        (post(update(1), CLOSE, secret=""), 403, "not_allowed"),
        (post(update(1), CLOSE).replace(b"X-Telegram-Bot", b"X-Another-Bot"), 403, "not_allowed"),
        (post(LARGE, CLOSE), 413, "too_large"),
        (post(chunks(LARGE, 100_000), CHUNKED, CLOSE), 413, "too_large"),
        (post(LARGE, CLOSE, secret="wrong"), 403, "not_allowed"),
        (post(update(1), "X-Forwarded-For: 203.0.113.7", CLOSE), 403, "not_allowed"),
        (post(update(1), "X-Forwarded-For: nobody", CLOSE), 403, "not_allowed"),
    ],
    ids=["secret", "empty secret", "no secret", "size", "size in chunks", "secret and size", "address", "no address"],
)
async def test_webhook_refuses_on_the_wire_with_problem_documents_and_keeps_nothing(
    tmp_path: Path, call: bytes, status: int, code: str
) -> None:
    container = sql_container(settings(tmp_path, webhook_networks=(ip_network("149.154.160.0/20"),)))
    await container.migrator().upgrade()
    if b"X-Forwarded-For" not in call:
        call = call.replace(b"\r\n\r\n", f"\r\nX-Forwarded-For: {TELEGRAM[0]}\r\n\r\n".encode(), 1)
    async with served(container) as house:
        wire = Wire(house)
        (refused, *others) = answers(await house.raw(call))
        problem = json.loads(refused[2])
        assert (refused[0], problem["code"], others) == (status, code, [])
        assert problem["request_id"] == refused[1]["x-request-id"]
        assert (await wire.kept(), wire.counted(status)) == ({}, True)
    await container.database().dispose()


@pytest.mark.parametrize("body", [b"", b"junk", b"[]", b"{}", b"\xff\x00", b'{"a":' * 10_000])
async def test_webhook_keeps_garbage_from_the_wire_as_malformed(wire: Wire, body: bytes) -> None:
    assert statuses(await wire.house.raw(post(body, CLOSE))) == [200]
    assert (await wire.kept(), wire.seen) == ({UpdateState.ERROR: 1}, [])


async def test_webhook_keeps_what_a_client_brings_that_does_not_wait_for_the_answer(
    wire: Wire, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(20):
        _, writer = await asyncio.open_connection("127.0.0.1", wire.house.port)
        writer.write(post(update(number)))
        await writer.drain()
        writer.close()

    async def all_are_kept() -> bool:
        return await wire.kept() == {UpdateState.NEW: 20}

    await until(all_are_kept)
    assert [record.message for record in caplog.records if record.levelno >= logging.ERROR] == []
    assert 'status="500"' not in wire.house.container.metrics().render()[0].decode()


async def test_webhook_calls_under_way_at_the_end_of_the_server_are_kept_and_answered(container: Container) -> None:
    async def let_go() -> None:
        await asyncio.sleep(0.2)
        await holding.close()

    async with served(container) as house:
        reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
        # Nothing is committed while somebody else has the only connection that writes.
        holding = await container.database().write()
        writer.write(post(update(1)))
        await asyncio.sleep(0.05)
        letting_go = asyncio.create_task(let_go())
    (status, headers, _), *others = answers(await reader.read())
    assert (status, headers["connection"], others) == (200, "close", [])
    assert await counts(container) == {UpdateState.NEW: 1}
    await letting_go
    writer.close()


@pytest.mark.parametrize(("secret", "kept"), [(SECRET, 3), ("wrong", 0)])
async def test_webhook_calls_before_a_handshake_leave_no_error(
    wire: Wire, caplog: pytest.LogCaptureFixture, secret: str, kept: int
) -> None:
    calls = b"".join(post(update(number), secret=secret) for number in range(3))
    handshake = (
        b"GET /api/v1/ws HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: websocket\r\n"
        b"sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    _, writer = await asyncio.open_connection("127.0.0.1", wire.house.port)
    writer.write(calls + handshake)

    async def are_done() -> bool:
        counted = wire.house.container.metrics().render()[0].decode()
        return f'{{method="POST",route="{PATH}",status="{200 if kept else 403}"}} 3.0' in counted

    await until(are_done)
    writer.close()
    assert await wire.kept() == ({UpdateState.NEW: kept} if kept else {})
    assert [record.message for record in caplog.records if record.levelno >= logging.ERROR] == []


class Broken(UpdateInbox):
    """Fails in a way that nobody expects."""

    async def commit(self, updates: Sequence[InboxUpdate]) -> int:
        await asyncio.sleep(0)
        raise RuntimeError("Nobody expects this.")


async def test_webhook_calls_that_fail_together_are_told_each_by_its_own_lines(
    container: Container, caplog: pytest.LogCaptureFixture
) -> None:
    container.update_inbox.override(providers.Object(Broken()))
    async with served(container) as house:
        found = await asyncio.gather(*(house.raw(post(update(number), CLOSE)) for number in range(10)))
    assert [statuses(each) for each in found] == [[500]] * 10
    told = [record.exc_info for record in caplog.records if record.exc_info]
    assert len(told) == 10
    assert max(len(traceback.format_exception(error)) for _, error, _ in told if error) < 20


async def test_webhook_calls_past_the_application_are_told_at_debug_with_their_request_ids(
    wire: Wire, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, logger="entrypoints.http.envelope"):
        await wire.house.raw(post(update(1), "X-Request-ID: mine", CLOSE))
    (line,) = [record for record in caplog.records if record.name == "entrypoints.http.envelope"]
    told = vars(line)
    assert (line.levelno, told["route"], told["status"], told["client"]) == (logging.DEBUG, PATH, 200, "127.0.0.1")
    assert wire.seen == []


@pytest.mark.parametrize("waits", [True, False], ids=["stops", "goes away"])
async def test_webhook_caller_on_the_wire_who_does_not_finish_counts_as_the_callers(
    wire: Wire, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, waits: bool
) -> None:
    monkeypatch.setattr(ApiRequest, "body_seconds", 0.05)
    reader, writer = await asyncio.open_connection("127.0.0.1", wire.house.port)
    writer.write(post(update(1), CLOSE)[:-5])
    await writer.drain()
    if waits:
        assert statuses(await reader.read()) == [408]
    writer.close()

    async def is_counted() -> bool:
        return wire.counted(408 if waits else 400)

    await until(is_counted)
    assert [record.message for record in caplog.records if record.levelno >= logging.ERROR] == []
    assert await wire.kept() == {}


@pytest.mark.parametrize(("is_gone", "status"), [(True, 400), (False, 408)], ids=["goes away", "stops"])
async def test_webhook_whose_caller_does_not_finish_counts_it_as_the_callers(
    container: Container,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    is_gone: bool,
    status: int,
) -> None:
    monkeypatch.setattr(ApiRequest, "body_seconds", 0.05)
    secret = (b"x-telegram-bot-api-secret-token", SECRET.encode())
    scope = {**SCOPE, "path": PATH, "raw_path": PATH.encode(), "client": TELEGRAM}
    scope["headers"] = [(b"host", b"guild.example.org"), (b"content-length", b"500"), secret]
    parts: list[Any] = [{"type": "http.request", "body": b'{"update_id"', "more_body": True}]
    if is_gone:
        parts.append({"type": "http.disconnect"})

    async with running(container) as house:
        sent = await answered(house.app, *parts, scope=scope)

    assert sent[0]["type"] == "http.response.start"
    assert sent[0]["status"] == status
    counted = container.metrics().render()[0].decode()
    assert f'guildhall_http_requests_total{{method="POST",route="{PATH}",status="{status}"}} 1.0' in counted
    assert 'status="500"' not in counted
    assert [record.message for record in caplog.records if record.levelno >= logging.ERROR] == []
    assert await counts(container) == {}
