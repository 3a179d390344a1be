"""The pages as a browser gets them, without a browser."""

import json
import re
from uuid import UUID

import pytest

from domain.chat import ChatMessageId
from domain.identity import Role
from tests.integration.http.house import House, Json, Person, expect_problem

NOBODYS = UUID("019b0000-0000-7000-8000-000000000000")
MEMBERS_PAGES = ("/chat", f"/chat/{NOBODYS}", "/guides", f"/guides/{NOBODYS}", "/saved", "/account")


def data(html: str, mark: str) -> Json:
    """The JSON of a page's data block."""
    found = re.search(rf'<script type="application/json" {mark}>(.*?)</script>', html, re.DOTALL)
    assert found
    return dict(json.loads(found[1]))


async def keeper(site: House) -> Person:
    """Somebody who may write guides."""
    return await site.person("keeper", Role.ADMIN)


@pytest.mark.parametrize("path", MEMBERS_PAGES)
async def test_page_for_members_guest_sent_to_sign_in(site: House, path: str) -> None:
    answer = await site.client.get(path)

    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in?next=%2F")


@pytest.mark.parametrize("path", MEMBERS_PAGES)
async def test_page_for_members_forged_cookie_sent_to_sign_in(site: House, path: str) -> None:
    answer = await site.client.get(path, headers={"Cookie": "guildhall_access=forged"})

    assert answer.status_code == 303


@pytest.mark.parametrize("path", ["/chat/{id}/transcript", "/chat/messages/{id}/html"])
async def test_fragment_guest_refused_with_problem(site: House, path: str) -> None:
    expect_problem(await site.client.get(path.format(id=NOBODYS)), 401, "not_signed_in")


async def test_start_leads_to_sign_in_or_chat(site: House) -> None:
    member = await site.person("ada")

    assert (await site.client.get("/")).headers["location"] == "/sign-in"
    assert (await site.client.get("/", headers=member.headers)).headers["location"] == "/chat"
    again = await site.client.get("/sign-in?next=/saved", headers=member.headers)
    assert again.headers["location"] == "/saved"


async def test_sign_in_page_carries_only_own_next(site: House) -> None:
    answer = await site.client.get("/sign-in", params={"next": '//evil.example/"><script>'})

    assert 'data-next="/chat"' in answer.text
    assert "evil" not in answer.text


async def test_sign_in_pages_lead_a_guest_to_no_page_of_members(site: House) -> None:
    for path in ("/sign-in", "/sign-in/link", "/sign-in/forgotten"):
        answer = await site.client.get(path)
        links = re.findall(r'<a [^>]*href="([^"]*)"', answer.text)

        assert links, path
        assert [link for link in links if link.startswith(MEMBERS_PAGES)] == [], path


async def test_link_page_never_sees_the_token(site: House) -> None:
    answer = await site.client.get("/sign-in/link")

    assert answer.status_code == 200
    assert answer.headers["referrer-policy"] == "same-origin"


async def test_pages_without_inline_script_or_style(site: House) -> None:
    member = await site.person("ada")
    guide = await site.guide(await keeper(site), body="| a |\n|--:|\n| 1 |\n\n<script>x</script>\n")
    session = await site.session(member)
    paths = ("/chat", f"/chat/{session['id']}", "/guides", f"/guides/{guide['summary']['id']}", "/saved", "/account")
    for path in paths:
        answer = await site.client.get(path, headers=member.headers)
        assert answer.status_code == 200, path
        assert answer.headers["cache-control"] == "no-store"
        assert not re.search(r"<script(?![^>]*(src=|type=\"application/json\"))", answer.text), path
        assert not re.search(r"\s(style|on\w+)=[\"']", answer.text), path


async def test_chat_page_carries_place_to_follow_from(site: House) -> None:
    member = await site.person("ada")
    session = await site.session(member, title="</script><b>")
    await site.message(member, session["id"], "What is <risk>?")
    page = await site.client.get(f"/chat/{session['id']}", headers=member.headers)
    answer = await site.client.get(f"/api/v1/chat/sessions/{session['id']}/messages", headers=member.headers)

    assert "<b>" not in page.text
    assert data(page.text, "data-transcript") == answer.json()
    shown = data(page.text, 'id="page-data"')
    assert shown["session"]["title"] == "</script><b>"
    assert [known["id"] for known in shown["sessions"]["sessions"]] == [session["id"]]


async def test_chat_of_somebody_else_looks_absent(site: House) -> None:
    owner, other = await site.person("ada"), await site.person("eve")
    session = await site.session(owner)
    posted = await site.message(owner, session["id"])
    page = await site.client.get(f"/chat/{session['id']}", headers=other.headers)
    transcript = await site.client.get(f"/chat/{session['id']}/transcript", headers=other.headers)
    body = await site.client.get(f"/chat/messages/{posted['message']['id']}/html", headers=other.headers)

    assert page.status_code == 404
    expect_problem(transcript, 404, "not_found")
    expect_problem(body, 404, "not_found")


async def test_chat_transcript_goes_back_page_by_page(site: House) -> None:
    member = await site.person("ada")
    session = await site.session(member)
    for number in range(3):
        await site.message(member, session["id"], f"Question {number}")
    path = f"/chat/{session['id']}/transcript"
    last = data((await site.client.get(path, headers=member.headers)).text, "data-transcript")
    first = data((await site.client.get(f"{path}?before=3", headers=member.headers)).text, "data-transcript")

    assert [message["seq"] for message in last["messages"]] == [1, 2, 3, 4, 5, 6]
    assert [message["seq"] for message in first["messages"]] == [1, 2]
    assert first["has_more"] is False


