"""Asking in a browser: live answers, sources, resuming, stopping, and nothing lost or doubled."""

import re

import pytest
from playwright.async_api import Page, Route, WebSocket, expect

from tests.e2e.browser.conftest import Visitor, downloaded_json

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

QUESTION = "How large should a position be? 🙂"


async def ask(visitor: Visitor, question: str = QUESTION, page: Page | None = None) -> None:
    """Write into the composer and press Enter; a new conversation opens by itself."""
    page = page or visitor.page
    await page.get_by_label("Your message").fill(question)
    await page.keyboard.press("Enter")
    await page.wait_for_url(re.compile(r"/chat/[0-9a-f-]{36}"))


async def stored(visitor: Visitor) -> list[dict[str, object]]:
    """The conversation as the API has it."""
    session_id = visitor.page.url.rpartition("/")[2][:36]
    answer = await visitor.context.request.get(f"/api/v1/chat/sessions/{session_id}/messages")
    messages: list[dict[str, object]] = (await answer.json())["messages"]
    return messages


def reply(state: str = "complete") -> str:
    """The selector of replies in this state."""
    return f'.message--reply[data-state="{state}"]'


async def copied(page: Page) -> str:
    """The reply's text as the page put it together, taken with its copy button."""
    text = await page.evaluate(
        """async () => {
          let text = null;
          navigator.clipboard.writeText = async (written) => { text = written; };
          document.querySelector('.message--reply .message__actions button').click();
          await new Promise((resolve) => setTimeout(resolve, 50));
          return text;
        }"""
    )
    return str(text)


async def test_chat_question_answered_with_source_that_opens_passage(member: Visitor) -> None:
    page = member.page
    await member.open("/chat")
    await ask(member)
    answer = page.locator(reply())
    await expect(answer.locator(".prose")).to_be_visible()
    source = answer.locator(".source__link").first
    quote = answer.locator(".source__quote").first
    await expect(quote).to_be_hidden()
    await source.focus()
    await expect(quote).to_be_visible()
    # The text is drawn anew when the server has rendered it; the focus stays where it is.
    await expect(answer.locator(".prose .cite").first).to_be_visible()
    await expect(source).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(quote).to_be_hidden()
    quoted = (await quote.text_content() or "").split("\n")[0][:40]
    await source.click()

    await expect(page.locator(".is-cited").first).to_be_in_viewport()
    assert quoted in " ".join(await page.locator(".is-cited").all_inner_texts())


async def test_chat_refused_question_links_a_guide_that_comes_near(member: Visitor) -> None:
    page = member.page
    await member.open("/chat")
    await ask(member, "What does a zebra know of trailing stops?")
    answer = page.locator(reply())
    await expect(answer.locator(".prose")).to_contain_text("I found nothing about this in the guides.")
    link = answer.locator(".prose li a").first
    title = await link.inner_text()
    assert await answer.locator(".source").count() == 0
    await link.click()

    await page.wait_for_url(re.compile(r"/guides/[0-9a-f-]{36}$"))
    await expect(page.get_by_role("heading", level=1, name=title)).to_be_visible()


async def test_chat_question_about_something_else_gets_no_suggestions(member: Visitor) -> None:
    await member.open("/chat")
    await ask(member, "What is the capital of Mongolia?")
    answer = member.page.locator(f"{reply()} .prose")

    await expect(answer).to_contain_text("I found nothing about this in the guides.")
    await expect(answer.locator("a")).to_have_count(0)


async def test_chat_long_conversation_scrolls_in_its_pane_alone(member: Visitor) -> None:
    page = member.page
    await page.set_viewport_size({"width": 1000, "height": 420})
    await member.open("/chat")
    await ask(member)
    await expect(page.locator(reply()).locator(".prose")).to_be_visible()
    pane, window = await page.evaluate(
        """() => [document.querySelector('[data-scroll]'), document.documentElement]
          .map(({ scrollHeight, clientHeight }) => scrollHeight - clientHeight)"""
    )

    assert pane > 0
    assert window == 0


