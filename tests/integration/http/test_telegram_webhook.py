"""The webhook's route: the checks in their order, and nothing authentic refused."""

import json
import logging
from collections.abc import AsyncIterator
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import httpx
import pytest
from litestar.types import Message

from adapters.telegram.kinds import KINDS
from application.ports.inbox import UpdateFilter
from domain.telegram import UpdateState
from entrypoints.container import Container, sql_container
from entrypoints.http.requests import ApiRequest
from entrypoints.settings import Secret, Settings, TelegramSettings
from tests.integration.http.house import House, client_of, running
from tests.integration.http.test_slow_bodies import SCOPE, answered
from tests.support.telegram_updates import BODIES, update

PATH = "/api/v1/telegram/webhook"
SECRET = "a-secret-of-ours"
TELEGRAM = ("149.154.167.220", 443)


def settings(folder: Path, **telegram: Any) -> Settings:
    """An instance that Telegram calls."""
    bot = {"bot_token": Secret("99:made-up-for-the-tests"), "webhook_secret": Secret(SECRET), **telegram}
    return Settings(data_dir=folder, public_url="https://guild.example.org", telegram=TelegramSettings(**bot))


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """Over SQLite."""
    container = sql_container(settings(tmp_path))
    await container.migrator().upgrade()
    async with running(container) as house:
        yield house
    await container.database().dispose()


async def call(house: House, content: bytes, secret: str | None = SECRET, **how: Any) -> httpx.Response:
    """As Telegram calls."""
    headers = {"Content-Type": "application/json", **how.pop("headers", {})}
    if secret is not None:
        headers["X-Telegram-Bot-Api-Secret-Token"] = secret
    async with client_of(house.app, how.pop("client", TELEGRAM)) as client:
        return await client.request(how.pop("method", "POST"), PATH, content=content, headers=headers)


async def counts(container: Container) -> dict[UpdateState, int]:
    """How many updates are in each state, without those that have none."""
    return {state: count for state, count in (await container.update_queries().counts()).items() if count}


async def test_webhook_answers_200_once_each_kind_is_committed_and_knows_what_comes_again(house: House) -> None:
    for _ in range(2):
        for number, kind in enumerate(KINDS):
            answer = await call(house, json.dumps(update(kind, BODIES[kind], number)).encode())
            assert (answer.status_code, answer.content) == (200, b"")

    assert await counts(house.container) == {UpdateState.NEW: len(KINDS)}


@pytest.mark.parametrize(
    "content",
    [b"", b"junk", b"[]", b"{}", b'{"update_id": "x"}', b"\xff\x00", b'{"a":' * 50_000],
    ids=["nothing", "junk", "array", "no-id", "text-id", "bytes", "deep"],
)
async def test_webhook_keeps_what_is_no_update_as_malformed(house: House, content: bytes) -> None:
    assert (await call(house, content)).status_code == 200
    assert await counts(house.container) == {UpdateState.ERROR: 1}


async def test_webhook_keeps_an_update_from_2030(house: House) -> None:
    future = {"update_id": 7, "hologram": {"chat": {"id": [1]}, "beams": {"x": 1}}, "mood": None}
    assert (await call(house, json.dumps(future).encode())).status_code == 200
    (kept,) = (await house.container.update_queries().page(UpdateFilter(), limit=5)).items
    assert (kept.update_id, kept.kind, json.loads(kept.raw)) == (7, "hologram", future)


@pytest.mark.parametrize("secret", [None, "", "wrong", SECRET + " x"])
async def test_webhook_refuses_a_wrong_or_missing_secret(house: House, secret: str | None) -> None:
    answer = await call(house, b'{"update_id": 1}', secret)
    assert answer.status_code == 403
    assert answer.json()["code"] == "not_allowed"
    assert SECRET not in answer.text
    assert await counts(house.container) == {}


async def test_webhook_refuses_a_body_that_is_too_large_whether_it_says_so_or_not(house: House) -> None:
    large = b'{"update_id": 1, "x": "' + b"y" * 2_000_000 + b'"}'
    assert (await call(house, large)).status_code == 413

    async def in_parts() -> AsyncIterator[bytes]:
        for at in range(0, len(large), 100_000):
            yield large[at : at + 100_000]

    answer = await call(house, in_parts())  # type: ignore[arg-type]
    assert answer.status_code == 413
    assert "1048576 bytes" in answer.json()["detail"]
    assert (await call(house, large, "wrong")).status_code == 403
    assert await counts(house.container) == {}


async def test_webhook_takes_a_body_of_1_mib_although_other_routes_take_less(house: House) -> None:
    largest = b'{"update_id": 1, "x": "' + b"y" * (1_048_576 - 25) + b'"}'
    assert len(largest) == 1_048_576
    assert (await call(house, largest)).status_code == 200


