"""The guide library over HTTP."""

from domain.identity import Role
from tests.integration.http.house import House, expect_problem

GUIDES = "/api/v1/guides"
DRAFT = {"title": "Position sizing", "category": "risk", "body": "# Size\n\nRisk one percent.\n"}


async def test_guide_created_by_admin_is_found_and_listed(house: House) -> None:
    admin, ada = await house.person("root", Role.ADMIN), await house.person("ada")
    draft = {**DRAFT, "difficulty_level": "ADVANCED", "tags": ["Risk", "size"]}
    created = await house.client.post(GUIDES, headers=admin.headers, json=draft)
    assert created.status_code == 201
    assert created.headers["location"] == f"{GUIDES}/{created.json()['summary']['id']}"
    assert created.headers["etag"] == '"1"'
    listed = (
        await house.client.get(
            GUIDES, headers=ada.headers, params={"category": "risk", "difficulty": "ADVANCED", "tag": "risk"}
        )
    ).json()
    assert [(guide["title"], guide["difficulty_level"]) for guide in listed["items"]] == [
        ("Position sizing", "ADVANCED")
    ]
    found = (await house.client.get(f"{GUIDES}/search", headers=ada.headers, params={"q": "percent"})).json()
    assert found["items"][0]["guide"]["title"] == "Position sizing"


async def test_guide_for_higher_role_is_not_there_for_others(house: House) -> None:
    admin, ada = await house.person("root", Role.ADMIN), await house.person("ada")
    guide = await house.guide(admin, minimum_role="SUBSCRIBER")
    expect_problem(await house.client.get(f"{GUIDES}/{guide['summary']['id']}", headers=ada.headers), 404, "not_found")
    assert (await house.client.get(GUIDES, headers=ada.headers)).json()["items"] == []
    found = await house.client.get(f"{GUIDES}/search", headers=ada.headers, params={"q": "percent"})
    assert found.json()["items"] == []


async def test_guide_read_counts_a_view_unless_told_not_to(house: House) -> None:
    admin = await house.person("root", Role.ADMIN)
    url = f"{GUIDES}/{(await house.guide(admin))['summary']['id']}"
    await house.client.get(url, headers=admin.headers)
    await house.client.get(url, headers=admin.headers, params={"count_view": False})
    seen = await house.client.get(url, headers=admin.headers, params={"count_view": False})
    assert seen.json()["summary"]["views_count"] == 1


async def test_guide_rendered_as_html_is_safe_and_has_anchors(house: House) -> None:
    admin = await house.person("root", Role.ADMIN)
    guide = await house.guide(admin, body="# Size\n\n<script>alert(1)</script>\n\n[x](javascript:alert(1))\n")
    url = f"{GUIDES}/{guide['summary']['id']}"
    html = (await house.client.get(url, headers=admin.headers, params={"render": "html"})).json()["html"]
    assert "<h1" in html
    assert 'id="l2"' in html
    assert "<script" not in html
    assert 'href="javascript' not in html
    assert (await house.client.get(url, headers=admin.headers)).json()["html"] is None


async def test_guide_revised_with_stale_etag_is_refused(house: House) -> None:
    admin = await house.person("root", Role.ADMIN)
    guide = await house.guide(admin)
    url = f"{GUIDES}/{guide['summary']['id']}"
    first = await house.client.put(url, headers={**admin.headers, "If-Match": '"1"'}, json={**DRAFT, "title": "Sizing"})
    assert first.headers["etag"] == '"2"'
    assert first.json()["summary"]["title"] == "Sizing"
    stale = {**admin.headers, "If-Match": '"1"'}
    problem = expect_problem(await house.client.put(url, headers=stale, json=DRAFT), 412, "stale_version")
    assert problem["details"] == {"version": 2}
    expect_problem(await house.client.delete(url, headers=stale), 412, "stale_version")
    expect_problem(await house.client.post(f"{url}/retire", headers=stale), 412, "stale_version")


async def test_guide_with_unreadable_if_match_is_malformed(house: House) -> None:
    admin = await house.person("root", Role.ADMIN)
    url = f"{GUIDES}/{(await house.guide(admin))['summary']['id']}"
    for tag in ("1", 'W/"1"', '"one"', '"' + "9" * 40 + '"'):
        answer = await house.client.put(url, headers={**admin.headers, "If-Match": tag}, json=DRAFT)
        expect_problem(answer, 400, "malformed")


async def test_guide_retired_and_restored_leaves_and_returns(house: House) -> None:
    admin, ada = await house.person("root", Role.ADMIN), await house.person("ada")
    url = f"{GUIDES}/{(await house.guide(admin))['summary']['id']}"
    assert (await house.client.post(f"{url}/retire", headers=admin.headers)).status_code == 204
    expect_problem(await house.client.get(url, headers=ada.headers), 404, "not_found")
    retired = await house.client.get(GUIDES, headers=admin.headers, params={"include_retired": True})
    assert [guide["is_active"] for guide in retired.json()["items"]] == [False]
    assert (await house.client.post(f"{url}/restore", headers=admin.headers)).status_code == 204
    assert (await house.client.get(url, headers=ada.headers)).status_code == 200


