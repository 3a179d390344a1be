"""Which other sites' pages may read our answers, and what they may send."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from entrypoints.container import memory_container
from entrypoints.http.app import create_app
from entrypoints.settings import HttpSettings, SettingsError
from tests.integration.http.house import House, expect_problem, running, settings

APP = "https://app.example.org"
OTHER = "https://evil.example"
ME = "/api/v1/auth/me"
PREFLIGHT = {"Access-Control-Request-Method": "DELETE", "Access-Control-Request-Headers": "authorization,if-match"}


@asynccontextmanager
async def allowing(folder: Path, *origins: str) -> AsyncIterator[House]:
    async with running(memory_container(settings(folder, http=HttpSettings(allowed_origins=origins)))) as house:
        yield house


def shared_with(answer: httpx.Response) -> str | None:
    found: str | None = answer.headers.get("access-control-allow-origin")
    return found


@pytest.mark.parametrize("origin", [APP, OTHER, "null"])
async def test_cors_unless_configured_shares_with_nobody(house: House, origin: str) -> None:
    for answer in (
        await house.client.get("/api/v1/health", headers={"Origin": origin}),
        await house.client.options(ME, headers={"Origin": origin, **PREFLIGHT}),
    ):
        assert [name for name in answer.headers if name.startswith("access-control-")] == []


async def test_cors_allowed_origin_may_read_answers_and_refusals(tmp_path: Path) -> None:
    async with allowing(tmp_path, APP) as house:
        ada = await house.person("ada")
        answers = [
            await house.client.get(ME, headers={"Origin": APP, **ada.headers}),
            await house.client.get(ME, headers={"Origin": APP}),
            await house.client.get("/api/v1/nowhere", headers={"Origin": APP}),
            await house.client.put("/api/v1/health", headers={"Origin": APP}),
        ]
    assert [answer.status_code for answer in answers] == [200, 401, 404, 405]
    for answer in answers:
        assert shared_with(answer) == APP
        assert answer.headers["access-control-allow-credentials"] == "true"
        assert "Origin" in answer.headers["vary"]
        assert "Retry-After" in answer.headers["access-control-expose-headers"]


@pytest.mark.parametrize(
    "origin",
    [
        OTHER,
        "null",
        "https://app.example.org.evil.example",
        "http://app.example.org",
        "https://app.example.org:444",
        "*",
    ],
)
async def test_cors_other_origin_may_read_nothing(tmp_path: Path, origin: str) -> None:
    async with allowing(tmp_path, APP) as house:
        ada = await house.person("ada")
        answer = await house.client.get(ME, headers={"Origin": origin, **ada.headers})
        preflight = await house.client.options(ME, headers={"Origin": origin, **PREFLIGHT})
    assert shared_with(answer) is None
    assert shared_with(preflight) is None
    assert preflight.status_code == 400


async def test_cors_preflight_of_allowed_origin_names_methods_and_headers(tmp_path: Path) -> None:
    async with allowing(tmp_path, APP, "https://second.example.org") as house:
        for origin in (APP, "https://second.example.org"):
            answer = await house.client.options(ME, headers={"Origin": origin, **PREFLIGHT})
            assert answer.status_code == 204
            assert shared_with(answer) == origin
            assert "DELETE" in answer.headers["access-control-allow-methods"]
            assert "authorization" in answer.headers["access-control-allow-headers"].lower()
            assert answer.headers["access-control-max-age"] == "600"
            assert "Origin" in answer.headers["vary"]


@pytest.mark.parametrize(
    "wanted",
    [
        {"Access-Control-Request-Method": "PURGE"},
        {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "x-forwarded-for"},
    ],
    ids=["method", "header"],
)
async def test_cors_preflight_for_more_than_we_take_is_refused(tmp_path: Path, wanted: dict[str, str]) -> None:
    async with allowing(tmp_path, APP) as house:
        answer = await house.client.options(ME, headers={"Origin": APP, **wanted})
    assert answer.status_code == 400
    assert shared_with(answer) is None


async def test_cors_any_origin_on_loopback_shares_no_credentials(tmp_path: Path) -> None:
    async with allowing(tmp_path, "*") as house:
        for headers in ({"Origin": OTHER}, {"Origin": OTHER, "Cookie": "guildhall_access=x"}):
            answer = await house.client.get("/api/v1/health", headers=headers)
            assert shared_with(answer) in {"*", OTHER}
            assert "access-control-allow-credentials" not in answer.headers
        change = await house.client.post("/api/v1/auth/login", json={}, headers={"Origin": "*"})
        expect_problem(change, 403, "cross_site")


@pytest.mark.parametrize(
    "fields",
    [
        {"public_url": "https://guild.example.org", "http": HttpSettings(allowed_origins=("*",))},
        {"http": HttpSettings(host="0.0.0.0", allowed_origins=("*",))},
        {"public_url": "http://guild.example.org"},
    ],
    ids=["public address", "every address", "no TLS"],
)
def test_cors_any_origin_outside_loopback_starts_no_application(tmp_path: Path, fields: dict[str, object]) -> None:
    with pytest.raises(SettingsError, match="outside loopback"):
        create_app(memory_container(settings(tmp_path, **fields)))