async def test_webhook_limits_failures_by_address_and_still_hears_telegram(house: House) -> None:
    answers = [await call(house, b"{}", "wrong") for _ in range(31)]
    assert {answer.status_code for answer in answers[:30]} == {403}
    assert answers[30].status_code == 429
    assert int(answers[30].headers["Retry-After"]) > 0
    assert (await call(house, b'{"update_id": 1}')).status_code == 200


async def test_webhook_takes_posts_only(house: House) -> None:
    answer = await call(house, b"", method="GET")
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "POST"


async def test_webhook_answers_503_when_nothing_was_kept(house: House) -> None:
    await house.container.database().dispose()
    (house.container.settings().data_dir / "guildhall.db").unlink()
    assert (await call(house, b'{"update_id": 1}')).status_code == 503


async def test_webhook_hears_its_networks_only(tmp_path: Path) -> None:
    container = sql_container(settings(tmp_path, webhook_networks=(ip_network("149.154.160.0/20"),)))
    await container.migrator().upgrade()
    async with running(container) as house:
        assert (await call(house, b'{"update_id": 1}')).status_code == 200
        assert (await call(house, b'{"update_id": 2}', client=("203.0.113.7", 9))).status_code == 403
    await container.database().dispose()


@pytest.mark.parametrize("telegram", [{"updates": "polling"}, {"bot_token": None}], ids=["polling", "no-bot"])
async def test_webhook_is_not_there_where_telegram_does_not_call(tmp_path: Path, telegram: dict[str, Any]) -> None:
    async with running(sql_container(settings(tmp_path, **telegram))) as house:
        assert (await call(house, b"{}")).status_code == 404


async def test_webhook_answers_with_request_id_protecting_headers_and_a_count(house: House) -> None:
    answer = await call(house, b'{"update_id": 1}', headers={"X-Request-ID": "of-a-relay"})
    assert answer.headers["x-request-id"] == "of-a-relay"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    refused = await call(house, b"{}", "wrong", headers={"X-Request-ID": "of-nobody"})
    assert refused.json()["request_id"] == refused.headers["x-request-id"] == "of-nobody"
    counted = house.container.metrics().render()[0].decode()
    for status, count in ((200, 1), (403, 1)):
        labels = f'method="POST",route="{PATH}",status="{status}"'
        assert f"guildhall_http_requests_total{{{labels}}} {count}.0" in counted


async def test_webhook_calls_are_told_at_debug_and_refused_ones_to_everybody(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, logger="entrypoints.http.envelope"):
        await call(house, b'{"update_id": 1}')
        await call(house, b"{}", "wrong")
    told = [record.levelno for record in caplog.records if record.name == "entrypoints.http.envelope"]
    assert told == [logging.DEBUG, logging.INFO]


@pytest.mark.parametrize("said", [{"Origin": "https://elsewhere.example"}, {"Sec-Fetch-Site": "cross-site"}])
async def test_webhook_without_a_secret_takes_nothing_from_pages_of_other_sites(
    tmp_path: Path, said: dict[str, str]
) -> None:
    bot = TelegramSettings(bot_token=Secret("99:made-up-for-the-tests"), updates="webhook")
    container = sql_container(Settings(data_dir=tmp_path, public_url="http://127.0.0.1:8000", telegram=bot))
    await container.migrator().upgrade()
    async with running(container) as house:
        answer = await call(house, b'{"update_id": 1}', None, headers=said)
        assert (answer.status_code, answer.json()["code"]) == (403, "cross_site")
        assert await counts(container) == {}
        assert (await call(house, b'{"update_id": 1}', None)).status_code == 200
    await container.database().dispose()


@pytest.mark.parametrize("query", [b"", b"a=1"], ids=["ahead of the router", "by the route"])
@pytest.mark.parametrize(("is_gone", "status"), [(True, 400), (False, 408)], ids=["goes away", "stops"])
async def test_webhook_whose_caller_does_not_finish_counts_it_as_the_callers(
    house: House,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    query: bytes,
    is_gone: bool,
    status: int,
) -> None:
    monkeypatch.setattr(ApiRequest, "body_seconds", 0.05)
    secret = (b"x-telegram-bot-api-secret-token", SECRET.encode())
    scope = {**SCOPE, "path": PATH, "raw_path": PATH.encode(), "query_string": query, "client": TELEGRAM}
    scope["headers"] = [(b"host", b"guild.example.org"), (b"content-length", b"500"), secret]
    parts: list[Message] = [{"type": "http.request", "body": b'{"update_id"', "more_body": True}]
    if is_gone:
        parts.append({"type": "http.disconnect"})

    sent = await answered(house.app, *parts, scope=scope)

    assert sent[0]["type"] == "http.response.start"
    assert sent[0]["status"] == status
    counted = house.container.metrics().render()[0].decode()
    assert f'guildhall_http_requests_total{{method="POST",route="{PATH}",status="{status}"}} 1.0' in counted
    assert 'status="500"' not in counted
    assert [record.message for record in caplog.records if record.levelno >= logging.ERROR] == []
    assert await counts(house.container) == {}
