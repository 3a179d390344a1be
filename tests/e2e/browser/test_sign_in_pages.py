"""Coming in, staying in and going out."""

import re

import pytest
from playwright.async_api import expect

from tests.e2e.browser.conftest import PASSWORD, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_sign_in_link_opened_enters_once(guest: Visitor) -> None:
    link = f"/sign-in/link#token={guest.house.link_token}"

    await guest.open(link)
    await expect(guest.page.get_by_role("heading", name="New chat")).to_be_visible()
    assert guest.house.link_token not in guest.page.url

    await guest.page.goto("about:blank")
    await guest.context.clear_cookies()
    await guest.open(link)
    await expect(guest.page.get_by_role("status").first).to_contain_text("used already or has expired")
    assert guest.page.url.endswith("/sign-in/link")


async def test_register_form_new_account_comes_back_to_wanted_page(guest: Visitor) -> None:
    page = guest.page
    await guest.open("/saved?unread=true")
    await page.get_by_role("tab", name="Register").click()
    await page.locator("#new-username").fill("newcomer")
    await page.locator("#new-password").fill("short")
    assert not await page.locator("#new-password").evaluate("input => input.checkValidity()")
    await page.locator("#new-password").fill(PASSWORD)
    await page.locator("#panel-register").get_by_role("button", name="Register").click()

    await expect(page.get_by_role("heading", name="Saved guides")).to_be_visible()
    assert page.url.endswith("/saved?unread=true")


async def test_sign_in_form_wrong_password_says_so(member: Visitor) -> None:
    page = member.page
    await member.context.clear_cookies()
    await member.open("/sign-in")
    await page.get_by_label("Username or email").fill(member.name)
    await page.locator("#password").fill("not the right one")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_contain_text("do not belong together")

    await page.locator("#password").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="New chat")).to_be_visible()


@pytest.mark.parametrize("wanted", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)"])
async def test_sign_in_next_of_another_site_stays_here(member: Visitor, wanted: str) -> None:
    await member.page.goto(f"/sign-in?next={wanted}")

    assert member.page.url == f"{member.house.url}/chat"


async def test_sign_in_grown_old_refreshed_silently(member: Visitor) -> None:
    await member.context.clear_cookies(name="guildhall_access")

    await member.open("/saved")

    await expect(member.page.get_by_role("heading", name="Saved guides")).to_be_visible()


async def test_sign_in_of_dropped_key_refreshed_silently(member: Visitor) -> None:
    page = member.page
    await member.open("/chat")
    cookies = [cookie for cookie in await member.context.cookies() if cookie.get("name") == "guildhall_csrf"]
    await member.context.add_cookies([{**cookies[0], "value": "of-a-dropped-key"}])  # type: ignore[typeddict-item]
    await page.get_by_label("Your message").fill("Is anybody there?")
    async with page.expect_response("**/api/v1/chat/sessions") as answered:
        await page.keyboard.press("Enter")
    await page.wait_for_url(re.compile(r"/chat/[0-9a-f-]{36}"))

    assert (await answered.value).status == 403


async def test_account_sign_out_ends_sign_in(member: Visitor) -> None:
    page = member.page
    await member.open("/account")
    await expect(page.get_by_text(member.name, exact=True)).to_be_visible()
    await page.get_by_role("button", name="Sign out").click()
    await page.wait_for_url(re.compile("/sign-in$"))
    await expect(page.get_by_text("You were signed out.")).to_have_count(0)

    await member.open("/chat")

    await expect(page.get_by_role("tab", name="Sign in")).to_be_visible()
    assert page.url.endswith("/sign-in?next=%2Fchat")
