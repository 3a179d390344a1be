"""One's own account over HTTP: names, password, email, sign-ins, data."""

import json
from uuid import uuid4

import httpx
import pytest

from domain.identity import OPERATOR, Role
from tests.integration.http.house import PASSWORD, House, Person, expect_problem
from tests.integration.http.mailbox import Mailbox

AUTH = "/api/v1/auth"
NEW = "a whole new password"


@pytest.fixture
def mailbox(house: House) -> Mailbox:
    return Mailbox(house.container)


async def signs_in(house: House, password: str, username: str = "ada") -> bool:
    answer = await house.client.post(f"{AUTH}/login", json={"username": username, "password": password})
    return answer.status_code == 200


async def another_sign_in(house: House, name: str = "ada", **headers: str) -> dict[str, str]:
    """The headers of one more sign-in of this person."""
    body = {"username": name, "password": PASSWORD}
    answer = await house.client.post(f"{AUTH}/login", json=body, headers=headers)
    return {"Authorization": f"Bearer {answer.raise_for_status().json()['access_token']}"}


async def me(house: House, headers: dict[str, str]) -> httpx.Response:
    return await house.client.get(f"{AUTH}/me", headers=headers)


async def test_account_change_needs_the_password_and_takes_effect(house: House, mailbox: Mailbox) -> None:
    ada = await house.person("ada")
    wrong = await house.client.patch(f"{AUTH}/me", headers=ada.headers, json={"password": "no", "username": "lovelace"})
    expect_problem(wrong, 401, "invalid_credentials")
    body = {"password": PASSWORD, "username": "lovelace", "email": "lovelace@example.org"}
    answer = await house.client.patch(f"{AUTH}/me", headers=ada.headers, json=body)
    assert (answer.json()["username"], answer.json()["email"]) == ("lovelace", "lovelace@example.org")
    assert answer.json()["email_verified"] is False
    assert "lovelace@example.org" in [mail.to for mail in await mailbox.mails()]
    assert await signs_in(house, PASSWORD, "lovelace")


async def test_account_change_to_a_taken_or_bad_name_names_the_field(house: House) -> None:
    ada = await house.person("ada")
    await house.person("eve")
    taken = await house.client.patch(f"{AUTH}/me", headers=ada.headers, json={"password": PASSWORD, "username": "EVE"})
    assert expect_problem(taken, 409, "conflict")["details"]["field"] == "username"
    bad = await house.client.patch(f"{AUTH}/me", headers=ada.headers, json={"password": PASSWORD, "email": "nowhere"})
    assert expect_problem(bad, 422, "invalid")["errors"][0]["field"] == "email"


async def test_password_change_ends_other_sign_ins_and_keeps_this_one(house: House) -> None:
    ada = await house.person("ada")
    other = await another_sign_in(house)
    body = {"current_password": PASSWORD, "new_password": NEW}
    assert (await house.client.put(f"{AUTH}/password", headers=ada.headers, json=body)).status_code == 204
    assert (await me(house, ada.headers)).status_code == 200
    expect_problem(await me(house, other), 401, "invalid_token")
    assert not await signs_in(house, PASSWORD)
    assert await signs_in(house, NEW)


async def test_password_change_with_wrong_or_short_password_changes_nothing(house: House) -> None:
    ada = await house.person("ada")
    wrong = {"current_password": "not this one", "new_password": NEW}
    answer = await house.client.put(f"{AUTH}/password", headers=ada.headers, json=wrong)
    expect_problem(answer, 401, "invalid_credentials")
    short = {"current_password": PASSWORD, "new_password": "short"}
    problem = expect_problem(
        await house.client.put(f"{AUTH}/password", headers=ada.headers, json=short), 422, "invalid"
    )
    assert problem["errors"][0]["field"] == "new_password"
    assert await signs_in(house, PASSWORD)


async def test_password_reset_by_mail_signs_in_once_and_ends_all_others(house: House, mailbox: Mailbox) -> None:
    ada = await house.person("ada")
    asked = await house.client.post(f"{AUTH}/password-reset", json={"email": "ADA@example.org"})
    assert asked.status_code == 202
    body = {"token": await mailbox.token("ada@example.org"), "password": NEW}
    short = await house.client.post(f"{AUTH}/password-reset/confirm", json={**body, "password": "short"})
    expect_problem(short, 422, "invalid")
    answer = await house.client.post(f"{AUTH}/password-reset/confirm", json=body)
    assert answer.status_code == 200
    expect_problem(await me(house, ada.headers), 401, "invalid_token")
    signed_in = await me(house, {"Authorization": f"Bearer {answer.json()['access_token']}"})
    assert signed_in.json()["email_verified"] is True
    again = await house.client.post(f"{AUTH}/password-reset/confirm", json=body)
    expect_problem(again, 401, "invalid_token")
    assert await signs_in(house, NEW)


