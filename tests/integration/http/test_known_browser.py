"""The cookie by which a browser is known at an account: what it is, and what it does while everybody guesses at it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import count
from pathlib import Path

import httpx
import jwt
import pytest
from dependency_injector import providers

from adapters.memory import ManualClock
from adapters.security.keys import SigningKey, SigningKeys
from adapters.security.tokens import JwtTokenIssuer
from domain.identity import OPERATOR, TelegramProfile
from entrypoints.container import memory_container
from entrypoints.settings import Secret, TelegramSettings
from tests.integration.http.house import PASSWORD, House, expect_problem, running, settings
from tests.integration.http.mailbox import Mailbox
from tests.support.telegram import BOT_TOKEN, Signer

AUTH = "/api/v1/auth"
NAME = "guildhall_browser"
RIGHT = {"username": "ada", "password": PASSWORD, "mode": "cookie"}
NEW = "a whole new sentence"
WRONG = {**RIGHT, "password": "the wrong password"}
GUESSERS = 12


async def known(house: House, name: str = "ada") -> str:
    """What a browser keeps that signed in to this account at home."""
    async with house.browser() as browser:
        answer = await browser.post(f"{AUTH}/login", json={**RIGHT, "username": name})
        assert answer.status_code == 200, answer.text
        return str(browser.cookies[NAME])


async def login(house: House, address: str, cookie: str | None = None, **body: str | None) -> httpx.Response:
    """Trying to sign in from this address, in a browser that keeps this cookie."""
    async with house.browser((address, 1)) as browser:
        if cookie is not None:
            browser.cookies.set(NAME, cookie, domain="127.0.0.1", path=AUTH)
        return await browser.post(f"{AUTH}/login", json={**RIGHT, **body})


@asynccontextmanager
async def flood(house: House, name: str = "ada") -> AsyncIterator[None]:
    """Guesses at the account without end, each from another address, more than may wait."""
    numbers = count()

    async def guess() -> int:
        number = next(numbers)
        address = f"11.{number >> 16}.{number >> 8 & 255}.{number & 255}"
        return (await login(house, address, username=name, password="the wrong password")).status_code

    assert {await guess() for _ in range(100)} == {401}

    async def go_on() -> None:
        while True:
            await guess()
            await asyncio.sleep(0.01)

    guessers = [asyncio.create_task(go_on()) for _ in range(GUESSERS)]
    await asyncio.sleep(0.2)
    try:
        yield
    finally:
        assert not any(task.done() for task in guessers)
        for task in guessers:
            task.cancel()
        await asyncio.gather(*guessers, return_exceptions=True)


def refused(answer: httpx.Response) -> None:
    expect_problem(answer, 429, "too_many_requests")
    assert int(answer.headers["retry-after"]) >= 1


def attributes(answer: httpx.Response) -> str:
    (found,) = (cookie for cookie in answer.headers.get_list("set-cookie") if cookie.startswith(f"{NAME}="))
    return str(found)


async def test_known_browser_signs_in_from_a_new_address_while_everybody_guesses(house: House) -> None:
    await house.person("ada")
    cookie = await known(house)

    async with flood(house):
        for number in range(5):
            refused(await login(house, f"198.51.100.{number}"))
            owner = await asyncio.wait_for(login(house, f"192.0.2.{number}", cookie), 2)
            assert owner.status_code == 200


async def test_known_browsers_stolen_cookie_buys_five_guesses_and_no_more(house: House) -> None:
    await house.person("ada")
    stolen = await known(house)

    async with flood(house):
        answers = [
            await login(house, f"198.51.100.{number}", stolen, password=f"guess number {number}") for number in range(9)
        ]
        assert [answer.status_code for answer in answers] == [401] * 5 + [429] * 4
        refused(answers[-1])
        refused(await login(house, "198.51.100.99", stolen))


async def test_known_browser_signs_in_where_a_stranger_at_its_address_used_up_the_failures(house: House) -> None:
    await house.person("ada")
    await house.person("eve")
    own, foreign, office = await known(house), await known(house, "eve"), "203.0.113.99"
    for number in range(5):
        expect_problem(await login(house, office, password=f"guess number {number}"), 401, "invalid_credentials")

    refused(await login(house, office))
    refused(await login(house, office, foreign))
    assert (await login(house, office, own)).status_code == 200
    by_email = {"username": None, "email": "ada@example.org"}
    assert (await login(house, office, own, **by_email)).status_code == 200
    # Stolen, it buys five guesses there, and no more.
    guesses = [await login(house, office, own, password=f"guess number {number}") for number in range(7)]
    assert [answer.status_code for answer in guesses] == [401] * 5 + [429] * 2
    refused(await login(house, office, own))


async def test_known_browsers_cookie_is_ignored_where_it_is_forged_or_anothers(house: House) -> None:
    await house.person("ada")
    await house.person("eve")
    own, foreign = await known(house), await known(house, "eve")
    access = (await house.person("ida")).access_token

    async with flood(house):
        for number, cookie in enumerate((foreign, access, own[:-2], own.replace(".", "", 1), "", "x" * 3_000, '"')):
            refused(await login(house, f"198.51.100.{number}", cookie))
        assert (await login(house, "192.0.2.1", own)).status_code == 200


async def test_known_browser_tells_nothing_of_an_account_that_there_is_not(house: House) -> None:
    await house.person("eve")
    cookie, told = await known(house, "eve"), []

    for name in ("ada", "nobody"):
        if name == "ada":
            await house.person("ada")
        async with flood(house, name):
            answer = await login(house, f"198.51.100.{len(name)}", cookie, username=name)
            refused(answer)
            assert "set-cookie" not in answer.headers
            told.append(answer.json()["detail"])

    assert told[0] == told[1]


@pytest.mark.parametrize("way", ["change", "reset", "first"])
async def test_known_browser_from_before_another_password_is_a_stranger_and_the_one_that_set_it_known(
    tmp_path: Path, way: str
) -> None:
    container = memory_container(settings(tmp_path))
    mailbox = Mailbox(container)
    async with running(container) as house, house.browser() as browser:
        name = "ada"
        if way == "first":
            member, _ = await container.member_service().bootstrap_owner()
            name = str(member.username)
            link = await container.member_service().sign_in_link(OPERATOR, member.id)
            await browser.post(f"{AUTH}/login-link", json={"token": link.token, "mode": "cookie"})
        else:
            await house.person(name)
            await browser.post(f"{AUTH}/login", json=RIGHT)
        old, csrf = str(browser.cookies[NAME]), {"X-CSRF-Token": str(browser.cookies["guildhall_csrf"])}

        if way == "change":
            body = {"current_password": PASSWORD, "new_password": NEW}
            answer = await browser.put(f"{AUTH}/password", headers=csrf, json=body)
        elif way == "first":
            answer = await browser.post(f"{AUTH}/password", headers=csrf, json={"new_password": NEW})
        else:
            await browser.post(f"{AUTH}/password-reset", json={"email": "ada@example.org"})
            body = {"token": await mailbox.token("ada@example.org"), "password": NEW, "mode": "cookie"}
            answer = await browser.post(f"{AUTH}/password-reset/confirm", json=body)
        assert answer.status_code == (200 if way == "reset" else 204), answer.text
        assert "HttpOnly" in attributes(answer)
        new = str(browser.cookies[NAME])

        async with flood(house, name):
            told = set()
            for number in range(5):
                told.add((await login(house, f"198.51.100.{number}", old, username=name, password=NEW)).status_code)
                owner = await asyncio.wait_for(login(house, f"192.0.2.{number}", new, username=name, password=NEW), 2)
                assert owner.status_code == 200
            # A stranger may find a place between two guesses; a browser that is known needs none.
            assert 429 in told


async def test_known_browser_is_none_after_a_change_with_a_bearer_token(house: House) -> None:
    ada = await house.person("ada")
    async with house.browser() as client:
        body = {"current_password": PASSWORD, "new_password": NEW}
        answer = await client.put(f"{AUTH}/password", headers=ada.headers, json=body)

    assert (answer.status_code, answer.headers.get_list("set-cookie")) == (204, [])


async def test_known_browsers_cookie_without_a_stamp_counts_as_none(tmp_path: Path) -> None:
    key = SigningKey("k", b"k" * 32)
    container = memory_container(settings(tmp_path))
    container.tokens.override(providers.Object(JwtTokenIssuer(SigningKeys([key]))))
    async with running(container) as house:
        ada = await house.person("ada")
        now = int(container.clock().now().timestamp())
        claims = {"sub": str(ada.id), "type": "browser", "jti": "nonce", "iat": now, "exp": now + 1_000}
        old = jwt.encode(claims, key.material, algorithm="HS256", headers={"kid": "k"})

        assert (await login(house, "192.0.2.1", old)).status_code == 200
        async with flood(house):
            told = {(await login(house, f"198.51.100.{number}", old)).status_code for number in range(5)}
        assert 429 in told


async def test_known_browsers_cookie_is_hidden_long_lived_and_outlasts_the_sign_in(house: House) -> None:
    await house.person("ada")
    async with house.browser() as browser:
        answer = await browser.post(f"{AUTH}/login", json=RIGHT)
        cookie = attributes(answer)
        told = dict(part.strip().partition("=")[::2] for part in cookie.split(";")[1:])
        assert 179 < int(told.pop("Max-Age")) / 86_400 <= 180
        assert told == {"HttpOnly": "", "SameSite": "lax", "Path": AUTH}
        csrf = {"X-CSRF-Token": str(browser.cookies["guildhall_csrf"])}
        assert (await browser.post(f"{AUTH}/logout", headers=csrf)).status_code == 204
        assert set(browser.cookies) == {NAME}
        # It opens nothing.
        expect_problem(await browser.get(f"{AUTH}/me"), 401, "not_signed_in")
        expect_problem(await browser.post(f"{AUTH}/refresh", json={"mode": "cookie"}), 401, "invalid_token")


async def test_known_browser_of_a_deleted_member_keeps_nothing(house: House) -> None:
    await house.person("ada")
    async with house.browser() as browser:
        await browser.post(f"{AUTH}/login", json=RIGHT)
        csrf = {"X-CSRF-Token": str(browser.cookies["guildhall_csrf"])}
        before = set(browser.cookies)
        gone = await browser.request("DELETE", f"{AUTH}/me", headers=csrf, json={"password": PASSWORD})

    assert NAME in before
    assert (gone.status_code, set(browser.cookies)) == (204, set())


@pytest.mark.parametrize("mode", ["cookie", "bearer"])
async def test_known_browser_is_made_by_every_way_to_sign_in_with_cookies(tmp_path: Path, mode: str) -> None:
    bot = TelegramSettings(bot_token=Secret(BOT_TOKEN))
    async with running(memory_container(settings(tmp_path, telegram=bot))) as house:
        ada, now = await house.person("ada"), house.container.clock().now()
        link = await house.container.member_service().sign_in_link(OPERATOR, ada.id)
        widget = Signer().vouch_for_widget(TelegramProfile(1, None, "Tom"), now)
        init_data = Signer().vouch_for_mini_app(TelegramProfile(1, None, "Tom"), now)
        answers = [
            await house.client.post(f"{AUTH}/login", json={**RIGHT, "mode": mode}),
            await house.client.post(f"{AUTH}/login-link", json={"token": link.token, "mode": mode}),
            await house.client.post(f"{AUTH}/telegram?mode={mode}", json=widget),
            await house.client.post(f"{AUTH}/telegram/mini-app", json={"init_data": init_data, "mode": mode}),
        ]

    assert [answer.status_code for answer in answers] == [200] * 4
    for answer in answers:
        assert any(each.startswith(NAME) for each in answer.headers.get_list("set-cookie")) is (mode == "cookie")


async def test_known_browser_stays_known_through_rotations_by_refreshing(tmp_path: Path) -> None:
    container = memory_container(settings(tmp_path))
    clock = ManualClock(container.clock().now())
    container.clock.override(providers.Object(clock))
    old, new, newest = (SigningKey(f"k{number}", bytes([number]) * 32) for number in range(3))

    def sign_with(*keys: SigningKey) -> None:
        container.tokens.override(providers.Object(JwtTokenIssuer(SigningKeys(keys))))
        for provider in (container.known_browsers, container.sign_in_opener, container.password_check):
            provider.reset()
        container.auth_service.reset()

    sign_with(old)
    async with running(container) as house, house.browser() as browser:
        await house.person("ada")
        await browser.post(f"{AUTH}/login", json=RIGHT)
        first = str(browser.cookies[NAME])
        clock.advance(timedelta(days=1))
        sign_with(new, old)
        assert (await browser.post(f"{AUTH}/refresh", json={"mode": "cookie"})).status_code == 200
        second = str(browser.cookies[NAME])
        sign_with(newest, new)
        read = container.known_browsers().recognise

        assert second != first
        assert (read(first), read(second) is None) == (None, False)
        # Nobody becomes known by refreshing: each new one would buy five more guesses.
        browser.cookies.delete(NAME)
        assert (await browser.post(f"{AUTH}/refresh", json={"mode": "cookie"})).status_code == 200
        assert NAME not in browser.cookies
