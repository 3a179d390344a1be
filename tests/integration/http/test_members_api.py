"""Members, roles, bans, their data and the trail over HTTP."""

import json
from datetime import timedelta
from urllib.parse import quote
from uuid import uuid4

import pytest

from domain.identity import Role
from tests.integration.http.house import PASSWORD, House, Json, Person, expect_problem

MEMBERS = "/api/v1/members"
# In UTC no calendar holds them.
BEYOND = ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"]


async def test_members_for_admin_lists_newest_first_by_pages(house: House) -> None:
    admin = await house.person("root", Role.ADMIN)
    for name in ("ada", "bob", "eve"):
        await house.person(name)
    first = (await house.client.get(MEMBERS, headers=admin.headers, params={"limit": 3})).json()
    rest = (
        await house.client.get(MEMBERS, headers=admin.headers, params={"limit": 3, "cursor": first["next_cursor"]})
    ).json()
    names = [member["username"] for member in (*first["items"], *rest["items"])]
    assert names == ["eve", "bob", "ada", "root"]
    assert rest["next_cursor"] is None


async def test_members_search_finds_part_of_a_name(house: House) -> None:
    admin = await house.person("root", Role.ADMIN)
    await house.person("adalovelace")
    found = await house.client.get(MEMBERS, headers=admin.headers, params={"search": "LOVE"})
    assert [member["username"] for member in found.json()["items"]] == ["adalovelace"]


async def test_members_for_public_member_are_refused(house: House) -> None:
    ada = await house.person("ada")
    problem = expect_problem(await house.client.get(MEMBERS, headers=ada.headers), 403, "not_allowed")
    assert problem["details"] == {"required": "ADMIN"}


async def test_member_that_is_absent_is_not_found(house: House) -> None:
    admin = await house.person("root", Role.ADMIN)
    expect_problem(await house.client.get(f"{MEMBERS}/{uuid4()}", headers=admin.headers), 404, "not_found")


async def test_grant_acts_at_once_on_the_same_token(house: House) -> None:
    owner, ada = await house.person("root", Role.OWNER), await house.person("ada")
    url = f"{MEMBERS}/{ada.id}/grants"
    granted = await house.client.post(url, headers=owner.headers, json={"role": "ADMIN", "reason": "helps out"})
    assert granted.json()["role"] == "ADMIN"
    assert (await house.client.get(MEMBERS, headers=ada.headers)).status_code == 200
    revoked = await house.client.delete(f"{url}/ADMIN", headers=owner.headers)
    assert revoked.json()["role"] == "PUBLIC"
    expect_problem(await house.client.get(MEMBERS, headers=ada.headers), 403, "not_allowed")


async def test_grant_of_admin_by_admin_is_refused(house: House) -> None:
    admin, ada = await house.person("root", Role.ADMIN), await house.person("ada")
    url = f"{MEMBERS}/{ada.id}/grants"
    expect_problem(await house.client.post(url, headers=admin.headers, json={"role": "ADMIN"}), 403, "not_allowed")
    assert (await house.client.post(url, headers=admin.headers, json={"role": "SUBSCRIBER"})).status_code == 200


async def test_grant_to_oneself_is_refused(house: House) -> None:
    owner = await house.person("root", Role.OWNER)
    answer = await house.client.post(f"{MEMBERS}/{owner.id}/grants", headers=owner.headers, json={"role": "SUBSCRIBER"})
    expect_problem(answer, 403, "not_allowed")


async def test_grant_of_unknown_role_names_the_field(house: House) -> None:
    admin, ada = await house.person("root", Role.ADMIN), await house.person("ada")
    answer = await house.client.post(f"{MEMBERS}/{ada.id}/grants", headers=admin.headers, json={"role": "KING"})
    assert expect_problem(answer, 422, "invalid")["errors"][0]["field"] == "role"


async def test_revoke_of_role_not_granted_is_a_conflict(house: House) -> None:
    admin, ada = await house.person("root", Role.ADMIN), await house.person("ada")
    url = f"{MEMBERS}/{ada.id}/grants"
    expect_problem(await house.client.delete(f"{url}/SUBSCRIBER", headers=admin.headers), 409, "conflict")
    expect_problem(await house.client.delete(f"{url}/KING", headers=admin.headers), 404, "not_found")


def in_an_hour(house: House) -> str:
    return (house.container.clock().now() + timedelta(hours=1)).isoformat()


