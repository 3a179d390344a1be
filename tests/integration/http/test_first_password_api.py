"""The first password over HTTP: what Telegram signed is asked for wherever there is a Telegram account."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from domain.identity import OPERATOR, Role, TelegramProfile
from entrypoints.container import memory_container
from entrypoints.settings import Secret, TelegramSettings
from tests.integration.http.house import House, Json, expect_problem, running, settings
from tests.support.telegram import BOT_TOKEN, Signer, signed_widget

AUTH = "/api/v1/auth"
ADA, EVE = TelegramProfile(4711, "ada_telegram", "Ada"), TelegramProfile(4712, None, "Eve")
NEW = "a whole new sentence"
KINDS = ("telegram", "init_data")


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    bot = TelegramSettings(bot_token=Secret(BOT_TOKEN))
    async with running(memory_container(settings(tmp_path, telegram=bot))) as made:
        yield made


def proof(house: House, kind: str, who: TelegramProfile = ADA, age: float = 0) -> Json:
    """What Telegram signed that many seconds ago, as the body's field."""
    at = house.container.clock().now() - timedelta(seconds=age)
    signer = Signer()
    return {kind: signer.vouch_for_widget(who, at) if kind == "telegram" else signer.vouch_for_mini_app(who, at)}


async def entered(house: House, used: Json) -> dict[str, str]:
    """The headers of a member whom Telegram signed in with this proof just now."""
    if "telegram" in used:
        answer = await house.client.post(f"{AUTH}/telegram", json=used["telegram"])
    else:
        answer = await house.client.post(f"{AUTH}/telegram/mini-app", json=used)
    return {"Authorization": f"Bearer {answer.raise_for_status().json()['access_token']}"}


@pytest.mark.parametrize("kind", KINDS)
async def test_first_password_with_a_new_proof_of_ones_own_account_signs_in_afterwards(house: House, kind: str) -> None:
    headers = await entered(house, proof(house, kind, age=60))
    body = {"new_password": NEW, "username": "ada", **proof(house, kind)}

    assert (await house.client.post(f"{AUTH}/password", headers=headers, json=body)).status_code == 204

    login = await house.client.post(f"{AUTH}/login", json={"username": "ada", "password": NEW})
    me = await house.client.get(f"{AUTH}/me", headers={"Authorization": f"Bearer {login.json()['access_token']}"})
    assert (me.json()["username"], me.json()["telegram"]["telegram_id"]) == ("ada", ADA.telegram_id)
    # What it was good for once, it is good for no more: not for signing in either.
    again = house.client.post(
        *((f"{AUTH}/telegram",) if kind == "telegram" else (f"{AUTH}/telegram/mini-app",)),
        json=body["telegram"] if kind == "telegram" else {"init_data": body["init_data"]},
    )
    expect_problem(await again, 401, "invalid_token")


async def test_first_password_of_a_stolen_young_telegram_sign_in_takes_nothing_over(house: House) -> None:
    headers = await entered(house, proof(house, "telegram"))
    body = {"new_password": NEW, "username": "thief"}

    problem = expect_problem(
        await house.client.post(f"{AUTH}/password", headers=headers, json=body), 403, "not_allowed"
    )
    assert "Telegram has to vouch for you anew" in problem["detail"]
    expect_problem(await house.client.delete(f"{AUTH}/telegram", headers=headers), 409, "conflict")
    expect_problem(await house.client.post(f"{AUTH}/link-code", headers=headers, json={}), 409, "conflict")
    me = (await house.client.get(f"{AUTH}/me", headers=headers)).json()
    assert (me["username"], me["has_password"]) == (None, False)


