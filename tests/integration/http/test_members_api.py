"""Members and roles over HTTP."""

from uuid import uuid4

from domain.identity import Role
from tests.integration.http.house import House, expect_problem

MEMBERS = "/api/v1/members"


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