async def test_grant_until_a_time_is_listed_with_its_end(house: House) -> None:
    owner, ada = await house.person("root", Role.OWNER), await house.person("ada")
    url, until = f"{MEMBERS}/{ada.id}/grants", in_an_hour(house)
    body = {"role": "SUBSCRIBER", "reason": "a month for free", "until": until}
    assert (await house.client.post(url, headers=owner.headers, json=body)).json()["role"] == "SUBSCRIBER"
    (grant,) = (await house.client.get(url, headers=owner.headers)).json()["items"]
    assert (grant["role"], grant["source"], grant["reason"]) == ("SUBSCRIBER", "manual", "a month for free")
    assert grant["granted_by"] == str(owner.id)
    assert grant["until"]


@pytest.mark.parametrize("until", ["2020-01-01T00:00:00Z", "2999-01-01T00:00:00", "tomorrow", 1, "", *BEYOND])
async def test_grant_until_no_time_to_come_is_refused(house: House, until: object) -> None:
    owner, ada = await house.person("root", Role.OWNER), await house.person("ada")
    answer = await house.client.post(
        f"{MEMBERS}/{ada.id}/grants", headers=owner.headers, json={"role": "SUBSCRIBER", "until": until}
    )
    assert answer.status_code in {400, 422}, answer.text
    assert "until" in str(answer.json()["errors"])


async def test_ban_shuts_out_at_once_and_unban_lets_in_again(house: House) -> None:
    admin, ada = await house.person("root", Role.ADMIN), await house.person("ada")
    url = f"{MEMBERS}/{ada.id}/ban"
    banned = await house.client.put(url, headers=admin.headers, json={"reason": "spam"})
    assert banned.json()["is_active"] is False
    expect_problem(await house.client.get("/api/v1/auth/me", headers=ada.headers), 401, "invalid_token")
    body = {"username": "ada", "password": PASSWORD}
    expect_problem(await house.client.post("/api/v1/auth/login", json=body), 401, "invalid_credentials")
    refreshed = await house.client.post("/api/v1/auth/refresh", json={"refresh_token": ada.refresh_token})
    expect_problem(refreshed, 401, "invalid_token")
    expect_problem(await house.client.put(url, headers=admin.headers), 409, "conflict")
    assert (await house.client.delete(url, headers=admin.headers)).json()["is_active"] is True
    expect_problem(await house.client.get("/api/v1/auth/me", headers=ada.headers), 401, "invalid_token")
    assert (await house.client.post("/api/v1/auth/login", json=body)).status_code == 200


async def test_ban_by_admin_of_equals_oneself_or_nobody_is_refused(house: House) -> None:
    admin, other, owner = (
        await house.person("admin", Role.ADMIN),
        await house.person("other", Role.ADMIN),
        await house.person("root", Role.OWNER),
    )
    for person, expected in ((other, 403), (owner, 403), (admin, 403)):
        answer = await house.client.put(f"{MEMBERS}/{person.id}/ban", headers=admin.headers)
        expect_problem(answer, expected, "not_allowed")
    missing = await house.client.put(f"{MEMBERS}/{uuid4()}/ban", headers=admin.headers)
    expect_problem(missing, 404, "not_found")
    assert (await house.client.put(f"{MEMBERS}/{other.id}/ban", headers=owner.headers)).status_code == 200


async def test_last_owner_is_neither_demoted_nor_banned_nor_deleted(house: House) -> None:
    first, second = await house.person("first", Role.OWNER), await house.person("second", Role.OWNER)
    answer = await house.client.delete(f"{MEMBERS}/{second.id}/grants/OWNER", headers=first.headers)
    assert answer.json()["role"] == "PUBLIC"
    await house.client.post(
        f"{MEMBERS}/{second.id}/grants", headers=first.headers, json={"role": "OWNER", "until": in_an_hour(house)}
    )
    url = f"{MEMBERS}/{first.id}"
    for method, path in (("DELETE", f"{url}/grants/OWNER"), ("PUT", f"{url}/ban"), ("DELETE", url)):
        expect_problem(await house.client.request(method, path, headers=second.headers), 409, "conflict")


async def test_member_export_is_for_owners(house: House) -> None:
    owner, admin, ada = (
        await house.person("root", Role.OWNER),
        await house.person("admin", Role.ADMIN),
        await house.person("ada"),
    )
    url = f"{MEMBERS}/{ada.id}/export"
    expect_problem(await house.client.get(url, headers=admin.headers), 403, "not_allowed")
    answer = await house.client.get(url, headers=owner.headers)
    assert f"guildhall-{ada.id}.json" in answer.headers["content-disposition"]
    document = json.loads(answer.content)
    assert document["account"][0]["email"] == "ada@example.org"
    assert "root@example.org" not in answer.text
    expect_problem(await house.client.get(f"{MEMBERS}/{uuid4()}/export", headers=owner.headers), 404, "not_found")


