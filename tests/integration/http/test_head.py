"""HEAD over a real connection: the headers of GET, no body, and nothing that the server complains about."""

import logging
from collections.abc import AsyncIterator, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from litestar import get

from domain.identity import Role
from entrypoints.container import memory_container
from entrypoints.http.access import PUBLIC
from tests.integration.http.house import Person, settings
from tests.integration.http.served import Served, served
from tests.support.routes import Call, calls

ABSENT = "0198c5f0-0000-7000-8000-000000000000"
PAGE = {"Accept": "text/html"}
JSON = {"Accept": "application/json"}


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Served]:
    async with served(memory_container(settings(tmp_path)), with_lifespan=True) as running:
        yield running


async def answered(
    running: Served, method: str, target: str, headers: Mapping[str, str]
) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and all that follows them until the server closes."""
    lines = "".join(
        f"{name}: {value}\r\n" for name, value in {"Host": "127.0.0.1", "Connection": "close", **headers}.items()
    )
    answer = await running.raw(f"{method} {target} HTTP/1.1\r\n{lines}\r\n".encode("ascii"))
    head, _, body = answer.partition(b"\r\n\r\n")
    status, *fields = head.decode("latin-1").split("\r\n")
    named = dict(field.split(": ", 1) for field in fields)
    return int(status.split()[1]), named, body


def complaints(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the log says is wrong."""
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


async def someone(running: Served) -> Person:
    return await running.person("ada", Role.OWNER)


def gets(running: Served) -> list[Call]:
    return [call for call in calls(running.app) if call.method == "GET"]


@pytest.mark.parametrize("accepted", [PAGE, JSON], ids=["browser", "program"])
@pytest.mark.parametrize("is_signed_in", [True, False], ids=["signed in", "not signed in"])
async def test_head_on_every_route_answers_without_a_body_and_without_complaint(
    running: Served, caplog: pytest.LogCaptureFixture, accepted: dict[str, str], *, is_signed_in: bool
) -> None:
    headers = {**accepted, **((await someone(running)).headers if is_signed_in else {})}
    routes = gets(running)
    assert len(routes) > 40
    statuses = set()
    for call in routes:
        status, named, body = await answered(running, "HEAD", call.url(), headers)
        assert body == b"", call.path
        assert "x-request-id" in named, call.path
        statuses.add(status)
    assert statuses >= ({200, 404, 422} if is_signed_in else {200, 401})
    assert complaints(caplog) == []


REFUSED: list[tuple[int, str, dict[str, Any]]] = [
    (401, "/api/v1/auth/me", JSON),
    (403, "/api/v1/members/audit", JSON),
    (404, "/api/v1/nowhere", JSON),
    (404, "/nowhere", PAGE),
    (405, "/api/v1/auth/login", JSON),
    (400, "/api/v1/guides?limit=none", JSON),
    (422, "/api/v1/guides?limit=0", JSON),
]


@pytest.mark.parametrize(("status", "target", "accepted"), REFUSED, ids=[f"{row[0]} {row[1]}" for row in REFUSED])
async def test_head_that_is_refused_has_the_headers_of_get_and_no_body(
    running: Served, caplog: pytest.LogCaptureFixture, status: int, target: str, accepted: dict[str, str]
) -> None:
    member = await running.person("bea")
    headers = accepted if status == 401 else {**accepted, **member.headers}
    request = {**headers, "X-Request-ID": "one"}
    first, of_get, document = await answered(running, "GET", target, request)
    second, of_head, body = await answered(running, "HEAD", target, request)
    assert (first, second, body) == (status, status, b"")
    assert document
    assert {**of_head, "date": ""} == {**of_get, "date": ""}
    assert complaints(caplog) == []


async def test_head_that_is_limited_is_answered_with_429_and_no_body(
    running: Served, caplog: pytest.LogCaptureFixture
) -> None:
    member = await running.person("bea")
    statuses = set()
    for _ in range(70):
        status, _, body = await answered(running, "HEAD", "/api/v1/guides/search?q=risk", {**JSON, **member.headers})
        assert body == b""
        statuses.add(status)
    assert statuses == {HTTPStatus.OK, HTTPStatus.TOO_MANY_REQUESTS}
    assert complaints(caplog) == []


@pytest.mark.parametrize("accepted", [PAGE, JSON], ids=["browser", "program"])
async def test_head_on_what_fails_is_answered_with_500_and_told_once(
    running: Served, caplog: pytest.LogCaptureFixture, accepted: dict[str, str]
) -> None:
    @get("/failing", opt=PUBLIC)
    async def failing() -> None:
        raise RuntimeError("broken on purpose")

    running.app.register(failing)
    status, named, body = await answered(running, "HEAD", "/failing", accepted)
    assert (status, body) == (500, b"")
    assert int(named["content-length"]) > 0
    assert complaints(caplog) == ["request_failed"]


async def test_head_on_a_kept_connection_leaves_the_next_answer_whole(running: Served) -> None:
    head = b"HEAD /api/v1/auth/me HTTP/1.1\r\nhost: x\r\n\r\n"
    answer = await running.raw(head + head + b"GET /api/v1/health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
    assert answer.count(b"HTTP/1.1 401") == 2
    assert answer.endswith(b"}")
    assert b"HTTP/1.1 200" in answer
