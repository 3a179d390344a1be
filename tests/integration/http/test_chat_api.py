"""Conversations over HTTP."""

import asyncio
import json
from uuid import UUID

from domain.identity import Role
from tests.integration.http.house import House, Json, Person, expect_problem

CHAT = "/api/v1/chat"


async def ended(house: House, owner: Person, message_id: str) -> Json:
    """The reply once it has ended."""
    async with asyncio.timeout(10):
        while True:
            message = (await house.client.get(f"{CHAT}/messages/{message_id}", headers=owner.headers)).json()
            if message["status"] != "streaming":
                return dict(message)
            await asyncio.sleep(0.05)


async def test_session_created_with_defaults_is_complete(house: House) -> None:
    ada = await house.person("ada")
    answer = await house.client.post(f"{CHAT}/sessions", headers=ada.headers, json={})
    session = answer.json()
    assert answer.status_code == 201
    assert answer.headers["location"] == f"{CHAT}/sessions/{session['id']}"
    assert UUID(session["id"]).version == 7
    assert session["user_id"] == str(ada.id)
    assert session["title"] == f"Chat with {session['llm_model']}"
    assert session["settings"] == {"system_prompt": "", "temperature": 0.7, "max_tokens": 2048, "grounding": True}
    assert session["participants"] == [str(ada.id)]


async def test_session_with_bad_fields_names_each_of_them(house: House) -> None:
    ada = await house.person("ada")
    answer = await house.client.post(
        f"{CHAT}/sessions", headers=ada.headers, json={"settings": {"temperature": 3, "max_tokens": 0}}
    )
    fields = {error["field"] for error in expect_problem(answer, 422, "invalid")["errors"]}
    assert fields == {"settings.temperature", "settings.max_tokens"}


async def test_session_with_provider_not_configured_is_refused(house: House) -> None:
    ada = await house.person("ada")
    body = {"llm_provider": "OPENROUTER"}
    answer = await house.client.post(f"{CHAT}/sessions", headers=ada.headers, json=body)
    assert expect_problem(answer, 422, "invalid")["errors"][0]["field"] == "llm_provider"


async def test_sessions_by_page_and_by_cursor_are_the_same(house: House) -> None:
    ada = await house.person("ada")
    for number in range(5):
        await house.session(ada, title=f"session {number}")
    url = f"{CHAT}/sessions"
    first = (await house.client.get(url, headers=ada.headers, params={"page_size": 3})).json()
    assert [session["title"] for session in first["sessions"]] == ["session 4", "session 3", "session 2"]
    assert (first["total_count"], first["page"], first["page_size"], first["has_more"]) == (5, 1, 3, True)
    second = (await house.client.get(url, headers=ada.headers, params={"page_size": 3, "page": 2})).json()
    cursor = {"page_size": 3, "cursor": first["next_cursor"]}
    by_cursor = (await house.client.get(url, headers=ada.headers, params=cursor)).json()
    assert [session["title"] for session in second["sessions"]] == ["session 1", "session 0"]
    assert by_cursor["sessions"] == second["sessions"]
    assert second["has_more"] is False


async def test_sessions_filtered_count_only_what_matches(house: House) -> None:
    ada = await house.person("ada")
    session = await house.session(ada, title="closed")
    await house.session(ada, title="open")
    await house.client.put(f"{CHAT}/sessions/{session['id']}", headers=ada.headers, json={"is_active": False})
    found = (await house.client.get(f"{CHAT}/sessions", headers=ada.headers, params={"is_active": False})).json()
    assert [each["title"] for each in found["sessions"]] == ["closed"]
    assert found["total_count"] == 1


async def test_session_updated_with_stale_etag_is_refused(house: House) -> None:
    ada = await house.person("ada")
    url = f"{CHAT}/sessions/{(await house.session(ada))['id']}"
    etag = (await house.client.get(url, headers=ada.headers)).headers["etag"]
    headers = {**ada.headers, "If-Match": etag}
    updated = await house.client.put(url, headers=headers, json={"title": "Renamed"})
    assert updated.json()["title"] == "Renamed"
    expect_problem(await house.client.put(url, headers=headers, json={"title": "Again"}), 412, "stale_version")
    assert (await house.client.put(url, headers=ada.headers, json={"title": "Again"})).status_code == 200