async def test_password_reset_for_nobody_answers_the_same_and_sends_nothing(house: House, mailbox: Mailbox) -> None:
    await house.person("ada")
    await mailbox.mails()
    known = await house.client.post(f"{AUTH}/password-reset", json={"email": "ada@example.org"})
    unknown = await house.client.post(f"{AUTH}/password-reset", json={"email": "nobody@example.org"})
    assert known.status_code == unknown.status_code == 202
    assert known.content == unknown.content
    assert dict(known.headers).keys() == dict(unknown.headers).keys()
    assert {mail.to for mail in await mailbox.mails()} == {"ada@example.org"}


async def test_password_reset_in_a_browser_gives_cookies(house: House, mailbox: Mailbox) -> None:
    await house.person("ada")
    async with house.browser() as browser:
        await browser.post(f"{AUTH}/password-reset", json={"email": "ada@example.org"})
        body = {"token": await mailbox.token("ada@example.org"), "password": NEW, "mode": "cookie"}
        answer = await browser.post(f"{AUTH}/password-reset/confirm", json=body)
        assert answer.json()["access_token"] is None
        assert (await browser.get(f"{AUTH}/me")).status_code == 200


@pytest.mark.parametrize("token", ["", "x", "é" * 50, "0" * 5_000])
async def test_mailed_links_with_garbage_tokens_are_refused(house: House, token: str) -> None:
    reset = await house.client.post(f"{AUTH}/password-reset/confirm", json={"token": token, "password": NEW})
    expect_problem(reset, 401, "invalid_token")
    verify = await house.client.post(f"{AUTH}/verify-email/confirm", json={"token": token})
    expect_problem(verify, 401, "invalid_token")


async def test_email_verification_by_mail_works_once(house: House, mailbox: Mailbox) -> None:
    ada = await house.person("ada")
    assert (await house.client.post(f"{AUTH}/verify-email", headers=ada.headers)).status_code == 202
    body = {"token": await mailbox.token("ada@example.org")}
    reset = {**body, "password": NEW}
    expect_problem(await house.client.post(f"{AUTH}/password-reset/confirm", json=reset), 401, "invalid_token")
    assert (await house.client.post(f"{AUTH}/verify-email/confirm", json=body)).status_code == 204
    assert (await me(house, ada.headers)).json()["email_verified"] is True
    expect_problem(await house.client.post(f"{AUTH}/verify-email/confirm", json=body), 401, "invalid_token")
    expect_problem(await house.client.post(f"{AUTH}/verify-email", headers=ada.headers), 409, "conflict")


async def test_sign_ins_are_listed_with_where_they_are_and_which_asks(house: House) -> None:
    ada = await house.person("ada")
    await house.person("eve")
    await another_sign_in(house, **{"User-Agent": "telephone/1"})
    answer = await house.client.get(f"{AUTH}/sessions", headers=ada.headers)
    newest, oldest = answer.json()["items"]
    assert newest["user_agent"] == "telephone/1"
    assert newest["ip"] == "203.0.113.7"
    assert (newest["is_current"], oldest["is_current"]) == (False, True)


async def test_sign_ins_are_listed_page_by_page(house: House) -> None:
    ada = await house.person("ada")
    for _ in range(3):
        await another_sign_in(house)
    whole = (await house.client.get(f"{AUTH}/sessions", headers=ada.headers)).json()
    first = (await house.client.get(f"{AUTH}/sessions?limit=3", headers=ada.headers)).json()
    second = (
        await house.client.get(f"{AUTH}/sessions?limit=3&cursor={first['next_cursor']}", headers=ada.headers)
    ).json()
    assert (len(whole["items"]), whole["next_cursor"], second["next_cursor"]) == (4, None, None)
    assert first["items"] + second["items"] == whole["items"]
    broken = await house.client.get(f"{AUTH}/sessions?cursor=broken", headers=ada.headers)
    expect_problem(broken, 400, "malformed")


async def test_sign_in_ended_stops_at_once_and_others_go_on(house: House) -> None:
    ada = await house.person("ada")
    other, third = await another_sign_in(house), await another_sign_in(house)
    listed = (await house.client.get(f"{AUTH}/sessions", headers=other)).json()["items"]
    mine = next(each["id"] for each in listed if each["is_current"])
    assert (await house.client.delete(f"{AUTH}/sessions/{mine}", headers=ada.headers)).status_code == 204
    expect_problem(await me(house, other), 401, "invalid_token")
    expect_problem(await house.client.delete(f"{AUTH}/sessions/{mine}", headers=ada.headers), 404, "not_found")
    assert (await me(house, third)).status_code == 200
    assert (await house.client.delete(f"{AUTH}/sessions", headers=ada.headers)).status_code == 204
    expect_problem(await me(house, third), 401, "invalid_token")
    assert (await me(house, ada.headers)).status_code == 200


