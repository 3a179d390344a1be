"""Links from mails: a new password for who forgot it, and an address that is verified."""

import re

import pytest
from playwright.async_api import expect

from tests.e2e.browser.conftest import PASSWORD, Visitor, another_browser, sign_in
from tests.e2e.browser.operator import mailed_link

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

NEW_PASSWORD = "a whole new sentence"


async def ask_for_reset(visitor: Visitor, email: str) -> None:
    """From the sign-in page, by keyboard."""
    page = visitor.page
    await visitor.open("/sign-in")
    await page.get_by_role("link", name="Forgot the password?").click()
    await page.get_by_label("Email").fill(email)
    # Until its script is there a form cannot be sent.
    await expect(page.get_by_role("button", name="Send the link")).to_be_enabled()
    await page.keyboard.press("Enter")
    await expect(page.locator("#toasts")).to_contain_text("If the address belongs to an account")
    await expect(page.get_by_label("Email")).to_have_value("")


async def test_forgotten_password_mailed_link_sets_new_one_once(member: Visitor, guest: Visitor) -> None:
    page, token = guest.page, ""
    await member.open("/chat")
    await ask_for_reset(guest, member.email)
    link = await mailed_link(member.house, "/password-reset", member.email)
    token = link.partition("#token=")[2]
    await page.goto(link)
    assert token not in page.url
    await page.locator("#password").fill("short")
    assert not await page.locator("#password").evaluate("input => input.checkValidity()")
    await page.locator("#password").fill(NEW_PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="New chat")).to_be_visible()
    # Everybody who was signed in is out, at once.
    await member.page.wait_for_url(re.compile("/sign-in"))

    await guest.open("/account")
    await expect(page.locator(".facts").first).not_to_contain_text("not verified")
    await page.goto(link)
    await page.locator("#password").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_contain_text("used already or has expired")
    await guest.context.clear_cookies()
    await sign_in(another_browser(member, guest), NEW_PASSWORD)


async def test_forgotten_password_of_unknown_address_answered_alike(guest: Visitor) -> None:
    await ask_for_reset(guest, "nobody-at-all@example.org")

    assert guest.page.url.endswith("/sign-in/forgotten")


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/password-reset", "This link is incomplete"),
        ("/verify-email", "This link is incomplete"),
        ("/verify-email#token=forged", "used already or has expired"),
    ],
)
async def test_mailed_link_that_is_broken_says_so(guest: Visitor, path: str, says: str) -> None:
    await guest.open(path)

    await expect(guest.page.locator("#status")).to_contain_text(says)
    await expect(guest.page.locator("#password")).to_be_hidden()


async def test_mailed_link_pasted_over_the_page_of_another_is_read(guest: Visitor) -> None:
    await guest.open("/password-reset")
    await expect(guest.page.locator("#status")).to_contain_text("incomplete")
    await guest.page.goto("/password-reset#token=another")

    await expect(guest.page.locator("#password")).to_be_visible()


async def test_email_verified_by_mailed_link_once(member: Visitor, guest: Visitor) -> None:
    page = member.page
    await member.open("/account")
    await expect(page.locator(".facts").first).to_contain_text("(not verified)")
    await page.get_by_role("button", name=f"Send the mail that verifies {member.email}").click()
    await expect(page.locator("#toasts")).to_contain_text("The mail is on its way.")
    link = await mailed_link(member.house, "/verify-email", member.email)
    # Opened where nobody is signed in, as on a phone.
    await guest.page.goto(link)
    await expect(guest.page.locator("#status")).to_have_text("Your email address is verified.")
    await member.open("/account")
    await expect(page.locator(".facts").first).not_to_contain_text("not verified")

    await guest.page.reload()
    await expect(guest.page.locator("#status")).to_contain_text("incomplete")
    await guest.page.goto(link)
    await expect(guest.page.locator("#status")).to_contain_text("used already or has expired")
