"""The webhook, by its route and by the server's protocol: the checks in their order, and nothing authentic refused."""

import hmac
import json
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from hashlib import sha256
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapters.telegram.kinds import KINDS
from application.ports.inbox import UpdateFilter
from domain.telegram import UpdateState
from entrypoints.container import Container, sql_container
from entrypoints.settings import Secret, Settings, TelegramSettings
from tests.integration.http.house import House, client_of, running
from tests.integration.http.served import Served, served
from tests.support.telegram_updates import BODIES, update

PATH = "/api/v1/telegram/webhook"
SECRET = "a-secret-of-ours"
TELEGRAM = ("149.154.167.220", 443)


def settings(folder: Path, **telegram: Any) -> Settings:
    """An instance that Telegram calls, directly or through a proxy on this machine."""
    bot = {"bot_token": Secret("99:made-up-for-the-tests"), "webhook_secret": Secret(SECRET), **telegram}
    return Settings(
        data_dir=folder,
        public_url="https://guild.example.org",
        trusted_proxies=(ip_network("127.0.0.1/32"),),
        telegram=TelegramSettings(**bot),
    )


Opened = Callable[[Container], AbstractAsyncContextManager[House]]


@pytest.fixture(params=[running, served], ids=["route", "protocol"])
def opened(request: pytest.FixtureRequest) -> Opened:
    """How it is called: past any server, or over the network of this machine."""
    way: Opened = request.param
    return way


@pytest.fixture
async def house(tmp_path: Path, opened: Opened) -> AsyncIterator[House]:
    """Over SQLite."""
    async with house_of(settings(tmp_path), opened) as house:
        yield house


@asynccontextmanager
async def house_of(settings: Settings, opened: Opened) -> AsyncIterator[House]:
    """Over SQLite, with these settings."""
    container = sql_container(settings)
    await container.migrator().upgrade()
    async with opened(container) as house:
        yield house
    await container.database().dispose()


async def call(house: House, content: bytes, secret: str | None = SECRET, **how: Any) -> httpx.Response:
    """As Telegram calls."""
    headers = {"Content-Type": "application/json", **how.pop("headers", {})}
    client, method = how.pop("client", TELEGRAM), how.pop("method", "POST")
    if secret is not None:
        headers["X-Telegram-Bot-Api-Secret-Token"] = secret
    if isinstance(house, Served):
        headers["X-Forwarded-For"] = client[0]
        return await house.client.request(method, PATH, content=content, headers=headers)
    async with client_of(house.app, client) as directly:
        return await directly.request(method, PATH, content=content, headers=headers)


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
    (listed,) = (await house.container.update_queries().page(UpdateFilter(), limit=5)).items
    async with house.container.unit_of_work() as work:
        kept = await work.telegram_updates.get(listed.key)
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


async def test_webhook_hears_its_networks_only(tmp_path: Path, opened: Opened) -> None:
    networks = (ip_network("149.154.160.0/20"),)
    async with house_of(settings(tmp_path, webhook_networks=networks), opened) as house:
        assert (await call(house, b'{"update_id": 1}')).status_code == 200
        assert (await call(house, b'{"update_id": 2}', client=("203.0.113.7", 9))).status_code == 403
        assert await counts(house.container) == {UpdateState.NEW: 1}


async def test_webhook_takes_what_a_relay_signed_and_nothing_else(tmp_path: Path, opened: Opened) -> None:
    key, body = "a-key-of-the-relay", b'{"update_id": 1}'
    signature = f"sha256={hmac.new(key.encode(), body, sha256).hexdigest()}"
    async with house_of(settings(tmp_path, webhook_signature_key=Secret(key)), opened) as house:
        for headers, content, status in (
            ({}, body, 403),
            ({"X-Guildhall-Signature": signature}, body + b" ", 403),
            ({"X-Guildhall-Signature": signature}, body, 200),
        ):
            assert (await call(house, content, headers=headers)).status_code == status
        assert await counts(house.container) == {UpdateState.NEW: 1}


@pytest.mark.parametrize("telegram", [{"updates": "polling"}, {"bot_token": None}], ids=["polling", "no-bot"])
async def test_webhook_is_not_there_where_telegram_does_not_call(
    tmp_path: Path, opened: Opened, telegram: dict[str, Any]
) -> None:
    async with house_of(settings(tmp_path, **telegram), opened) as house:
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
    tmp_path: Path, opened: Opened, said: dict[str, str]
) -> None:
    bot = TelegramSettings(bot_token=Secret("99:made-up-for-the-tests"), updates="webhook")
    without = Settings(data_dir=tmp_path, public_url="http://127.0.0.1:8000", telegram=bot)
    async with house_of(without, opened) as house:
        answer = await call(house, b'{"update_id": 1}', None, headers=said)
        assert (answer.status_code, answer.json()["code"]) == (403, "cross_site")
        assert await counts(house.container) == {}
        assert (await call(house, b'{"update_id": 1}', None)).status_code == 200
