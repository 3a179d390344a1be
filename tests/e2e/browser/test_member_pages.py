"""Members and the trail in an owner's browser."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import Page, expect

from tests.e2e.browser.conftest import PASSWORD, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def find(owner: Visitor, member: Visitor) -> Page:
    """The member's page, found by a part of the name."""
    page = owner.page
    await owner.open("/chat")
    await page.get_by_role("link", name="Members").click()
    await page.get_by_role("searchbox").fill(f"{member.name}@")
    await page.keyboard.press("Enter")
    await page.get_by_role("link", name=member.name, exact=True).click()
    await expect(page.get_by_role("heading", name=member.name)).to_be_visible()
    return page


async def fact(page: Page, name: str, value: str) -> None:
    """Wait until the page says so."""
    await expect(page.locator(f'.facts div:has(dt:text-is("{name}")) dd')).to_have_text(value)


async def confirmed(page: Page, text: str) -> None:
    """Wait until the page, read anew, says what was done; once."""
    await expect(page.locator("#toasts")).to_have_text(text)
    assert await page.evaluate("sessionStorage.getItem('guildhall.said')") is None


async def trail(page: Page) -> list[str]:
    """What happened, newest first."""
    return await page.locator("tbody td:nth-child(2)").all_inner_texts()


async def test_member_page_role_granted_until_date_and_taken_back(owner: Visitor, member: Visitor) -> None:
    page, ends = await find(owner, member), datetime.now(UTC) + timedelta(days=40)
    await page.get_by_label("Role", exact=True).select_option("SUBSCRIBER")
    await page.locator("#reason").fill("pays by <b>card</b>")
    await page.locator("#until").fill(ends.strftime("%Y-%m-%dT12:00"))
    await expect(page.locator("#until-hint")).to_have_text(re.compile(r"^In the time zone of this device: \S+"))
    await page.get_by_role("button", name="Grant").click()
    await fact(page, "Role", "Subscriber")
    await confirmed(page, f"The role is granted to {member.name}.")
    grant = page.locator('section:has(h2:text-is("Grants"))').get_by_role("listitem")
    await expect(grant).to_contain_text("pays by <b>card</b>")
    await expect(grant).to_contain_text(f"until {ends.day} {ends:%B %Y}")
    await member.open("/account")
    await fact(member.page, "Role", "Subscriber")

    await page.get_by_role("button", name="Take Subscriber back").click()
    await fact(page, "Role", "Public")
    await confirmed(page, f"Subscriber is taken back from {member.name}.")
    assert (await trail(page))[:2] == ["Role taken back", "Role granted"]
    await member.open("/account")
    await fact(member.page, "Role", "Public")


async def test_member_page_grant_until_yesterday_refused_at_its_field(owner: Visitor, member: Visitor) -> None:
    page, yesterday = await find(owner, member), datetime.now(UTC) - timedelta(days=2)
    await page.locator("#reason").fill("late")
    await page.locator("#until").fill(yesterday.strftime("%Y-%m-%dT12:00"))
    await page.get_by_role("button", name="Grant").click()

    await expect(page.locator("#until-problem")).to_contain_text("in the future")
    await expect(page.locator("#until")).to_be_focused()
    await expect(page.locator("#reason")).to_have_value("late")
    await fact(page, "Role", "Public")


async def test_member_page_banned_member_put_out_and_let_in_again(owner: Visitor, member: Visitor) -> None:
    await member.open("/chat")
    await expect(member.page.get_by_role("heading", name="New chat")).to_be_visible()
    page = await find(owner, member)
    await page.locator("#ban-reason").fill("Spam <script>alert(1)</script>")
    await page.get_by_role("button", name="Ban", exact=True).click()
    await fact(page, "State", "banned")
    await confirmed(page, f"{member.name} is banned, and signed out everywhere.")
    await expect(page.locator("tbody")).to_contain_text("Spam <script>alert(1)</script>")
    # Their open page is ended by its socket.
    await member.page.wait_for_url(re.compile("/sign-in"))
    await expect(member.page.get_by_role("alert")).to_have_text("You were signed out.")
    await sign_in_by_form(member)
    await expect(member.page.get_by_role("alert")).to_contain_text("do not belong together")

    await page.get_by_role("button", name="Lift the ban").click()
    await fact(page, "State", "active")
    await confirmed(page, f"The ban of {member.name} is lifted.")
    await sign_in_by_form(member)
    await expect(member.page.get_by_role("heading", name="New chat")).to_be_visible()
    assert {"Ban lifted", "Banned"} <= set(await trail(page))


async def sign_in_by_form(member: Visitor) -> None:
    """Enter name and password where the member stands."""
    await member.open("/sign-in")
    await member.page.get_by_label("Username or email").fill(member.name)
    await member.page.locator("#password").fill(PASSWORD)
    await member.page.keyboard.press("Enter")


async def test_member_page_deleted_member_gone_and_on_the_trail(owner: Visitor, member: Visitor) -> None:
    await member.open("/chat")
    page = await find(owner, member)
    await page.get_by_role("button", name="Delete the member").click()
    dialog = page.get_by_role("dialog", name=f"Delete {member.name}?")
    await page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()
    await page.get_by_role("button", name="Delete the member").click()
    await dialog.get_by_role("button", name="Delete", exact=True).click()
    await page.wait_for_url(re.compile("/admin/members$"))
    await confirmed(page, f"{member.name} is deleted.")
    await expect(page.get_by_role("link", name=member.name, exact=True)).to_have_count(0)
    await member.page.wait_for_url(re.compile("/sign-in"))

    await page.get_by_role("link", name="Audit trail").click()
    await page.get_by_label("What happened").select_option("member.deleted")
    await page.get_by_role("button", name="Show").click()
    assert set(await trail(page)) == {"Deleted"}
    row = page.get_by_role("row").filter(has_text=str(member.member_id)[-12:])
    await expect(row).to_contain_text("deleted member")
    await expect(row.get_by_role("link", name=owner.name)).to_have_attribute("title", str(owner.member_id))
    assert member.name not in await page.content()


async def test_member_page_export_of_member_downloaded_by_owner(owner: Visitor, member: Visitor) -> None:
    page = await find(owner, member)
    async with page.expect_download() as downloading:
        await page.get_by_role("link", name="Download their data").click()

    assert (await downloading.value).suggested_filename == f"guildhall-{member.member_id}.json"
    await page.reload()
    assert (await trail(page))[0] == "Data downloaded"


async def test_member_page_of_oneself_changes_nothing(owner: Visitor) -> None:
    page = await find(owner, owner)

    assert await page.get_by_role("main").get_by_role("button").count() == 0


async def test_member_pages_below_admin_refused_and_not_linked(member: Visitor) -> None:
    await member.open("/chat")
    assert await member.page.get_by_role("link", name="Members").count() == 0
    await member.open("/admin/audit")

    await expect(member.page.get_by_role("heading", name="Not for your role")).to_be_visible()
