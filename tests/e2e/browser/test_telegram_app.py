"""The page that Telegram's clients open, in their views, in a plain browser, and inside Telegram Web."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import Page, expect

from domain.identity import OPERATOR, TelegramProfile
from tests.e2e.browser.accessibility import faults, reached_by_tab
from tests.e2e.browser.conftest import Visitor
from tests.e2e.browser.operator import operating
from tests.e2e.browser.telegram_house import DARK, TelegramWeb, launch

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

ADA = TelegramProfile(5_000_000_001, "ada_tg", "Ada", "<b>Lovelace")
APP = "/telegram-app"
BRIDGE = "window.told = []; window.TelegramWebviewProxy = { postEvent: (name) => window.told.push(name) };"
NO_COOKIES = "Object.defineProperty(Document.prototype, 'cookie', { get: () => '', set: () => {} });"
LIGHT, NIGHT = "rgb(251, 250, 247)", "rgb(20, 24, 27)"


async def in_client(visitor: Visitor) -> Page:
    """The visitor's page as a view of Telegram's, which has a bridge to the app around it."""
    await visitor.page.add_init_script(BRIDGE)
    return visitor.page


async def test_mini_app_in_telegram_signs_in_and_goes_on_to_the_chat(caller: Visitor) -> None:
    page = await in_client(caller)
    await caller.open(APP + launch(ADA))
    await expect(page.get_by_role("heading", name="New chat")).to_be_visible()
    assert page.url == f"{caller.house.url}/chat"

    # The sign-in is kept as any other; opened again, the app goes straight on and begins no other one.
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    await page.goto("about:blank")
    await caller.open(f"{APP}?next=/account{launch(ADA, signed_at=datetime.now(UTC) - timedelta(minutes=5))}")
    await expect(page.get_by_role("heading", name="Account")).to_be_visible()
    await expect(page.locator(".facts").first).to_contain_text("ada_tg")
    assert [url for url in sent if "mini-app" in url] == []


@pytest.mark.parametrize(
    ("query", "start", "goes"),
    [("?next=/saved", "", "/saved"), ("?next=//evil.example", "", "/chat"), ("", "something-else", "/chat")],
)
async def test_mini_app_in_telegram_goes_to_own_paths_only(caller: Visitor, query: str, start: str, goes: str) -> None:
    page = await in_client(caller)
    await page.goto(f"{APP}{query}{launch(ADA, start=start)}")
    await page.wait_for_url(f"{caller.house.url}{goes}")
    assert await page.evaluate("location.hash") == ""


async def test_mini_app_started_for_a_guide_opens_it(caller: Visitor) -> None:
    page = await in_client(caller)
    await page.goto(APP + launch(ADA))
    await page.wait_for_url(re.compile("/chat$"))
    await caller.open("/guides")
    path = str(await page.locator(".card__title a").first.get_attribute("href"))
    await page.goto("about:blank")
    await page.goto(APP + launch(ADA, start=f"guide_{path.rpartition('/')[2]}"))

    await page.wait_for_url(caller.house.url + path)
    assert await page.evaluate("location.hash") == ""


async def test_mini_app_in_a_plain_browser_asks_first_and_signs_in_by_keyboard(caller: Visitor) -> None:
    page = caller.page
    await page.set_viewport_size({"width": 320, "height": 640})
    await caller.open(APP + launch(ADA))
    await expect(page.locator("#status")).to_contain_text("Ada <b>Lovelace (@ada_tg)")
    assert "tgWebAppData" not in page.url
    assert await caller.context.cookies() == []
    assert await page.evaluate("document.documentElement.scrollWidth") == 320
    await expect(page.get_by_role("button", name="Sign in")).to_be_focused()
    await page.keyboard.press("Enter")

    await expect(page.get_by_role("heading", name="New chat")).to_be_visible()


async def test_mini_app_without_data_says_where_to_open_it(caller: Visitor) -> None:
    await caller.open(APP)

    await expect(caller.page.locator("#status")).to_contain_text("Open this page from the bot, inside Telegram")
    await expect(caller.page.get_by_role("link", name=f"{caller.house.url}/sign-in")).to_be_visible()
    await expect(caller.page.get_by_role("button")).to_have_count(0)


async def test_mini_app_with_old_or_forged_data_says_to_open_it_again(caller: Visitor) -> None:
    page = await in_client(caller)
    old = launch(ADA, signed_at=datetime.now(UTC) - timedelta(minutes=16))
    for fragment in (old, launch(ADA).replace("ada_tg", "eve_tg")):
        await page.goto("about:blank")
        await caller.open(APP + fragment)
        await expect(page.locator("#status")).to_contain_text("Close this page and open it from the bot again")
    assert await caller.context.cookies() == []


async def test_mini_app_of_banned_member_says_so(caller: Visitor) -> None:
    banned = TelegramProfile(5_000_000_002, "banned_tg", "Ben")
    async with operating(caller.house) as container:
        seen = await container.telegram_accounts().seen(banned)
        await container.member_service().ban(OPERATOR, seen.require_member(), "for the test")
    page = await in_client(caller)
    await caller.open(APP + launch(banned))

    await expect(page.locator("#status")).to_contain_text("banned")


async def test_mini_app_where_no_cookies_are_kept_says_so(caller: Visitor) -> None:
    page = await in_client(caller)
    await page.add_init_script(NO_COOKIES)
    await caller.open(APP + launch(ADA))

    await expect(page.locator("#status")).to_contain_text("This app keeps no cookies")


async def test_mini_app_tells_the_client_and_follows_its_colours(caller: Visitor) -> None:
    page = await in_client(caller)
    await page.emulate_media(color_scheme="light")
    await page.goto(APP + launch(ADA, theme=DARK))
    await expect(page.get_by_role("heading", name="New chat")).to_be_visible()
    assert await page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == NIGHT
    # What the member chooses is theirs.
    toggle = page.get_by_role("button", name="Colours")
    await toggle.click()
    assert await page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == LIGHT

    await page.goto("about:blank")
    await page.goto(APP)
    assert await page.evaluate("window.told") == ["web_app_ready", "web_app_expand"]


async def test_mini_app_in_telegram_web_uses_nothing_and_leads_out(caller: Visitor) -> None:
    page, fragment = caller.page, launch(ADA)
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    await TelegramWeb(f"{caller.house.url}{APP}?next=/saved{fragment}").play(caller.context)
    await page.goto(TelegramWeb.PAGE)
    app = page.frame_locator("iframe")
    await expect(app.locator("#status")).to_contain_text("Open it in a tab of its own")
    await app.get_by_role("button", name="Open in the browser").click()
    heard = await page.evaluate("heard.find(({ eventType }) => eventType === 'web_app_open_link')?.eventData.url")
    assert heard == f"{caller.house.url}{APP}?next=/saved{fragment}"
    assert sent == []

    # In the tab the same data is still good.
    tab = await caller.new_page()
    await tab.goto(heard)
    await tab.get_by_role("button", name="Sign in").click()
    await tab.wait_for_url(f"{caller.house.url}/saved")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_telegram_pages_names_headings_and_contrast_hold(caller: Visitor, scheme: str) -> None:
    await caller.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    found = {}
    for path in (APP, APP + launch(ADA), "/sign-in", "/sign-in/telegram"):
        await caller.page.goto("about:blank")
        await caller.open(path)
        await expect(caller.page.locator("#status")).not_to_have_text("One moment…")
        found[path] = await faults(caller.page)
        assert "unseen" not in " ".join(await reached_by_tab(caller.page))

    assert {path: problems for path, problems in found.items() if problems} == {}