async def test_member_deleted_by_admin_is_gone_everywhere(house: House) -> None:
    admin, ada = await house.person("admin", Role.ADMIN), await house.person("ada")
    session = await house.session(ada)
    assert (await house.client.delete(f"{MEMBERS}/{ada.id}", headers=admin.headers)).status_code == 204
    expect_problem(await house.client.get("/api/v1/auth/me", headers=ada.headers), 401, "invalid_token")
    expect_problem(await house.client.get(f"{MEMBERS}/{ada.id}", headers=admin.headers), 404, "not_found")
    expect_problem(await house.client.delete(f"{MEMBERS}/{ada.id}", headers=admin.headers), 404, "not_found")
    gone = await house.client.get(f"/api/v1/chat/sessions/{session['id']}", headers=admin.headers)
    expect_problem(gone, 404, "not_found")
    expect_problem(await house.client.delete(f"{MEMBERS}/{admin.id}", headers=admin.headers), 403, "not_allowed")


async def lines(house: House, reader: Person, **where: object) -> list[Json]:
    """The trail as it is read, the newest line first."""
    params = {name: str(value) for name, value in where.items()}
    answer = await house.client.get(f"{MEMBERS}/audit", headers=reader.headers, params=params)
    return list(answer.raise_for_status().json()["items"])


async def test_trail_tells_who_did_what_from_where(house: House) -> None:
    admin, ada = await house.person("admin", Role.ADMIN), await house.person("ada")
    headers = {**admin.headers, "User-Agent": "desk/1"}
    await house.client.post(
        f"{MEMBERS}/{ada.id}/grants", headers=headers, json={"role": "SUBSCRIBER", "reason": "paid"}
    )
    newest = (await lines(house, admin))[0]
    assert newest["action"] == "role.granted"
    assert (newest["actor_id"], newest["resource_id"]) == (str(admin.id), str(ada.id))
    assert newest["details"]["role"] == "SUBSCRIBER"
    assert (newest["ip"], newest["user_agent"]) == ("203.0.113.7", "desk/1")


async def test_trail_by_member_action_time_and_page_is_narrowed(house: House) -> None:
    admin, ada, eve = await house.person("admin", Role.ADMIN), await house.person("ada"), await house.person("eve")
    before = house.container.clock().now()
    for person in (ada, eve):
        await house.client.put(f"{MEMBERS}/{person.id}/ban", headers=admin.headers)
    assert {line["resource_id"] for line in await lines(house, admin, member=ada.id)} == {str(ada.id)}
    banned = await lines(house, admin, action="member.banned")
    assert [line["resource_id"] for line in banned] == [str(eve.id), str(ada.id)]
    assert len(await lines(house, admin, since=before.isoformat())) == 2
    first = (await house.client.get(f"{MEMBERS}/audit", headers=admin.headers, params={"limit": 1})).json()
    params = {"limit": 1, "cursor": first["next_cursor"]}
    second = (await house.client.get(f"{MEMBERS}/audit", headers=admin.headers, params=params)).json()
    assert [first["items"][0]["resource_id"], second["items"][0]["resource_id"]] == [str(eve.id), str(ada.id)]


@pytest.mark.parametrize(
    "query",
    [
        "member=x",
        "action=member.eaten",
        "since=yesterday",
        "since=2026-01-01T00:00:00",
        *(f"since={quote(time)}" for time in BEYOND),
        "cursor=x",
        "limit=0",
    ],
)
async def test_trail_with_a_bad_question_is_refused(house: House, query: str) -> None:
    admin = await house.person("admin", Role.ADMIN)
    answer = await house.client.get(f"{MEMBERS}/audit?{query}", headers=admin.headers)
    assert answer.status_code in {400, 422}
    expect_problem(answer, answer.status_code, answer.json()["code"])


async def test_trail_holds_no_secret_of_anything_that_was_done(house: House) -> None:
    owner, ada = await house.person("root", Role.OWNER), await house.person("ada")
    new = "a whole new password"
    await house.client.post("/api/v1/auth/login", json={"username": "ada", "password": "the wrong password"})
    await house.client.post("/api/v1/auth/refresh", json={"refresh_token": ada.refresh_token})
    body = {"current_password": PASSWORD, "new_password": new}
    await house.client.put("/api/v1/auth/password", headers=ada.headers, json=body)
    code = (await house.client.post("/api/v1/auth/link-code", headers=ada.headers)).json()["code"]
    trail = json.dumps(await lines(house, owner, limit=200))
    assert "sign_in.failed" in trail
    assert "password.changed" in trail
    for secret in (PASSWORD, new, "the wrong password", code, ada.access_token, ada.refresh_token.partition(".")[2]):
        assert secret not in trail


async def test_trail_for_public_member_is_refused(house: House) -> None:
    ada = await house.person("ada")
    expect_problem(await house.client.get(f"{MEMBERS}/audit", headers=ada.headers), 403, "not_allowed")
