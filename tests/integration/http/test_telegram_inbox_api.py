"""The bot's inbox over HTTP."""

from uuid import uuid4

from domain.identity import Role
from domain.telegram import Envelope, InboxUpdate, UpdateKey
from tests.integration.http.house import House, expect_problem

UPDATES = "/api/v1/telegram/updates"


async def arrived(house: House, update_id: int, text: str = "Hello", *, is_dead: bool = True, of_bot: int = 0) -> str:
    """An update that failed, or that waits; of our bot or of so many bots further."""
    container = house.container
    key, now = UpdateKey(container.ids().new()), container.clock().now()
    raw = f'{{"update_id":{update_id},"message":{{"text":"{text}"}}}}'.encode()
    update = InboxUpdate.received(key, container.bot_id() + of_bot, Envelope(update_id, "message", "chat:5"), raw, now)
    if is_dead:
        update.give_up("RuntimeError: broken", now)
    await container.update_inbox().commit([update])
    return str(key)


async def test_inbox_for_admin_lists_by_state_and_pages_with_counts(house: House) -> None:
    admin = await house.person("root", Role.ADMIN)
    dead = [await arrived(house, number) for number in range(3)]
    waiting = await arrived(house, 9, is_dead=False)

    def listed(**params: object) -> object:
        return house.client.get(UPDATES, headers=admin.headers, params=params)

    everything = (await listed()).json()  # type: ignore[misc]
    assert [each["key"] for each in everything["items"]] == [waiting, *reversed(dead)]
    assert everything["counts"] == {"new": 1, "processing": 0, "success": 0, "error": 3}
    first = (await listed(state="error", limit=2)).json()  # type: ignore[misc]
    rest = (await listed(state="error", limit=2, cursor=first["next_cursor"])).json()  # type: ignore[misc]
    assert [each["key"] for each in (*first["items"], *rest["items"])] == list(reversed(dead))
    assert rest["next_cursor"] is None
    shown = first["items"][0]
    assert (shown["state"], shown["lane"], shown["error_message"]) == ("error", "chat:5", "RuntimeError: broken")
    assert "Hello" not in (await listed()).text  # type: ignore[misc]
    expect_problem(await listed(cursor="broken"), 400, "malformed")  # type: ignore[misc]
    expect_problem(await listed(state="lost"), 422, "invalid")  # type: ignore[misc]


async def test_inbox_update_is_shown_with_codes_masked(house: House) -> None:
    admin = await house.person("root", Role.ADMIN)
    key = await arrived(house, 1, "/link ABCD1234")
    answer = await house.client.get(f"{UPDATES}/{key}", headers=admin.headers)
    assert answer.json()["content"]["message"]["text"] == "/link **********"
    assert "ABCD1234" not in answer.text
    trail = await house.client.get("/api/v1/members/audit", headers=admin.headers)
    assert ("telegram.update_read", key) in [(each["action"], each["resource_id"]) for each in trail.json()["items"]]
    missing = await house.client.get(f"{UPDATES}/{uuid4()}", headers=admin.headers)
    expect_problem(missing, 404, "not_found")


async def test_inbox_dead_letter_is_replayed_once(house: House) -> None:
    admin = await house.person("root", Role.ADMIN)
    one, _ = await arrived(house, 1), await arrived(house, 2)

    answer = await house.client.post(f"{UPDATES}/{one}/replay", headers=admin.headers)
    assert (answer.status_code, answer.json()["state"]) == (200, "new")
    again = await house.client.post(f"{UPDATES}/{one}/replay", headers=admin.headers)
    expect_problem(again, 409, "conflict")
    everything = await house.client.post(f"{UPDATES}/replay", headers=admin.headers)
    assert everything.json() == {"replayed": 1, "left": 0}


async def test_inbox_for_others_is_refused(house: House) -> None:
    ada = await house.person("ada", Role.SUBSCRIBER)
    key = await arrived(house, 1)
    for method, path in (("GET", UPDATES), ("GET", f"{UPDATES}/{key}"), ("POST", f"{UPDATES}/{key}/replay")):
        expect_problem(await house.client.request(method, path, headers=ada.headers), 403, "not_allowed")
    expect_problem(await house.client.post(f"{UPDATES}/replay", headers=ada.headers), 403, "not_allowed")


async def test_inbox_of_another_bot_is_not_shown_nor_replayed(house: House) -> None:
    admin = await house.person("root", Role.ADMIN)
    theirs = await arrived(house, 1, of_bot=1)

    listed = (await house.client.get(UPDATES, headers=admin.headers)).json()
    assert (listed["items"], listed["counts"]["error"]) == ([], 0)
    everything = await house.client.post(f"{UPDATES}/replay", headers=admin.headers)
    assert everything.json() == {"replayed": 0, "left": 0}
    for method, path in (("GET", f"{UPDATES}/{theirs}"), ("POST", f"{UPDATES}/{theirs}/replay")):
        expect_problem(await house.client.request(method, path, headers=admin.headers), 404, "not_found")


async def test_inbox_dead_letter_is_dismissed_once_by_admins(house: House) -> None:
    admin, ada = await house.person("root", Role.ADMIN), await house.person("ada", Role.SUBSCRIBER)
    dead, waiting = await arrived(house, 1), await arrived(house, 2, is_dead=False)

    refused = await house.client.delete(f"{UPDATES}/{dead}", headers=ada.headers)
    answer = await house.client.delete(f"{UPDATES}/{dead}", headers=admin.headers)
    again = await house.client.delete(f"{UPDATES}/{dead}", headers=admin.headers)
    alive = await house.client.delete(f"{UPDATES}/{waiting}", headers=admin.headers)

    expect_problem(refused, 403, "not_allowed")
    assert answer.status_code == 204
    expect_problem(again, 404, "not_found")
    expect_problem(alive, 409, "conflict")
    listed = (await house.client.get(UPDATES, headers=admin.headers)).json()
    assert listed["counts"] == {"new": 1, "processing": 0, "success": 0, "error": 0}