async def test_chat_reload_while_answering_ends_with_same_text(patient_member: Visitor) -> None:
    page, frames = patient_member.page, []

    def listen(socket: WebSocket) -> None:
        socket.on("framereceived", lambda data: frames.append(str(data)))

    await patient_member.open("/chat")
    await ask(patient_member)
    running = page.locator(f"{reply('streaming')} .message__body")
    await expect(running).to_contain_text(" ")
    before = await running.inner_text()
    page.on("websocket", listen)
    await page.reload()
    await expect(running).to_contain_text(before.strip())
    await expect(page.locator(reply())).to_be_visible(timeout=30_000)
    messages = await stored(patient_member)

    assert any('"message_snapshot"' in frame for frame in frames)
    assert any('"message_delta"' in frame for frame in frames)
    assert messages[1]["status"] == "complete"
    assert await copied(page) == messages[1]["content"]


async def test_chat_stopped_answer_kept_and_answered_again(patient_member: Visitor) -> None:
    page = patient_member.page
    await patient_member.open("/chat")
    await ask(patient_member)
    await expect(page.locator(f"{reply('streaming')} .message__body")).to_contain_text(" ")
    await page.get_by_role("button", name="Stop the answer").click()
    stopped = page.locator(reply("cancelled"))
    await expect(stopped).to_contain_text("Stopped.")
    kept = (await stored(patient_member))[1]
    assert kept["status"] == "cancelled"
    assert kept["content"]

    await stopped.get_by_role("button", name="Try again").click()
    await expect(page.locator(reply("streaming"))).to_be_visible()
    await expect(page.locator(reply())).to_be_visible(timeout=30_000)

    again = (await stored(patient_member))[1]
    assert again["id"] == kept["id"]
    assert again["generation"] == 2
    assert len(str(again["content"])) > len(str(kept["content"]))


async def test_chat_written_offline_sent_once_when_back(member: Visitor) -> None:
    page = member.page
    await member.open("/chat")
    await ask(member)
    await expect(page.locator(reply())).to_be_visible()
    await member.context.set_offline(True)
    await page.get_by_label("Your message").fill("And what is slippage?")
    await page.keyboard.press("Enter")
    await expect(page.locator('.message--own[data-state="waiting"]')).to_contain_text("Not sent yet")
    await page.evaluate("window.dispatchEvent(new Event('online'))")
    await member.context.set_offline(False)
    await expect(page.locator(reply())).to_have_count(2)

    written = [message["content"] for message in await stored(member) if message["role"] == "user"]
    assert written == [QUESTION, "And what is slippage?"]
    await expect(page.locator(".message--own")).to_have_count(2)
    assert await page.evaluate("Object.keys(localStorage).filter((key) => key.includes('outbox')).length") == 0


async def test_chat_answer_lost_on_the_way_message_not_doubled(member: Visitor) -> None:
    page, keys = member.page, []
    await member.open("/chat")
    await ask(member)
    await expect(page.locator(reply())).to_be_visible()

    async def lose_first(route: Route) -> None:
        keys.append(route.request.headers["idempotency-key"])
        if len(keys) == 1:
            await route.fetch()
            await route.abort()
        else:
            await route.continue_()

    await page.route("**/api/v1/chat/sessions/*/messages", lose_first)
    await page.get_by_label("Your message").fill("What is a drawdown?")
    await page.keyboard.press("Enter")
    await expect(page.locator(reply())).to_have_count(2)
    await expect(page.locator(".message--own")).to_have_count(2)
    for _ in range(100):
        if not await page.evaluate("Object.keys(localStorage).some((key) => key.includes('outbox'))"):
            break
        await page.wait_for_timeout(100)

    assert len(set(keys)) == 1
    assert len(keys) == 2
    assert len(await stored(member)) == 4