async def test_sign_in_of_another_member_is_not_found_and_goes_on(house: House) -> None:
    ada, eve = await house.person("ada"), await house.person("eve")
    (hers,) = (await house.client.get(f"{AUTH}/sessions", headers=ada.headers)).json()["items"]
    for identifier in (hers["id"], str(uuid4())):
        answer = await house.client.delete(f"{AUTH}/sessions/{identifier}", headers=eve.headers)
        expect_problem(answer, 404, "not_found")
    assert (await me(house, ada.headers)).status_code == 200


async def kept_of(house: House, ada: Person) -> dict[str, object]:
    await house.message(ada, (await house.session(ada, title="Plans"))["id"], "What is <risk>?")
    answer = await house.client.get(f"{AUTH}/me/export", headers=ada.headers)
    assert answer.status_code == 200
    assert "attachment" in answer.headers["content-disposition"]
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.headers["cache-control"] == "no-store"
    return dict(json.loads(answer.content))


async def test_account_export_holds_everything_of_oneself_and_no_secret(house: House) -> None:
    ada, eve = await house.person("ada"), await house.person("eve")
    await house.message(eve, (await house.session(eve))["id"], "Somebody else's question")
    document = await kept_of(house, ada)
    assert {"account", "sign_ins", "sessions", "messages", "audit"} <= document.keys()
    text = json.dumps(document)
    assert "What is <risk>?" in text
    assert "ada@example.org" in text
    assert "Somebody else" not in text
    assert str(eve.id) not in text
    for secret in (PASSWORD, ada.access_token, ada.refresh_token, ada.refresh_token.partition(".")[2], "_hash"):
        assert secret not in text


async def test_account_deletion_needs_the_password_and_leaves_nothing(house: House) -> None:
    ada = await house.person("ada")
    session = await house.session(ada)
    expect_problem(await house.client.delete(f"{AUTH}/me", headers=ada.headers), 422, "invalid")
    wrong = await house.client.request("DELETE", f"{AUTH}/me", headers=ada.headers, json={"password": "no"})
    expect_problem(wrong, 401, "invalid_credentials")
    gone = await house.client.request("DELETE", f"{AUTH}/me", headers=ada.headers, json={"password": PASSWORD})
    assert gone.status_code == 204
    expect_problem(await me(house, ada.headers), 401, "invalid_token")
    refreshed = await house.client.post(f"{AUTH}/refresh", json={"refresh_token": ada.refresh_token})
    expect_problem(refreshed, 401, "invalid_token")
    assert not await signs_in(house, PASSWORD)
    root = await house.person("root", Role.OWNER)
    expect_problem(await house.client.get(f"/api/v1/members/{ada.id}", headers=root.headers), 404, "not_found")
    assert session["id"] not in (await house.client.get("/api/v1/chat/sessions", headers=root.headers)).text


async def test_account_deletion_in_a_browser_takes_its_cookies(house: House) -> None:
    await house.person("ada")
    async with house.browser() as browser:
        await browser.post(f"{AUTH}/login", json={"username": "ada", "password": PASSWORD, "mode": "cookie"})
        csrf = {"X-CSRF-Token": str(browser.cookies.get("guildhall_csrf"))}
        unproved = await browser.request("DELETE", f"{AUTH}/me", json={"password": PASSWORD})
        expect_problem(unproved, 403, "csrf_failed")
        assert (
            await browser.request("DELETE", f"{AUTH}/me", json={"password": PASSWORD}, headers=csrf)
        ).status_code == 204
        assert not browser.cookies


async def test_account_deletion_of_the_last_owner_is_a_conflict(house: House) -> None:
    root = await house.person("root", Role.OWNER)
    body = {"password": PASSWORD}
    answer = await house.client.request("DELETE", f"{AUTH}/me", headers=root.headers, json=body)
    expect_problem(answer, 409, "conflict")
    second = await house.person("second", Role.OWNER)
    answer = await house.client.request("DELETE", f"{AUTH}/me", headers=root.headers, json=body)
    assert answer.status_code == 204
    assert (await me(house, second.headers)).json()["role"] == "OWNER"


async def test_account_without_password_is_deleted_without_one(house: House) -> None:
    owner, _ = await house.container.member_service().bootstrap_owner()
    await house.person("second", Role.OWNER)
    link = await house.container.member_service().sign_in_link(OPERATOR, owner.id)
    signed_in = (await house.client.post(f"{AUTH}/login-link", json={"token": link.token})).json()
    headers = {"Authorization": f"Bearer {signed_in['access_token']}"}
    assert (await house.client.delete(f"{AUTH}/me", headers=headers)).status_code == 204
    expect_problem(await me(house, headers), 401, "invalid_token")
