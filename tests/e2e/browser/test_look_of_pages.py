"""Widths, colours, keyboard, and what the pages may load."""

import pytest
from playwright.async_api import expect

from tests.e2e.browser.conftest import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

PATHS = ("/chat", "/guides", "/guides?q=stop+loss", "/saved", "/account", "/guides/none")


async def test_pages_phone_width_never_scroll_sideways(member: Visitor) -> None:
    await member.page.set_viewport_size({"width": 360, "height": 740})
    await member.open("/guides")
    guide = await member.page.locator(".card__title a").first.get_attribute("href")
    widths = {}
    for path in (*PATHS, str(guide)):
        await member.open(path)
        widths[path] = await member.page.evaluate("document.documentElement.scrollWidth")

    assert set(widths.values()) == {360}, widths


async def test_theme_chosen_dark_survives_reload(guest: Visitor) -> None:
    page = guest.page
    await page.emulate_media(color_scheme="light")
    await guest.open("/sign-in")
    light = await page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    toggle = page.get_by_role("button", name="Colours")
    await toggle.click()
    await toggle.click()
    await expect(toggle).to_have_attribute("aria-label", "Colours: dark. Change")
    await page.reload()
    dark = await page.evaluate("getComputedStyle(document.documentElement).backgroundColor")

    assert light == "rgb(251, 250, 247)"
    assert dark == "rgb(20, 24, 27)"


async def test_theme_follows_system_without_choice(guest: Visitor) -> None:
    await guest.page.emulate_media(color_scheme="dark")
    await guest.open("/sign-in")

    assert await guest.page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(20, 24, 27)"


async def test_pages_first_tab_skips_to_content(guest: Visitor) -> None:
    await guest.open("/sign-in")
    await guest.page.keyboard.press("Tab")
    await expect(guest.page.get_by_role("link", name="Skip to the content")).to_be_focused()
    await guest.page.keyboard.press("Enter")

    assert await guest.page.evaluate("document.activeElement.id") == "content"


async def test_pages_load_nothing_from_elsewhere(member: Visitor) -> None:
    asked: set[str] = set()
    member.page.on("request", lambda request: asked.add(request.url))
    for path in PATHS:
        await member.open(path)

    assert asked
    assert [url for url in asked if not url.startswith(member.house.url)] == []


async def test_pages_policy_forbids_inline_scripts_and_styles(guest: Visitor) -> None:
    answer = await guest.page.goto("/sign-in")

    assert answer is not None
    policy = answer.headers["content-security-policy"].split("; ")
    assert {"default-src 'none'", "script-src 'self'", "style-src 'self'"} <= set(policy)
    assert [rule for rule in policy if "unsafe" in rule] == []


async def test_static_files_cached_by_version(guest: Visitor) -> None:
    await guest.open("/sign-in")
    address = await guest.page.locator("link[rel=stylesheet]").first.get_attribute("href")
    first = await guest.context.request.get(str(address))
    again = await guest.context.request.get(str(address), headers={"If-None-Match": first.headers["etag"]})
    older = await guest.context.request.get("/static/another/css/base.css")
    absent = await guest.context.request.get("/static/another/../../pages.py")

    assert first.headers["content-type"] == "text/css; charset=utf-8"
    assert "immutable" in first.headers["cache-control"]
    assert again.status == 304
    assert older.headers["cache-control"] == "public, no-cache"
    assert absent.status == 404