async def test_chat_second_tab_sees_the_same(member: Visitor) -> None:
    await member.open("/chat")
    await ask(member)
    other = await member.new_page()
    await other.goto(member.page.url)
    await expect(other.locator(reply())).to_be_visible()
    await ask(member, "What is a stop order?", other)

    await expect(member.page.locator(".message--own")).to_have_count(2)
    await expect(member.page.locator(reply())).to_have_count(2)
    one = await member.page.locator(".message__body").all_inner_texts()
    assert one == await other.locator(".message__body").all_inner_texts()


async def test_chat_markup_in_messages_shown_as_text(member: Visitor) -> None:
    page = member.page
    await member.open("/chat")
    await ask(member, "<img src=x onerror=alert(1)> <b>stop</b> [1](javascript:alert(1))")
    await expect(page.locator(reply())).to_be_visible()

    assert await page.locator(".message img, .message b").count() == 0
    assert "onerror" in await page.locator(".message--own .message__body").inner_text()


async def test_chat_conversation_renamed_exported_and_deleted(member: Visitor) -> None:
    page = member.page
    await member.open("/chat")
    await ask(member)
    await expect(page.locator(reply())).to_be_visible()
    menu = page.locator("details.menu summary")
    await menu.click()
    await page.get_by_role("button", name="Rename").click()
    await page.get_by_label("Title").fill("About sizes")
    await page.get_by_role("dialog").get_by_role("button", name="Rename").click()
    await expect(page.get_by_role("heading", name="About sizes")).to_be_visible()
    await expect(page.locator(".session__title").first).to_have_text("About sizes")

    await menu.click()
    async with page.expect_download() as downloading:
        await page.get_by_role("button", name="Export as JSON").click()
    exported = await downloaded_json(await downloading.value)
    assert exported["messages"][0]["content"] == QUESTION

    await menu.click()
    await page.get_by_role("button", name="Delete").click()
    await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(page.get_by_text("No conversations yet.")).to_be_visible()


async def test_chat_search_leads_to_the_message(member: Visitor) -> None:
    page = member.page
    await member.open("/chat")
    await ask(member, "What does a zebra know of trailing stops?")
    await expect(page.locator(".message--reply")).to_have_attribute("aria-busy", "false")
    await member.open("/chat")
    await page.get_by_label("Search your conversations").fill("zebra")
    hit = page.locator("[data-found] a").first
    await expect(hit.locator("mark")).to_have_text("zebra")
    await hit.click()

    await expect(page.locator(".is-found")).to_contain_text("zebra")


async def test_chat_draft_kept_over_reload(member: Visitor) -> None:
    page = member.page
    await member.open("/chat")
    await page.get_by_label("Your message").fill("half a thought")
    await page.keyboard.press("Shift+Enter")
    await page.reload()

    assert await page.get_by_label("Your message").input_value() == "half a thought\n"


async def test_chat_of_somebody_else_is_not_found(member: Visitor, neighbour: Visitor) -> None:
    await member.open("/chat")
    await ask(member)
    path = member.page.url.removeprefix(member.house.url)
    answer = await neighbour.page.goto(path)
    piece = await neighbour.context.request.get(f"{path}/transcript")

    assert answer is not None
    assert (answer.status, piece.status) == (404, 404)
    await expect(neighbour.page.get_by_role("heading", name="Nothing here")).to_be_visible()


async def test_chat_phone_drawer_opens_and_closes(member: Visitor) -> None:
    page = member.page
    await page.set_viewport_size({"width": 360, "height": 740})
    await member.open("/chat")
    await ask(member)
    await expect(page.locator(reply())).to_be_visible()
    width = await page.evaluate("document.documentElement.scrollWidth")
    await page.get_by_role("button", name="Conversations").click()
    await expect(page.get_by_role("link", name="New chat")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("link", name="New chat")).to_be_hidden()

    assert width == 360