async def test_guides_retired_asked_by_public_member_are_refused(house: House) -> None:
    ada = await house.person("ada")
    answer = await house.client.get(GUIDES, headers=ada.headers, params={"include_retired": True})
    expect_problem(answer, 403, "not_allowed")


async def test_guide_deleted_is_gone_for_everybody(house: House) -> None:
    admin, ada = await house.person("root", Role.ADMIN), await house.person("ada")
    url = f"{GUIDES}/{(await house.guide(admin))['summary']['id']}"
    await house.client.put(f"{url}/saved", headers=ada.headers)
    assert (await house.client.delete(url, headers=admin.headers)).status_code == 204
    expect_problem(await house.client.get(url, headers=admin.headers), 404, "not_found")
    assert (await house.client.get(f"{GUIDES}/saved", headers=ada.headers)).json()["items"] == []


async def test_guide_above_the_keepers_own_role_is_refused(house: House) -> None:
    admin, owner = await house.person("root", Role.ADMIN), await house.person("boss", Role.OWNER)
    answer = await house.client.post(GUIDES, headers=admin.headers, json={**DRAFT, "minimum_role": "OWNER"})
    expect_problem(answer, 403, "not_allowed")
    url = f"{GUIDES}/{(await house.guide(owner, minimum_role='OWNER'))['summary']['id']}"
    expect_problem(await house.client.put(url, headers=admin.headers, json=DRAFT), 404, "not_found")
    expect_problem(await house.client.delete(url, headers=admin.headers), 404, "not_found")


async def test_guide_with_bad_fields_names_each_of_them(house: House) -> None:
    admin = await house.person("root", Role.ADMIN)
    draft = {"title": " ", "category": "cooking", "content_url": "ftp://x", "tags": ["x" * 51]}
    problem = expect_problem(await house.client.post(GUIDES, headers=admin.headers, json=draft), 422, "invalid")
    assert {error["field"] for error in problem["errors"]} == {"title", "category", "content_url", "tags"}


async def test_saved_guide_is_marked_read_and_unsaved(house: House) -> None:
    admin, ada = await house.person("root", Role.ADMIN), await house.person("ada")
    guide = await house.guide(admin)
    url = f"{GUIDES}/{guide['summary']['id']}"
    expect_problem(
        await house.client.patch(f"{url}/saved", headers=ada.headers, json={"is_read": True}), 404, "not_found"
    )
    for _ in range(2):
        assert (await house.client.put(f"{url}/saved", headers=ada.headers)).status_code == 204
    await house.client.get(url, headers=ada.headers)
    reading = (await house.client.get(f"{GUIDES}/continue-reading", headers=ada.headers)).json()["items"]
    assert [(saved["guide"]["id"], saved["times_viewed"]) for saved in reading] == [(guide["summary"]["id"], 1)]
    await house.client.patch(f"{url}/saved", headers=ada.headers, json={"is_read": True})
    saved = (await house.client.get(f"{GUIDES}/saved", headers=ada.headers)).json()["items"]
    assert saved[0]["is_read"] is True
    unread = await house.client.get(f"{GUIDES}/saved", headers=ada.headers, params={"unread_only": True})
    assert unread.json()["items"] == []
    assert (await house.client.delete(f"{url}/saved", headers=ada.headers)).status_code == 204
    assert (await house.client.get(f"{GUIDES}/saved", headers=ada.headers)).json()["items"] == []


async def test_categories_come_in_the_order_of_the_menus(house: House) -> None:
    admin = await house.person("root", Role.ADMIN)
    await house.guide(admin)
    items = (await house.client.get(f"{GUIDES}/categories", headers=admin.headers)).json()["items"]
    assert [item["category"] for item in items] == list(house.container.settings().guides.categories)
    assert {item["category"]: item["count"] for item in items}["risk"] == 1


async def test_next_guide_at_the_end_is_null(house: House) -> None:
    admin = await house.person("root", Role.ADMIN)
    first, second = await house.guide(admin, "A first one"), await house.guide(admin, "B second one")
    following = await house.client.get(f"{GUIDES}/{first['summary']['id']}/next", headers=admin.headers)
    assert following.json()["guide"]["title"] == "B second one"
    last = await house.client.get(f"{GUIDES}/{second['summary']['id']}/next", headers=admin.headers)
    assert last.json() == {"guide": None}


async def test_search_without_words_names_the_field(house: House) -> None:
    ada = await house.person("ada")
    for params in ({}, {"q": ""}, {"q": "  "}):
        answer = await house.client.get(f"{GUIDES}/search", headers=ada.headers, params=params)
        assert expect_problem(answer, 422, "invalid")["errors"][0]["field"] == "q"