@pytest.mark.parametrize("path", ["/chat/no-id", "/guides/no-id", f"/guides/{NOBODYS}", f"/chat/{NOBODYS}"])
async def test_page_of_absent_thing_is_error_page(site: House, path: str) -> None:
    member = await site.person("ada")
    answer = await site.client.get(path, headers=member.headers)

    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert "Nothing here" in answer.text


async def test_fragment_of_malformed_id_not_found(site: House) -> None:
    member = await site.person("ada")

    expect_problem(await site.client.get("/chat/messages/none/html", headers=member.headers), 404, "not_found")
    expect_problem(await site.client.get("/chat/none/transcript", headers=member.headers), 404, "not_found")


@pytest.mark.parametrize("query", ["cursor=!", "cursor=" + "a" * 9000, "q=" + "a" * 500])
async def test_library_page_bad_parameters_refused_as_page(site: House, query: str) -> None:
    member = await site.person("ada")
    answer = await site.client.get(f"/guides?{query}", headers=member.headers)

    assert 400 <= answer.status_code < 500
    assert "That did not work" in answer.text


async def test_library_page_pages_by_cursor(site: House) -> None:
    writer = await keeper(site)
    for number in range(26):
        await site.guide(writer, title=f"Guide {number:02}")
    first = await site.client.get("/guides?category=risk", headers=writer.headers)
    more = re.search(r'data-more href="([^"]+)"', first.text)
    assert more
    second = await site.client.get(more[1].replace("&amp;", "&"), headers=writer.headers)

    assert first.text.count('class="card"') == 24
    assert second.text.count('class="card"') == 2
    assert "data-more" not in second.text


async def test_library_page_search_narrowed_by_filters(site: House) -> None:
    writer = await keeper(site)
    await site.guide(writer, title="Stops one", tags=["stops"], body="A stop order.")
    await site.guide(writer, title="Stops two", difficulty_level="ADVANCED", body="A stop order.")
    both = await site.client.get("/guides?q=stop", headers=writer.headers)
    tagged = await site.client.get("/guides?q=stop&tag=STOPS", headers=writer.headers)
    advanced = await site.client.get("/guides?q=stop&difficulty=advanced", headers=writer.headers)
    nothing = await site.client.get("/guides?q=zebra&difficulty=advanced", headers=writer.headers)

    assert both.text.count('class="card"') == 2
    assert "Stops one" in tagged.text
    assert "Stops two" not in tagged.text
    assert "Stops two" in advanced.text
    assert "<mark>stop</mark>" in both.text
    assert "Nothing found for" in nothing.text


async def test_guide_page_for_subscribers_absent_below_their_role(site: House) -> None:
    guide = await site.guide(await keeper(site), minimum_role="SUBSCRIBER")
    path = f"/guides/{guide['summary']['id']}"
    member, subscriber = await site.person("ada"), await site.person("sue", Role.SUBSCRIBER)

    assert (await site.client.get(path, headers=member.headers)).status_code == 404
    assert (await site.client.get(path, headers=subscriber.headers)).status_code == 200


async def test_saved_page_shows_begun_guides_first(site: House) -> None:
    guide = (await site.guide(await keeper(site)))["summary"]
    member = await site.person("ada")
    await site.client.put(f"/api/v1/guides/{guide['id']}/saved", headers=member.headers)
    await site.client.get(f"/guides/{guide['id']}", headers=member.headers)
    page = await site.client.get("/saved", headers=member.headers)
    unread = await site.client.get("/saved?unread=true", headers=member.headers)

    assert "Continue reading" in page.text
    assert "Continue reading" not in unread.text
    assert guide["title"] in unread.text


async def test_new_chat_offers_titles_of_own_guides(site: House) -> None:
    member = await site.person("ada")
    empty = await site.client.get("/chat", headers=member.headers)
    await site.guide(await keeper(site), title="Sizing & stops")
    page = await site.client.get("/chat", headers=member.headers)

    assert "There are no guides yet" in empty.text
    assert "Sizing &amp; stops" in page.text


async def test_account_page_shows_role_by_name(site: House) -> None:
    page = await site.client.get("/account", headers=(await keeper(site)).headers)

    assert "keeper@example.org" in page.text
    assert ">Admin<" in page.text


async def test_page_own_failure_shows_id_and_no_details(site: House) -> None:
    member = await site.person("ada")
    site.container.guide_reading.override(None)
    try:
        page = await site.client.get("/guides", headers=member.headers)
    finally:
        site.container.guide_reading.reset_last_overriding()

    assert page.status_code == 500
    assert "Something failed on our side" in page.text
    assert page.headers["x-request-id"] in page.text
    assert "NoneType" not in page.text


async def test_icon_by_its_old_name_served(site: House) -> None:
    answer = await site.client.get("/favicon.ico")

    assert answer.headers["content-type"] == "image/svg+xml"
    assert answer.content.startswith(b"<svg")


async def test_ended_reply_rendered_without_its_markup(site: House) -> None:
    member = await site.person("ada")
    session = await site.session(member)
    posted = await site.message(member, session["id"])
    path = f"/chat/messages/{posted['reply_id']}/html"
    while_waiting = await site.client.get(path, headers=member.headers)
    async with site.container.unit_of_work() as work:
        reply = await work.chat_messages.get(ChatMessageId(UUID(posted["reply_id"])))
        reply.begin(site.container.clock().now())
        reply.complete("**Bold** <script>x</script>", site.container.clock().now())
        await work.chat_messages.save(reply)
        await work.commit()
    ended = await site.client.get(path, headers=member.headers)
    page = await site.client.get(f"/chat/{session['id']}", headers=member.headers)

    assert "<template" not in while_waiting.text
    assert "<strong>Bold</strong> &lt;script&gt;" in ended.text
    assert f'data-version="{reply.version}"' in ended.text
    assert ended.text.strip() in page.text
