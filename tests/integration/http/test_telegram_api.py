"""Telegram accounts over HTTP: signing in with what Telegram signed, and linking."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from domain.identity import LinkRequestId, Role, TelegramProfile
from entrypoints.container import memory_container
from entrypoints.settings import Secret, TelegramSettings
from tests.integration.http.house import PASSWORD, House, Json, Person, expect_problem, running, settings
from tests.support.telegram import BOT_TOKEN, Signer

AUTH = "/api/v1/auth"
ADA = TelegramProfile(4711, "ada_telegram", "Ada", "Lovelace", "en")
EVE = TelegramProfile(4712, None, "Eve")


@dataclass(frozen=True)
class Telegram:
    """What Telegram and the bot do in a test."""

    house: House

    def widget(self, profile: TelegramProfile = ADA, age: float = 0) -> dict[str, object]:
        return Signer().vouch_for_widget(profile, self.house.container.clock().now() - timedelta(seconds=age))

    def init_data(self, profile: TelegramProfile = ADA, age: float = 0) -> str:
        return Signer().vouch_for_mini_app(profile, self.house.container.clock().now() - timedelta(seconds=age))

    async def links(self, code: str, profile: TelegramProfile = ADA) -> None:
        """The member sends the code to the bot and confirms."""
        linking = self.house.container.linking_service()
        question = await linking.present(profile, code)
        await linking.confirm(profile.telegram_id, question.request_id)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    bot = TelegramSettings(bot_token=Secret(BOT_TOKEN))
    async with running(memory_container(settings(tmp_path, telegram=bot))) as made:
        yield made


@pytest.fixture
def telegram(house: House) -> Telegram:
    return Telegram(house)


async def me(house: House, token: str) -> Json:
    answer = await house.client.get(f"{AUTH}/me", headers={"Authorization": f"Bearer {token}"})
    return dict(answer.raise_for_status().json())


async def code_of(house: House, person: Person, **body: str) -> Json:
    answer = await house.client.post(f"{AUTH}/link-code", headers=person.headers, json=body)
    return dict(answer.raise_for_status().json())


async def test_telegram_widget_signs_an_unknown_account_in_as_new_member(house: House, telegram: Telegram) -> None:
    answer = await house.client.post(f"{AUTH}/telegram", json=telegram.widget())
    member = await me(house, answer.raise_for_status().json()["access_token"])
    assert member["email"] is None
    assert member["role"] == "PUBLIC"
    assert member["has_password"] is False
    assert member["telegram"]["telegram_id"] == 4711
    again = await house.client.post(f"{AUTH}/telegram", json=telegram.widget(age=5))
    assert again.json()["member_id"] == member["id"]


async def test_telegram_mini_app_in_a_browser_gives_cookies(house: House, telegram: Telegram) -> None:
    async with house.browser() as browser:
        body = {"init_data": telegram.init_data(), "mode": "cookie"}
        answer = await browser.post(f"{AUTH}/telegram/mini-app", json=body)
        assert answer.json()["access_token"] is None
        assert (await browser.get(f"{AUTH}/me")).json()["telegram"]["username"] == "ada_telegram"
    async with house.browser() as browser:
        assert (await browser.post(f"{AUTH}/telegram?mode=cookie", json=telegram.widget())).status_code == 200
        assert (await browser.get(f"{AUTH}/me")).status_code == 200


async def test_telegram_proofs_that_do_not_hold_all_get_one_answer(house: House, telegram: Telegram) -> None:
    used, used_data = telegram.widget(), telegram.init_data()
    await house.client.post(f"{AUTH}/telegram", json=used)
    await house.client.post(f"{AUTH}/telegram/mini-app", json={"init_data": used_data})
    good, data = telegram.widget(EVE), telegram.init_data(EVE)
    widgets: list[dict[str, object]] = [
        used,
        telegram.widget(EVE, age=16 * 60),
        telegram.widget(EVE, age=-60),
        {**good, "id": 4711},
        {**good, "hash": "0" * 64},
        {**good, "hash": ""},
        {**good, "extra": "field"},
        {name: value for name, value in good.items() if name != "hash"},
        {},
    ]
    strings = [used_data, telegram.init_data(EVE, age=16 * 60), f"{data}&user=x", data.replace("Eve", "Ada"), "", "=&="]
    answers = [await house.client.post(f"{AUTH}/telegram", json=fields) for fields in widgets]
    answers += [await house.client.post(f"{AUTH}/telegram/mini-app", json={"init_data": text}) for text in strings]
    details = {expect_problem(answer, 401, "invalid_token")["detail"] for answer in answers}
    assert len(details) == 1
    assert (await house.client.post(f"{AUTH}/telegram", json=good)).status_code == 200


@pytest.mark.parametrize("fields", [{"id": [1]}, {"id": None}, {"id": 1.5}, {"id": {"a": 1}}, [], "text", None])
async def test_telegram_fields_of_another_kind_are_malformed(house: House, fields: object) -> None:
    expect_problem(await house.client.post(f"{AUTH}/telegram", json=fields), 400, "malformed")


async def test_telegram_sign_in_without_a_bot_is_unavailable(tmp_path: Path) -> None:
    async with running(memory_container(settings(tmp_path))) as house:
        expect_problem(await house.client.post(f"{AUTH}/telegram", json={"hash": "x"}), 503, "unavailable")


async def test_telegram_sign_in_of_a_banned_member_is_refused_like_a_forged_one(
    house: House, telegram: Telegram
) -> None:
    root = await house.person("root", Role.ADMIN)
    signed_in = (await house.client.post(f"{AUTH}/telegram", json=telegram.widget())).json()
    await house.client.put(f"/api/v1/members/{signed_in['member_id']}/ban", headers=root.headers)
    expect_problem(await house.client.post(f"{AUTH}/telegram", json=telegram.widget(age=3)), 401, "invalid_token")


async def test_telegram_sign_in_failures_from_one_address_are_limited(house: House, telegram: Telegram) -> None:
    for _ in range(30):
        await house.client.post(f"{AUTH}/telegram", json={"hash": "x"})
    problem = await house.client.post(f"{AUTH}/telegram", json=telegram.widget())
    expect_problem(problem, 429, "too_many_requests")
    assert 0 < int(problem.headers["retry-after"]) <= 900
    async with house.browser(("198.51.100.9", 1)) as elsewhere:
        assert (await elsewhere.post(f"{AUTH}/telegram", json=telegram.widget())).status_code == 200


async def test_link_code_sent_to_the_bot_makes_one_member(house: House, telegram: Telegram) -> None:
    ada = await house.person("ada")
    code = await code_of(house, ada)
    assert len(code["code"]) == 8
    url = f"{AUTH}/link-code/{code['request_id']}"
    assert (await house.client.get(url, headers=ada.headers)).json()["state"] == "waiting"
    await telegram.links(code["code"])
    status = (await house.client.get(url, headers=ada.headers)).json()
    assert status["state"] == "linked"
    assert code["code"] not in str(status)
    member = await me(house, ada.access_token)
    assert member["telegram"]["telegram_id"] == 4711
    signed_in = (await house.client.post(f"{AUTH}/telegram", json=telegram.widget())).json()
    assert signed_in["member_id"] == member["id"]
    again = await house.client.post(f"{AUTH}/link-code", headers=ada.headers)
    expect_problem(again, 409, "conflict")


async def test_link_of_an_admin_waits_for_the_password(house: House, telegram: Telegram) -> None:
    root = await house.person("root", Role.ADMIN)
    code = await code_of(house, root)
    url = f"{AUTH}/link-code/{code['request_id']}"
    early = await house.client.post(f"{url}/confirm", headers=root.headers, json={"password": PASSWORD})
    expect_problem(early, 409, "conflict")
    await telegram.links(code["code"])
    assert (await house.client.get(url, headers=root.headers)).json()["state"] == "awaiting_password"
    wrong = await house.client.post(f"{url}/confirm", headers=root.headers, json={"password": "not this one"})
    expect_problem(wrong, 401, "invalid_credentials")
    done = await house.client.post(f"{url}/confirm", headers=root.headers, json={"password": PASSWORD})
    assert done.json()["state"] == "linked"
    assert (await me(house, root.access_token))["telegram"]["telegram_id"] == 4711


async def test_link_code_with_the_password_given_first_needs_no_other(house: House, telegram: Telegram) -> None:
    root = await house.person("root", Role.ADMIN)
    wrong = await house.client.post(f"{AUTH}/link-code", headers=root.headers, json={"password": "not this one"})
    expect_problem(wrong, 401, "invalid_credentials")
    code = await code_of(house, root, password=PASSWORD)
    await telegram.links(code["code"])
    assert (await me(house, root.access_token))["telegram"]["telegram_id"] == 4711


async def test_link_code_withdrawn_works_no_more(house: House, telegram: Telegram) -> None:
    ada = await house.person("ada")
    code = await code_of(house, ada)
    url = f"{AUTH}/link-code/{code['request_id']}"
    assert (await house.client.delete(url, headers=ada.headers)).status_code == 204
    assert (await house.client.get(url, headers=ada.headers)).json()["state"] == "declined"
    expect_problem(await house.client.delete(url, headers=ada.headers), 409, "conflict")
    with pytest.raises(Exception, match="code"):
        await telegram.links(code["code"])
    assert (await me(house, ada.access_token))["telegram"] is None


async def test_link_code_of_another_member_is_not_found(house: House) -> None:
    ada, eve = await house.person("ada"), await house.person("eve")
    code = await code_of(house, ada)
    for identifier in (code["request_id"], str(uuid4())):
        url = f"{AUTH}/link-code/{identifier}"
        answers = [
            await house.client.get(url, headers=eve.headers),
            await house.client.delete(url, headers=eve.headers),
            await house.client.post(f"{url}/confirm", headers=eve.headers, json={"password": PASSWORD}),
        ]
        for answer in answers:
            expect_problem(answer, 404, "not_found")
    status = await house.client.get(f"{AUTH}/link-code/{code['request_id']}", headers=ada.headers)
    assert status.json()["state"] == "waiting"


async def test_merge_into_the_older_member_keeps_the_younger_ones_sign_in(house: House, telegram: Telegram) -> None:
    older = (await house.client.post(f"{AUTH}/telegram", json=telegram.widget())).json()
    ada = await house.person("ada")
    session = await house.session(ada, title="Mine")
    code = await code_of(house, ada)
    await telegram.links(code["code"])
    member = await me(house, ada.access_token)
    assert member["id"] == older["member_id"] != str(ada.id)
    mine = await house.client.get(f"/api/v1/chat/sessions/{session['id']}", headers=ada.headers)
    assert mine.json()["user_id"] == older["member_id"]
    assert (await me(house, older["access_token"]))["username"] == "ada"


async def test_unlink_keeps_everything_on_the_web_side(house: House, telegram: Telegram) -> None:
    ada = await house.person("ada")
    session = await house.session(ada)
    await telegram.links((await code_of(house, ada))["code"])
    by_telegram = (await house.client.post(f"{AUTH}/telegram", json=telegram.widget())).json()
    assert (await house.client.delete(f"{AUTH}/telegram", headers=ada.headers)).status_code == 204
    assert (await me(house, ada.access_token))["telegram"] is None
    mine = await house.client.get(f"/api/v1/chat/sessions/{session['id']}", headers=ada.headers)
    assert mine.status_code == 200
    headers = {"Authorization": f"Bearer {by_telegram['access_token']}"}
    expect_problem(await house.client.get(f"{AUTH}/me", headers=headers), 401, "invalid_token")
    afresh = (await house.client.post(f"{AUTH}/telegram", json=telegram.widget(age=3))).json()
    assert UUID(afresh["member_id"]) != ada.id
    expect_problem(await house.client.delete(f"{AUTH}/telegram", headers=ada.headers), 409, "conflict")


async def test_link_questions_of_the_bot_are_not_answered_for_another_account(house: House, telegram: Telegram) -> None:
    ada = await house.person("ada")
    code = await code_of(house, ada)
    linking = house.container.linking_service()
    question = await linking.present(ADA, code["code"])
    with pytest.raises(Exception, match=r"code|link"):
        await linking.confirm(EVE.telegram_id, LinkRequestId(question.request_id))
    assert (await me(house, ada.access_token))["telegram"] is None