async def test_session_deleted_is_not_found_afterwards(house: House) -> None:
    ada = await house.person("ada")
    url = f"{CHAT}/sessions/{(await house.session(ada))['id']}"
    assert (await house.client.delete(url, headers=ada.headers)).status_code == 204
    expect_problem(await house.client.get(url, headers=ada.headers), 404, "not_found")


async def test_message_posted_comes_with_the_reply_to_come(house: House) -> None:
    ada = await house.person("ada")
    session = await house.session(ada)
    posted = await house.message(ada, session["id"], "  How much?  ")
    assert posted["message"]["content"] == "How much?"
    assert posted["message"]["seq"] == 1
    listed = (await house.client.get(f"{CHAT}/sessions/{session['id']}/messages", headers=ada.headers)).json()
    assert [(message["seq"], message["role"], message["status"]) for message in listed["messages"]] == [
        (1, "user", "complete"),
        (2, "assistant", "streaming"),
    ]
    assert listed["messages"][1]["id"] == posted["reply_id"]
    assert listed["offset"] >= 2
    assert listed["epoch"]


async def test_message_not_for_the_assistant_gets_no_reply(house: House) -> None:
    ada = await house.person("ada")
    session = await house.session(ada)
    answer = await house.client.post(
        f"{CHAT}/sessions/{session['id']}/messages", headers=ada.headers, json={"content": "note", "assistant": False}
    )
    assert answer.json()["reply_id"] is None


async def test_message_with_same_idempotency_key_is_posted_once(house: House) -> None:
    ada = await house.person("ada")
    url = f"{CHAT}/sessions/{(await house.session(ada))['id']}/messages"
    headers = {**ada.headers, "Idempotency-Key": "key-1"}
    first = await house.client.post(url, headers=headers, json={"content": "once"})
    second = await house.client.post(url, headers=headers, json={"content": "once"})
    assert first.json() == second.json()
    expect_problem(await house.client.post(url, headers=headers, json={"content": "other"}), 409, "conflict")
    bad = {**ada.headers, "Idempotency-Key": "x" * 201}
    expect_problem(await house.client.post(url, headers=bad, json={"content": "once"}), 422, "invalid")


async def test_messages_by_stretch_are_always_ascending(house: House) -> None:
    ada = await house.person("ada")
    url = f"{CHAT}/sessions/{(await house.session(ada))['id']}/messages"
    for number in range(6):
        await house.client.post(url, headers=ada.headers, json={"content": f"note {number}", "assistant": False})

    async def seqs(**params: int) -> tuple[list[int], bool]:
        page = (await house.client.get(url, headers=ada.headers, params=params)).json()
        return [message["seq"] for message in page["messages"]], page["has_more"]

    assert await seqs(limit=2) == ([5, 6], True)
    assert await seqs(limit=2, before=5) == ([3, 4], True)
    assert await seqs(limit=2, after=0) == ([1, 2], True)
    assert await seqs(limit=2, after=4) == ([5, 6], False)
    answer = await house.client.get(url, headers=ada.headers, params={"before": 3, "after": 1})
    expect_problem(answer, 422, "invalid")


async def test_message_to_closed_session_is_a_conflict(house: House) -> None:
    ada = await house.person("ada")
    url = f"{CHAT}/sessions/{(await house.session(ada))['id']}"
    await house.client.put(url, headers=ada.headers, json={"is_active": False})
    answer = await house.client.post(f"{url}/messages", headers=ada.headers, json={"content": "hello"})
    expect_problem(answer, 409, "conflict")


async def test_reply_is_written_cited_and_regenerated(living_house: House) -> None:
    house = living_house
    ada, admin = await house.person("ada"), await house.person("root", Role.ADMIN)
    guide = await house.guide(admin, body="# Risk\n\nRisk one percent of the account on a single trade.\n")
    session = await house.session(ada)
    posted = await house.message(ada, session["id"], "How much should I risk on a single trade?")
    reply = await ended(house, ada, posted["reply_id"])
    assert reply["status"] == "complete"
    assert "one percent" in reply["content"]
    assert reply["citations"][0]["guide_id"] == guide["summary"]["id"]
    again = await house.client.post(f"{CHAT}/messages/{reply['id']}/regenerate", headers=ada.headers)
    assert again.json()["generation"] == 2
    assert (await ended(house, ada, reply["id"]))["status"] == "complete"
    stopped = await house.client.post(f"{CHAT}/messages/{reply['id']}/cancel", headers=ada.headers)
    assert stopped.json()["status"] == "complete"


