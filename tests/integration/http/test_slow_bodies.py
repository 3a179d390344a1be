"""Bodies that never become whole."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

import pytest
from litestar import Litestar, post
from litestar.params import JSONBody
from litestar.types import HTTPScope, Message

from entrypoints.http.problems import EXCEPTION_HANDLERS
from entrypoints.http.requests import ApiRequest
from entrypoints.http.schemas.identity import LoginLinkRequest
from tests.integration.http.house import House

SCOPE: HTTPScope = {
    "type": "http",
    "asgi": {"version": "3.0", "spec_version": "2.4"},
    "http_version": "1.1",
    "method": "POST",
    "scheme": "http",
    "path": "/api/v1/auth/login",
    "raw_path": b"/api/v1/auth/login",
    "root_path": "",
    "query_string": b"",
    "headers": [(b"host", b"127.0.0.1:8000"), (b"content-type", b"application/json"), (b"content-length", b"500")],
    "client": ("203.0.113.7", 1),
    "server": ("127.0.0.1", 8000),
    "state": {},
    "extensions": {},
}


class Hasty(ApiRequest):
    """Waits no longer than a test does."""

    body_seconds = 0.05


async def answered(app: Any, *parts: Message, scope: Mapping[str, Any] = SCOPE) -> list[Message]:
    """What the application sends when its client sends these, and then nothing more."""
    waiting, sent = list(parts), []

    async def receive() -> Message:
        if waiting:
            return waiting.pop(0)
        return await asyncio.get_running_loop().create_future()

    async def send(message: Message) -> None:
        sent.append(message)

    async with asyncio.timeout(5):
        await app({**scope, "state": {}}, receive, send)
    return sent


async def test_body_that_stops_half_way_is_given_up_with_408() -> None:
    @post("/api/v1/auth/login", media_type="application/json")
    async def login(data: JSONBody[LoginLinkRequest]) -> str:
        return data.token

    app = Litestar([login], request_class=Hasty, exception_handlers=EXCEPTION_HANDLERS, logging_config=None)
    sent = await answered(app, {"type": "http.request", "body": b'{"token', "more_body": True})
    assert sent[0]["type"] == "http.response.start"
    assert sent[0]["status"] == 408
    assert b"request_timeout" in sent[1]["body"]


async def test_client_that_goes_away_half_way_is_no_failure_of_ours(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    part: Message = {"type": "http.request", "body": b'{"user', "more_body": True}
    with caplog.at_level(logging.INFO):
        sent = await answered(house.app, part, {"type": "http.disconnect"})
    assert sent[0]["type"] == "http.response.start"
    assert sent[0]["status"] == 400
    assert [record.message for record in caplog.records if record.levelno >= logging.ERROR] == []
