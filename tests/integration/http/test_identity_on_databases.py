"""Identity over HTTP on real databases, from the first sign-in to the last trace."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from dependency_injector import providers

from adapters.memory import PlainPasswordHasher
from domain.identity import Role, TelegramProfile
from entrypoints.container import sql_container
from entrypoints.settings import DatabaseSettings, Secret, TelegramSettings
from tests.integration.http.house import PASSWORD, House, expect_problem, running, settings
from tests.integration.http.mailbox import Mailbox
from tests.support.telegram import BOT_TOKEN, Signer

AUTH, MEMBERS = "/api/v1/auth", "/api/v1/members"
NEW = "a whole new password"
PROFILE = TelegramProfile(4711, "ada_telegram", "Ada", "Lovelace", "en")


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def house(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[House]:
    fields: dict[str, object] = {"telegram": TelegramSettings(bot_token=Secret(BOT_TOKEN))}
    if request.param == "postgres":
        fields["database"] = DatabaseSettings(url=request.getfixturevalue("postgres_database"))
    container = sql_container(settings(tmp_path, **fields))
    # The slow hash has tests of its own.
    container.hasher.override(providers.Singleton(PlainPasswordHasher))
    await container.migrator().upgrade()
    async with running(container) as made:
        try:
            yield made
        finally:
            await container.database().dispose()


async def test_identity_on_a_database_password_email_and_sign_ins(house: House) -> None:
    mailbox = Mailbox(house.container)
    ada = await house.person("ada")
    await house.client.post(f"{AUTH}/verify-email", headers=ada.headers)
    verify = {"token": await mailbox.token("ada@example.org")}
    assert (await house.client.post(f"{AUTH}/verify-email/confirm", json=verify)).status_code == 204
    body = {"password": PASSWORD, "username": "lovelace"}
    assert (await house.client.patch(f"{AUTH}/me", headers=ada.headers, json=body)).json()["username"] == "lovelace"
    change = {"current_password": PASSWORD, "new_password": NEW}
    assert (await house.client.put(f"{AUTH}/password", headers=ada.headers, json=change)).status_code == 204
    await house.client.post(f"{AUTH}/password-reset", json={"email": "ada@example.org"})
    reset = {"token": await mailbox.token("ada@example.org"), "password": PASSWORD}
    signed_in = await house.client.post(f"{AUTH}/password-reset/confirm", json=reset)
    assert signed_in.status_code == 200
    expect_problem(await house.client.get(f"{AUTH}/me", headers=ada.headers), 401, "invalid_token")
    headers = {"Authorization": f"Bearer {signed_in.json()['access_token']}"}
    (only,) = (await house.client.get(f"{AUTH}/sessions", headers=headers)).json()["items"]
    assert only["is_current"] is True
    assert (await house.client.delete(f"{AUTH}/sessions/{only['id']}", headers=headers)).status_code == 204
    expect_problem(await house.client.get(f"{AUTH}/me", headers=headers), 401, "invalid_token")


async def test_identity_on_a_database_telegram_links_merges_and_parts(house: House) -> None:
    now = house.container.clock().now
    telegram = (await house.client.post(f"{AUTH}/telegram", json=Signer().vouch_for_widget(PROFILE, now()))).json()
    ada = await house.person("ada")
    session = await house.session(ada, title="Mine")
    code = (await house.client.post(f"{AUTH}/link-code", headers=ada.headers)).json()
    linking = house.container.linking_service()
    question = await linking.present(PROFILE, code["code"])
    await linking.confirm(PROFILE.telegram_id, question.request_id)
    me = (await house.client.get(f"{AUTH}/me", headers=ada.headers)).json()
    assert (me["id"], me["username"]) == (telegram["member_id"], "ada")
    mine = await house.client.get(f"/api/v1/chat/sessions/{session['id']}", headers=ada.headers)
    assert mine.json()["user_id"] == me["id"]
    assert (await house.client.delete(f"{AUTH}/telegram", headers=ada.headers)).status_code == 204
    data = Signer().vouch_for_mini_app(PROFILE, now() - timedelta(seconds=2))
    body = {"init_data": data}
    afresh = await house.client.post(f"{AUTH}/telegram/mini-app", json=body)
    assert afresh.json()["member_id"] != me["id"]
    expect_problem(await house.client.post(f"{AUTH}/telegram/mini-app", json=body), 401, "invalid_token")


async def test_identity_on_a_database_rights_trail_export_and_end(house: House) -> None:
    owner, ada = await house.person("root", Role.OWNER), await house.person("ada")
    await house.message(ada, (await house.session(ada))["id"], "What is <risk>?")
    url = f"{MEMBERS}/{ada.id}"
    until = (house.container.clock().now() + timedelta(days=1)).isoformat()
    body = {"role": "ADMIN", "reason": "helps", "until": until}
    assert (await house.client.post(f"{url}/grants", headers=owner.headers, json=body)).json()["role"] == "ADMIN"
    assert (await house.client.get(f"{url}/grants", headers=ada.headers)).json()["items"][0]["reason"] == "helps"
    exported = await house.client.get(f"{url}/export", headers=owner.headers)
    assert "What is <risk>?" in str(json.loads(exported.content)["messages"])
    assert (await house.client.put(f"{url}/ban", headers=owner.headers, json={"reason": "spam"})).status_code == 200
    expect_problem(await house.client.get(f"{AUTH}/me", headers=ada.headers), 401, "invalid_token")
    for method, path in (("DELETE", f"{MEMBERS}/{owner.id}/grants/OWNER"), ("PUT", f"{MEMBERS}/{owner.id}/ban")):
        expect_problem(await house.client.request(method, path, headers=owner.headers), 403, "not_allowed")
    own = await house.client.request("DELETE", f"{AUTH}/me", headers=owner.headers, json={"password": PASSWORD})
    expect_problem(own, 409, "conflict")
    assert (await house.client.delete(url, headers=owner.headers)).status_code == 204
    trail = await house.client.get(f"{MEMBERS}/audit", headers=owner.headers, params={"member": str(ada.id)})
    actions = [line["action"] for line in trail.json()["items"]]
    assert {"member.deleted", "member.banned", "role.granted", "member.exported"} <= set(actions)
    assert "ada@example.org" not in trail.text


async def test_identity_on_a_database_racers_for_one_email_and_the_last_owners(house: House) -> None:
    async def register(number: int) -> int:
        body = {"email": "Same@example.org", "username": f"racer{number}", "password": PASSWORD}
        async with house.browser((f"198.51.100.{number}", 1)) as browser:
            return (await browser.post(f"{AUTH}/register", json=body)).status_code

    codes = await asyncio.gather(*(register(number) for number in range(20)))
    assert sorted(codes) == [201] + [409] * 19
    first, second = await house.person("first", Role.OWNER), await house.person("second", Role.OWNER)
    answers = await asyncio.gather(
        house.client.delete(f"{MEMBERS}/{second.id}/grants/OWNER", headers=first.headers),
        house.client.delete(f"{MEMBERS}/{first.id}/grants/OWNER", headers=second.headers),
    )
    assert min(answer.status_code for answer in answers) == 200
    assert {answer.status_code for answer in answers} <= {200, 403, 409}
    roles = [
        (await house.client.get(f"{AUTH}/me", headers=person.headers)).json()["role"] for person in (first, second)
    ]
    assert sorted(roles) == ["OWNER", "PUBLIC"]
