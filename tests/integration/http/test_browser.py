"""Signing in with cookies: what a browser gets, and what other sites cannot do with it."""

from pathlib import Path

import httpx
import pytest

from domain.identity import Role
from entrypoints.container import memory_container
from entrypoints.settings import HttpSettings
from tests.integration.http.house import PASSWORD, House, expect_problem, running, settings

AUTH = "/api/v1/auth"
SESSIONS = "/api/v1/chat/sessions"


async def signed_in(house: House, browser: httpx.AsyncClient, name: str = "ada") -> httpx.Response:
    await house.person(name)
    body = {"username": name, "password": PASSWORD, "mode": "cookie"}
    return (await browser.post(f"{AUTH}/login", json=body)).raise_for_status()


def csrf(browser: httpx.AsyncClient) -> dict[str, str]:
    return {"X-CSRF-Token": str(browser.cookies.get("guildhall_csrf"))}


def attributes(answer: httpx.Response, name: str) -> str:
    return next(cookie for cookie in answer.headers.get_list("set-cookie") if cookie.startswith(f"{name}="))


async def test_cookie_login_keeps_tokens_out_of_the_body(house: House) -> None:
    async with house.browser() as browser:
        answer = await signed_in(house, browser)
    assert answer.json()["access_token"] is None
    assert answer.json()["refresh_token"] is None
    access, refresh, token = (attributes(answer, f"guildhall_{kind}") for kind in ("access", "refresh", "csrf"))
    assert "HttpOnly" in access
    assert "SameSite=lax" in access
    assert "Path=/;" in access
    assert "HttpOnly" in refresh
    assert "Path=/api/v1/auth" in refresh
    assert "HttpOnly" not in token
    assert "Secure" not in access


async def test_cookie_login_on_public_address_is_secure(tmp_path: Path) -> None:
    container = memory_container(settings(tmp_path, public_url="https://guild.example.org"))
    async with running(container) as house, house.browser() as browser:
        answer = await signed_in(house, browser)
    assert all("Secure" in cookie for cookie in answer.headers.get_list("set-cookie"))
    assert answer.headers["strict-transport-security"].startswith("max-age=")


async def test_cookie_identity_reads_without_csrf_token(house: House) -> None:
    async with house.browser() as browser:
        await signed_in(house, browser)
        assert (await browser.get(f"{AUTH}/me")).json()["username"] == "ada"


async def test_cookie_change_without_csrf_token_is_refused(house: House) -> None:
    async with house.browser() as browser:
        await signed_in(house, browser)
        expect_problem(await browser.post(SESSIONS, json={}), 403, "csrf_failed")
        assert (await browser.post(SESSIONS, json={}, headers=csrf(browser))).status_code == 201


async def test_csrf_token_of_another_sign_in_is_refused(house: House) -> None:
    async with house.browser() as ada, house.browser() as eve:
        await signed_in(house, ada, "ada")
        await signed_in(house, eve, "eve")
        foreign = csrf(eve)
        ada.cookies.set("guildhall_csrf", foreign["X-CSRF-Token"], domain="127.0.0.1", path="/")
        expect_problem(await ada.post(SESSIONS, json={}, headers=foreign), 403, "csrf_failed")


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://other.127.0.0.1"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:8000.evil.example"},
        {"Origin": "http://["},
    ],
    ids=str,
)
async def test_change_from_another_site_is_refused_everywhere(house: House, headers: dict[str, str]) -> None:
    async with house.browser() as browser:
        await signed_in(house, browser)
        expect_problem(await browser.post(SESSIONS, json={}, headers=headers | csrf(browser)), 403, "cross_site")
        for path in ("register", "login", "login-link", "refresh", "logout"):
            expect_problem(await browser.post(f"{AUTH}/{path}", json={}, headers=headers), 403, "cross_site")


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "same-origin", "Origin": "http://127.0.0.1:8000"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "http://127.0.0.1:8000"},
        {"Origin": "HTTP://LOCALHOST:8000", "Host": "localhost:8000"},
        {},
    ],
    ids=str,
)
async def test_change_from_own_page_is_taken(house: House, headers: dict[str, str]) -> None:
    async with house.browser() as browser:
        await signed_in(house, browser)
        assert (await browser.post(SESSIONS, json={}, headers=headers | csrf(browser))).status_code == 201


async def test_change_from_allowed_origin_is_taken(tmp_path: Path) -> None:
    http = HttpSettings(allowed_origins=("https://app.example.org",))
    async with running(memory_container(settings(tmp_path, http=http))) as house, house.browser() as browser:
        await signed_in(house, browser)
        headers = {"Origin": "https://app.example.org", "Sec-Fetch-Site": "cross-site", **csrf(browser)}
        answer = await browser.post(SESSIONS, json={}, headers=headers)
    assert answer.status_code == 201
    assert answer.headers["access-control-allow-origin"] == "https://app.example.org"
    assert answer.headers["access-control-allow-credentials"] == "true"


async def test_bearer_from_any_site_needs_no_csrf_token(house: House) -> None:
    ada = await house.person("ada")
    headers = {**ada.headers, "Origin": "https://elsewhere.example", "Sec-Fetch-Site": "cross-site"}
    assert (await house.client.post(SESSIONS, json={}, headers=headers)).status_code == 201


async def test_header_beside_cookie_wins(house: House) -> None:
    eve = await house.person("eve", Role.SUBSCRIBER)
    async with house.browser() as browser:
        await signed_in(house, browser)
        assert (await browser.get(f"{AUTH}/me", headers=eve.headers)).json()["username"] == "eve"
        bad = {"Authorization": "Bearer nonsense"}
        expect_problem(await browser.get(f"{AUTH}/me", headers=bad), 401, "invalid_token")


async def test_stale_cookie_does_not_lock_the_browser_out(house: House) -> None:
    async with house.browser() as browser:
        await signed_in(house, browser)
        await browser.post(f"{AUTH}/logout", headers=csrf(browser))
        for name, path in (("access", "/"), ("refresh", AUTH)):
            browser.cookies.set(f"guildhall_{name}", "stale", domain="127.0.0.1", path=path)
        expect_problem(await browser.get(f"{AUTH}/me"), 401, "invalid_token")
        assert (await browser.get("/api/v1/health")).status_code == 200
        assert (await browser.post(f"{AUTH}/logout")).status_code == 204
        assert set(browser.cookies) == {"guildhall_browser"}
        body = {"username": "ada", "password": PASSWORD, "mode": "cookie"}
        assert (await browser.post(f"{AUTH}/login", json=body)).status_code == 200


async def test_logout_with_only_the_refresh_cookie_ends_the_sign_in(house: House) -> None:
    async with house.browser() as browser:
        await signed_in(house, browser)
        access = str(browser.cookies.get("guildhall_access"))
        browser.cookies.delete("guildhall_access")
        assert (await browser.post(f"{AUTH}/logout")).status_code == 204
    answer = await house.client.get(f"{AUTH}/me", headers={"Authorization": f"Bearer {access}"})
    expect_problem(answer, 401, "invalid_token")


async def test_cookie_refresh_replaces_all_three_cookies(house: House) -> None:
    async with house.browser() as browser:
        await signed_in(house, browser)
        browser.cookies.delete("guildhall_access")
        before = dict(browser.cookies)
        answer = await browser.post(f"{AUTH}/refresh", json={"mode": "cookie"})
        assert answer.json()["access_token"] is None
        assert browser.cookies["guildhall_refresh"] != before["guildhall_refresh"]
        assert (await browser.post(SESSIONS, json={}, headers=csrf(browser))).status_code == 201
