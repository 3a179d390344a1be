"""How often one may try, over HTTP: 429 with `Retry-After`, for the one who tries and for nobody else."""

import ipaddress
from pathlib import Path

import httpx
import pytest

from application.ports.audit import AuditFilter
from domain.identity import UNKNOWN_DEVICE, AuditAction
from entrypoints.container import memory_container
from tests.integration.http.house import PASSWORD, House, expect_problem, running, settings
from tests.integration.http.served import served

AUTH = "/api/v1/auth"
WRONG = {"username": "ada", "password": "the wrong password"}
RIGHT = {"username": "ada", "password": PASSWORD}


def refused(answer: httpx.Response) -> int:
    """After how many seconds it is worth another try."""
    expect_problem(answer, 429, "too_many_requests")
    return int(answer.headers["retry-after"])


async def test_limit_of_sign_in_failures_is_the_account_and_address(house: House) -> None:
    await house.person("ada")
    await house.person("eve")
    for _ in range(5):
        expect_problem(await house.client.post(f"{AUTH}/login", json=WRONG), 401, "invalid_credentials")
    assert 0 < refused(await house.client.post(f"{AUTH}/login", json=RIGHT)) <= 900
    assert (await house.client.post(f"{AUTH}/login", json={**RIGHT, "username": "eve"})).status_code == 200
    async with house.browser(("198.51.100.9", 1)) as elsewhere:
        assert (await elsewhere.post(f"{AUTH}/login", json=RIGHT)).status_code == 200


async def test_limit_of_sign_in_failures_is_one_for_all_names_of_an_account(house: House) -> None:
    await house.person("ada")
    names = {"username": {"username": "ada"}, "email": {"email": "Ada@example.org"}}

    async def login(name: str, password: str) -> httpx.Response:
        return await house.client.post(f"{AUTH}/login", json={**names[name], "password": password})

    for name in ("email", "username", "email", "username", "email"):
        expect_problem(await login(name, "the wrong password"), 401, "invalid_credentials")
    told = []
    for name in names:
        answer = await login(name, PASSWORD)
        assert 0 < refused(answer) <= 900
        told.append((answer.json()["title"], answer.json()["detail"]))
    assert told[0] == told[1]
    async with house.browser(("198.51.100.9", 1)) as elsewhere:
        assert (await elsewhere.post(f"{AUTH}/login", json=RIGHT)).status_code == 200


async def test_limit_treats_unknown_accounts_alike(house: House) -> None:
    body = {"username": "nobody", "password": PASSWORD}
    codes = [(await house.client.post(f"{AUTH}/login", json=body)).status_code for _ in range(6)]
    assert codes == [401, 401, 401, 401, 401, 429]


async def test_limit_of_failures_from_one_address_counts_all_accounts(house: House) -> None:
    await house.person("ada")
    for number in range(30):
        await house.client.post(f"{AUTH}/login", json={**WRONG, "username": f"person{number}"})
    assert 0 < refused(await house.client.post(f"{AUTH}/login", json=RIGHT)) <= 900


async def test_limit_of_registrations_from_one_address(house: House) -> None:
    async def register(number: int) -> httpx.Response:
        body = {"username": f"person{number}", "password": PASSWORD}
        return await house.client.post(f"{AUTH}/register", json=body)

    assert [(await register(number)).status_code for number in range(10)] == [201] * 10
    assert 0 < refused(await register(10)) <= 3600


async def test_limit_of_password_resets_by_address_typed_tells_nothing(house: House) -> None:
    await house.person("ada")
    for email in ("ada@example.org", "nobody@example.org"):
        answers = []
        for number in range(11):
            async with house.browser((f"198.51.{len(email)}.{number // 3}", 1)) as browser:
                answers.append(await browser.post(f"{AUTH}/password-reset", json={"email": email}))
        assert [answer.status_code for answer in answers] == [202] * 10 + [429]
        refused(answers[-1])


async def test_limit_of_password_resets_for_an_email_from_one_address_leaves_those_of_others(house: House) -> None:
    await house.person("ada")
    for email in ("ada@example.org", "nobody@example.org"):
        async with house.browser((f"198.51.{len(email)}.1", 1)) as stranger:
            answers = [await stranger.post(f"{AUTH}/password-reset", json={"email": email}) for _ in range(4)]
        assert [answer.status_code for answer in answers] == [202, 202, 202, 429]
        refused(answers[-1])
        async with house.browser((f"198.51.{len(email)}.2", 1)) as owner:
            assert (await owner.post(f"{AUTH}/password-reset", json={"email": email})).status_code == 202


async def test_limit_counts_ipv6_neighbours_as_one(house: House) -> None:
    await house.person("ada")
    for number in range(5):
        async with house.browser((f"2001:db8::{number}", 1)) as browser:
            await browser.post(f"{AUTH}/login", json=WRONG)
    async with house.browser(("2001:db8::ffff", 1)) as browser:
        refused(await browser.post(f"{AUTH}/login", json=RIGHT))
    async with house.browser(("2001:db8:0:1::1", 1)) as browser:
        assert (await browser.post(f"{AUTH}/login", json=RIGHT)).status_code == 200


@pytest.mark.parametrize("trusted", [False, True], ids=["untrusted", "trusted"])
async def test_limit_counts_forwarded_addresses_of_trusted_proxies_only(tmp_path: Path, trusted: bool) -> None:
    proxies = (ipaddress.ip_network("127.0.0.0/8"),) if trusted else ()
    async with served(memory_container(settings(tmp_path, trusted_proxies=proxies))) as house:
        member = await house.container.account_service().register(None, "ada", PASSWORD, UNKNOWN_DEVICE)
        codes = []
        for number in range(6):
            headers = {"X-Forwarded-For": f"198.51.100.{number}"}
            codes.append((await house.client.post(f"{AUTH}/login", json=WRONG, headers=headers)).status_code)
        assert codes == [401] * 5 + [401 if trusted else 429]
        page = await house.container.audit_queries().page(AuditFilter(member_id=member.id), None, 50)
        failed = {line.ip for line in page.items if line.action is AuditAction.SIGN_IN_FAILED}
        assert failed == ({f"198.51.100.{number}" for number in range(6)} if trusted else {"127.0.0.1"})


async def test_limit_of_guesses_at_the_own_password_holds_for_every_door(tmp_path: Path) -> None:
    async with running(memory_container(settings(tmp_path))) as house:
        ada = await house.person("ada")
        statuses = []
        for _ in range(12):
            body = {"current_password": "the wrong password", "new_password": "a whole new password"}
            answer = await house.client.put(f"{AUTH}/password", headers=ada.headers, json=body)
            statuses.append(answer.status_code)
        assert set(statuses) == {401, 429}
        gone = await house.client.request("DELETE", f"{AUTH}/me", headers=ada.headers, json={"password": "wrong"})
        refused(gone)