async def test_reply_that_refuses_links_what_comes_near_for_those_who_may_read_it(living_house: House) -> None:
    house = living_house
    ada, ben = await house.person("ada", Role.SUBSCRIBER), await house.person("ben")
    admin = await house.person("root", Role.ADMIN)
    body = "# Stops\n\nA trailing stop follows the price at a distance that you choose.\n"
    guide = await house.guide(admin, "Stops", body=body, minimum_role="SUBSCRIBER")
    link = f"[Stops](/guides/{guide['summary']['id']})"
    for person, question, is_near in (
        (ada, "Which brokers in Mongolia have trailing stops?", True),
        (ada, "What is the capital of Mongolia?", False),
        (ben, "Which brokers in Mongolia have trailing stops?", False),
    ):
        session = await house.session(person)
        reply = await ended(house, person, (await house.message(person, session["id"], question))["reply_id"])
        assert reply["content"].startswith("I found nothing about this in the guides.")
        assert (link in reply["content"]) is is_near
        assert ("comes close" in reply["content"]) is is_near
        assert reply["citations"] == []


async def test_reply_cancelled_before_its_turn_ends_cancelled(house: House) -> None:
    ada = await house.person("ada")
    posted = await house.message(ada, (await house.session(ada))["id"])
    answer = await house.client.post(f"{CHAT}/messages/{posted['reply_id']}/cancel", headers=ada.headers)
    assert answer.json()["status"] == "cancelled"
    url = f"{CHAT}/messages/{posted['message']['id']}/regenerate"
    expect_problem(await house.client.post(url, headers=ada.headers), 409, "conflict")


async def test_export_as_markdown_and_json_holds_every_message(house: House) -> None:
    ada = await house.person("ada")
    session = await house.session(ada, title="Grüße")
    url = f"{CHAT}/sessions/{session['id']}"
    for number in range(3):
        body = {"content": f"note {number}", "assistant": False}
        await house.client.post(f"{url}/messages", headers=ada.headers, json=body)
    markdown = await house.client.get(f"{url}/export", headers=ada.headers)
    assert markdown.headers["content-type"] == "text/markdown; charset=utf-8"
    assert markdown.headers["content-disposition"].startswith('attachment; filename="chat-')
    assert "# Grüße" in markdown.text
    assert all(f"note {number}" in markdown.text for number in range(3))
    whole = await house.client.get(f"{url}/export", headers=ada.headers, params={"format": "json"})
    document = json.loads(whole.text)
    assert document["session"]["title"] == "Grüße"
    assert [message["seq"] for message in document["messages"]] == [1, 2, 3]
    answer = await house.client.get(f"{url}/export", headers=ada.headers, params={"format": "pdf"})
    assert [field["field"] for field in expect_problem(answer, 422, "invalid")["errors"]] == ["format"]


async def test_search_finds_words_in_own_messages_only(house: House) -> None:
    ada, eve = await house.person("ada"), await house.person("eve")
    session = await house.session(ada)
    await house.message(ada, session["id"], "Where do I put the stop loss?")
    found = await house.client.get(f"{CHAT}/search", headers=ada.headers, params={"q": "stop loss"})
    assert [hit["message"]["content"] for hit in found.json()["items"]] == ["Where do I put the stop loss?"]
    other = await house.client.get(f"{CHAT}/search", headers=eve.headers, params={"q": "stop loss"})
    assert other.json()["items"] == []


async def test_stats_count_what_one_has(house: House) -> None:
    ada = await house.person("ada")
    await house.message(ada, (await house.session(ada))["id"])
    stats = (await house.client.get(f"{CHAT}/stats", headers=ada.headers)).json()
    assert stats["total_sessions"] == stats["active_sessions"] == 1
    assert stats["total_messages"] == stats["messages_today"] == 2
    assert stats["most_used_provider"] == "LOCAL"


async def test_chat_health_names_every_provider(house: House) -> None:
    ada = await house.person("ada")
    health = (await house.client.get(f"{CHAT}/health", headers=ada.headers)).json()
    assert health["service"] == "chat"
    assert health["status"] == "healthy"
    assert health["active_connections"] == 0
    assert health["providers"] == {"LOCAL": "healthy"}
