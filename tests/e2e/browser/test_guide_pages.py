"""The library in a browser."""

import pytest
from playwright.async_api import expect

from tests.e2e.browser.conftest import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_guides_search_hit_opens_marked_passage(member: Visitor) -> None:
    page = member.page
    await member.open("/guides")
    await page.get_by_label("Search the guides").fill("liquidation price")
    await page.keyboard.press("Enter")
    hit = page.locator(".card", has=page.locator("mark")).first
    await expect(hit).to_be_visible()
    await hit.get_by_role("heading").get_by_role("link").click()

    await expect(page.locator(".is-cited").first).to_be_in_viewport()
    assert "#l" in page.url


async def test_guides_filters_narrow_the_list(member: Visitor) -> None:
    page = member.page
    await member.open("/guides")
    everything = await page.locator(".card").count()
    await page.get_by_role("navigation", name="Categories").get_by_role("link", name="Risk").click()
    await expect(page.get_by_role("navigation", name="Categories").locator("[aria-current]")).to_contain_text("Risk")
    some = await page.locator(".card").count()
    await page.get_by_label("Difficulty").select_option("beginner")
    await expect(page).to_have_url(f"{member.house.url}/guides?difficulty=beginner&category=risk")

    assert 0 < await page.locator(".card").count() < some < everything


async def test_guide_saved_and_read_stands_in_collection(member: Visitor) -> None:
    page = member.page
    await member.open("/guides")
    title = await page.locator(".card__title").first.inner_text()
    await page.locator(".card__title a").first.click()
    await page.get_by_role("button", name="Save").click()
    await page.get_by_role("button", name="Mark as read").click()
    await expect(page.get_by_role("button", name="Read", exact=True)).to_have_attribute("aria-pressed", "true")

    await member.open("/saved")
    await expect(page.get_by_role("link", name=title)).to_be_visible()
    await page.get_by_role("button", name="Saved").click()
    await expect(page.get_by_role("button", name="Save", exact=True)).to_be_visible()
    await member.open("/saved")
    await expect(page.get_by_text("Nothing saved yet")).to_be_visible()


async def test_guide_unknown_shows_error_page(member: Visitor) -> None:
    answer = await member.page.goto("/guides/no-such-guide")

    assert answer is not None
    assert answer.status == 404
    await expect(member.page.get_by_role("heading", name="Nothing here")).to_be_visible()


async def test_guide_for_subscribers_hidden_from_other_members(member: Visitor) -> None:
    await member.open("/guides")

    assert await member.page.locator(".tag--role").count() == 0