async def test_first_password_with_proofs_that_do_not_hold_gets_one_answer_and_lines_in_the_trail(house: House) -> None:
    root = await house.person("root", Role.ADMIN)
    used = proof(house, "telegram", age=30)
    headers = await entered(house, used)
    good = proof(house, "telegram")["telegram"]
    refused: dict[str, Json] = {
        "replayed": used,
        "stale": proof(house, "init_data", age=15 * 60 + 2),
        "future": proof(house, "telegram", age=-60),
        "foreign": proof(house, "init_data", EVE),
        "forged by hand": {"telegram": {**good, "id": EVE.telegram_id}},
        "forged with another key": {
            "telegram": signed_widget({name: good[name] for name in good if name != "hash"}, "1:another-bot")
        },
        "forged and empty": {"telegram": {}},
        "forged text": {"init_data": ""},
    }
    details = set()
    for given in refused.values():
        body = {"new_password": NEW, "username": "ada", **given}
        answer = await house.client.post(f"{AUTH}/password", headers=headers, json=body)
        details.add(expect_problem(answer, 401, "invalid_credentials")["detail"])
    assert len(details) == 1

    trail = await house.client.get(f"{AUTH[:-5]}/members/audit?action=sign_in.failed", headers=root.headers)
    causes = [line["details"]["cause"] for line in reversed(trail.json()["items"])]
    assert causes == [name.split()[0] for name in refused]
    assert {line["details"]["method"] for line in trail.json()["items"]} == {"first_password"}
    body = {"new_password": NEW, "username": "ada", "telegram": good}
    assert (await house.client.post(f"{AUTH}/password", headers=headers, json=body)).status_code == 204


async def test_first_password_failures_are_limited_with_those_of_signing_in_by_telegram(house: House) -> None:
    headers = await entered(house, proof(house, "telegram"))
    for _ in range(29):
        await house.client.post(f"{AUTH}/telegram", json={"hash": "x"})
    body = {"new_password": NEW, "username": "ada", "init_data": "hash=x"}
    expect_problem(await house.client.post(f"{AUTH}/password", headers=headers, json=body), 401, "invalid_credentials")

    body |= proof(house, "init_data")
    answer = await house.client.post(f"{AUTH}/password", headers=headers, json=body)

    expect_problem(answer, 429, "too_many_requests")
    assert 0 < int(answer.headers["retry-after"]) <= 900


async def test_first_password_with_both_kinds_of_proof_is_invalid(house: House) -> None:
    headers = await entered(house, proof(house, "telegram", age=30))
    body = {"new_password": NEW, "username": "ada", **proof(house, "telegram"), **proof(house, "init_data")}

    problem = expect_problem(await house.client.post(f"{AUTH}/password", headers=headers, json=body), 422, "invalid")

    assert [error["field"] for error in problem["errors"]] == ["init_data"]


async def test_first_password_without_a_telegram_account_takes_a_recent_sign_in_as_before(house: House) -> None:
    owner, _ = await house.container.member_service().bootstrap_owner()
    link = await house.container.member_service().sign_in_link(OPERATOR, owner.id)
    body = (await house.client.post(f"{AUTH}/login-link", json={"token": link.token})).json()
    headers = {"Authorization": f"Bearer {body['access_token']}"}

    foreign = {"new_password": NEW, **proof(house, "telegram")}
    answer = await house.client.post(f"{AUTH}/password", headers=headers, json=foreign)
    expect_problem(answer, 401, "invalid_credentials")
    answer = await house.client.post(f"{AUTH}/password", headers=headers, json={"new_password": NEW})

    assert answer.status_code == 204


async def test_first_password_by_a_proof_on_an_instance_without_a_bot_is_unavailable(tmp_path: Path) -> None:
    async with running(memory_container(settings(tmp_path))) as house:
        seen = await house.container.telegram_accounts().seen(ADA)
        link = await house.container.member_service().sign_in_link(OPERATOR, seen.require_member())
        body = (await house.client.post(f"{AUTH}/login-link", json={"token": link.token})).json()
        headers = {"Authorization": f"Bearer {body['access_token']}"}
        given = {"new_password": NEW, "username": "ada", **proof(house, "telegram")}

        expect_problem(await house.client.post(f"{AUTH}/password", headers=headers, json=given), 503, "unavailable")
