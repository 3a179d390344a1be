"""One's own account in a browser: names, password, sign-ins, Telegram, data and the way out."""

import json
import re

import pytest
from playwright.async_api import Page, expect

from domain.identity import OPERATOR, Member, MemberId, Role, TelegramProfile, User, UserId
from tests.e2e.browser.conftest import PASSWORD, Visitor, another_browser, downloaded_json, sign_in
from tests.e2e.browser.operator import operating

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

NEW_PASSWORD = "a whole new sentence"
WRONG = "not the right one"


def section(page: Page, title: str) -> str:
    """The selector of the part of the page under this heading."""
    return f'section:has(h2:text-is("{title}"))'


async def change_password(page: Page, current: str, new: str) -> None:
    """Fill in and send the form, by keyboard."""
    await page.locator("#current-password").fill(current)
    await page.locator("#new-password").fill(new)
    await page.keyboard.press("Enter")


async def test_account_password_changed_signs_in_with_the_new_one(member: Visitor) -> None:
    page = member.page
    await member.open("/account")
    await change_password(page, PASSWORD, NEW_PASSWORD)
    await expect(page.locator("#toasts")).to_contain_text("The password is changed")
    assert await page.locator("#new-password").input_value() == ""
    await page.get_by_role("button", name="Sign out").click()
    await page.wait_for_url(re.compile("/sign-in$"))
    await page.get_by_label("Username or email").fill(member.email)
    await page.locator("#password").fill(NEW_PASSWORD)
    await page.keyboard.press("Enter")

    await expect(page.get_by_role("heading", name="New chat")).to_be_visible()


async def test_account_wrong_password_shown_at_its_field_and_counted_once(member: Visitor) -> None:
    page, sent = member.page, []
    page.on("request", lambda request: sent.append(request.url) if request.method != "GET" else None)
    await member.open("/account")
    await change_password(page, WRONG, NEW_PASSWORD)
    await expect(page.locator("#current-password-problem")).to_have_text("The password is wrong.")
    await expect(page.locator("#current-password")).to_be_focused()
    await expect(page.locator("#current-password")).to_have_attribute("aria-invalid", "true")
    await expect(page.get_by_role("button", name="Change the password")).to_be_enabled()
    assert sent == [f"{member.house.url}/api/v1/auth/password"]

    await change_password(page, PASSWORD, NEW_PASSWORD)
    await expect(page.locator("#toasts")).to_contain_text("The password is changed")
    await expect(page.locator("#current-password-problem")).to_be_hidden()


async def test_account_password_guessed_too_often_says_when_to_come_back(member: Visitor) -> None:
    page = member.page
    await member.open("/account")
    for _ in range(5):
        await change_password(page, WRONG, NEW_PASSWORD)
        await expect(page.locator("#current-password-problem")).to_be_visible()
    await change_password(page, WRONG, NEW_PASSWORD)

    await expect(page.get_by_role("alert")).to_contain_text(re.compile(r"Try again in \d+ min"))


async def test_account_names_changed_and_taken_ones_refused(member: Visitor, neighbour: Visitor) -> None:
    page = member.page
    await member.open("/account")
    await page.locator("#username").fill(f"{member.name}-renamed")
    await page.locator("#email").fill(f"new-{member.email}")
    await page.locator("#names-password").fill(PASSWORD)
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.locator(".facts").first).to_contain_text(f"{member.name}-renamed")
    await expect(page.locator(".facts").first).to_contain_text(f"new-{member.email} (not verified)")
    await expect(page.locator("#toasts")).to_contain_text(f"A mail with a link was sent to new-{member.email}")

    await page.locator("#username").fill(neighbour.name)
    await page.locator("#names-password").fill(PASSWORD)
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.get_by_role("alert")).to_have_text("Another account has this username; choose another one.")
    await expect(page.locator(".facts").first).to_contain_text(f"{member.name}-renamed")


async def test_account_sign_ins_named_in_words_and_read_anew_after_password_change(
    member: Visitor, guest: Visitor
) -> None:
    page, other = member.page, another_browser(member, guest)
    await sign_in(other)
    await member.open("/account")
    sign_ins = page.locator(section(page, "Sign-ins")).get_by_role("listitem")
    await expect(sign_ins).to_have_count(2)
    named = sign_ins.first.locator("[title]")
    await expect(named).to_have_text(re.compile("^(Chrome|Chromium) on "))
    assert "Mozilla/5.0" in str(await named.get_attribute("title"))
    await change_password(page, PASSWORD, NEW_PASSWORD)

    await expect(sign_ins).to_have_count(1)
    await expect(page.locator("#toasts")).to_contain_text("The password is changed")


async def test_account_ended_sign_in_loses_its_session(member: Visitor, guest: Visitor) -> None:
    page, other = member.page, another_browser(member, guest)
    await sign_in(other)
    await other.open("/chat")
    await expect(other.page.get_by_role("heading", name="New chat")).to_be_visible()
    await member.open("/account")
    sign_ins = page.locator(section(page, "Sign-ins"))
    await expect(sign_ins.get_by_role("listitem")).to_have_count(2)
    await sign_ins.get_by_role("button", name="End", exact=True).click()
    await expect(sign_ins.get_by_role("listitem")).to_have_count(1)

    await other.page.wait_for_url(re.compile("/sign-in"))
    await other.open("/account")
    await expect(other.page.get_by_role("tab", name="Sign in")).to_be_visible()
    await member.open("/account")
    await expect(page.get_by_role("heading", name="Account")).to_be_visible()


async def test_account_form_of_ended_sign_in_leads_to_sign_in(member: Visitor, guest: Visitor) -> None:
    other = another_browser(member, guest)
    await sign_in(other)
    await other.open("/account")
    await member.open("/account")
    await member.page.get_by_role("button", name="End all others").click()
    await expect(member.page.get_by_role("button", name="End all others")).to_have_count(0)
    await change_password(other.page, PASSWORD, NEW_PASSWORD)

    await other.page.wait_for_url(re.compile(r"/sign-in\?next=%2Faccount"))
    await expect(other.page.get_by_role("alert")).to_have_text("You were signed out.")


async def ask_for_code(member: Visitor) -> str:
    """Press the button; the code on the page."""
    page = member.page
    async with page.expect_response("**/auth/link-code") as answered:
        await page.get_by_role("button", name="Get a code").click()
    answer = await (await answered.value).json()
    code = page.locator("#link-code code")
    await expect(code).to_have_text(f"/link {answer['code']}")
    return str(answer["code"])


async def test_account_telegram_linked_by_code_and_unlinked(member: Visitor) -> None:
    page = member.page
    await member.open("/account")
    await ask_for_code(member)
    code = await ask_for_code(member)
    ann = TelegramProfile(4_000_000_001, "ann_tg", "Ann <b>")
    async with operating(member.house) as container:
        linking = container.linking_service()
        question = await linking.present(ann, code)
        # The first code was replaced: what becomes of it must not take the second one away.
        await page.wait_for_timeout(3_500)
        await expect(page.locator("#link-code")).to_be_visible()
        await linking.confirm(ann.telegram_id, question.request_id)

    telegram = page.locator(section(page, "Telegram"))
    await expect(telegram).to_contain_text("Linked with ann_tg")
    await telegram.get_by_role("button", name="Unlink").click()
    await expect(telegram.get_by_role("button", name="Get a code")).to_be_visible()


async def test_account_link_declined_in_telegram_takes_code_away(member: Visitor) -> None:
    await member.open("/account")
    code = await ask_for_code(member)
    bob = TelegramProfile(4_000_000_002, "bob_tg", "Bob")
    async with operating(member.house) as container:
        linking = container.linking_service()
        question = await linking.present(bob, code)
        await linking.decline(bob.telegram_id, question.request_id)

    await expect(member.page.locator("#link-code")).to_be_hidden()
    await expect(member.page.locator("#toasts")).to_contain_text("no longer good")


async def test_account_link_of_telegram_admin_waits_for_password(member: Visitor) -> None:
    page = member.page
    await member.open("/account")
    code = await ask_for_code(member)
    admin = TelegramProfile(4_000_000_003, "admin_tg", "Admin")
    async with operating(member.house) as container:
        seen = await container.telegram_accounts().seen(admin)
        assert seen.member_id is not None
        await container.member_service().grant(OPERATOR, seen.member_id, Role.ADMIN, "for the test")
        question = await container.linking_service().present(admin, code)
        await container.linking_service().confirm(admin.telegram_id, question.request_id)
    await page.locator("#finish-password").fill(WRONG)
    await page.keyboard.press("Enter")
    await expect(page.locator("#finish-password-problem")).to_have_text("The password is wrong.")
    await page.locator("#finish-password").fill(PASSWORD)
    await page.keyboard.press("Enter")

    await expect(page.locator(section(page, "Telegram"))).to_contain_text("Linked with admin_tg")
    await expect(page.locator(".facts").first).to_contain_text("Admin")


async def test_account_export_downloaded_even_with_old_access(member: Visitor) -> None:
    await member.open("/account")
    await member.context.clear_cookies(name="guildhall_access")
    async with member.page.expect_download() as downloading:
        await member.page.get_by_role("link", name="Download everything").click()
    download = await downloading.value
    kept = await downloaded_json(download)

    assert download.suggested_filename.startswith("guildhall-")
    assert member.name in json.dumps(kept)
    assert "argon2" not in json.dumps(kept)


async def test_account_deleted_through_dialog_cannot_come_back(member: Visitor) -> None:
    page = member.page
    await member.open("/account")
    await page.get_by_role("button", name="Delete the account").click()
    dialog = page.get_by_role("dialog", name="Delete the account?")
    await dialog.get_by_role("button", name="Keep it").click()
    await expect(dialog).to_be_hidden()
    await expect(page.get_by_role("button", name="Delete the account")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("#delete-password")).to_be_focused()
    await page.keyboard.type(WRONG)
    await page.keyboard.press("Enter")
    await expect(page.locator("#delete-password-problem")).to_have_text("The password is wrong.")
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_url(re.compile("/sign-in$"))
    await expect(page.locator("#toasts")).to_contain_text("Your account was deleted.")

    await page.get_by_label("Username or email").fill(member.name)
    await page.locator("#password").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_contain_text("do not belong together")
    assert await member.context.cookies() == []


async def test_account_of_house_without_bot_offers_no_code(patient_member: Visitor) -> None:
    await patient_member.open("/account")

    telegram = patient_member.page.locator(section(patient_member.page, "Telegram"))
    await expect(telegram).to_contain_text("This house has no Telegram bot yet")
    await expect(telegram.get_by_role("button")).to_have_count(0)


async def test_account_guessable_password_refused_at_its_field(member: Visitor) -> None:
    await member.open("/account")
    await change_password(member.page, PASSWORD, "1234567890")
    await expect(member.page.locator("#new-password-problem")).to_contain_text("in a row")
    await expect(member.page.locator("#change-password [data-status]")).to_have_text("")
    await expect(member.page.locator("#change-password")).not_to_contain_text("new_password")
    await expect(member.page.locator("#new-password")).to_be_focused()
    await change_password(member.page, PASSWORD, f"{member.name} itself")

    await expect(member.page.locator("#new-password-problem")).to_contain_text("without your username")
    await change_password(member.page, WRONG, NEW_PASSWORD)

    await expect(member.page.locator("#current-password-problem")).to_have_text("The password is wrong.")
    await expect(member.page.locator("#new-password-problem")).to_have_text("")


async def test_account_made_by_telegram_is_told_that_telegram_has_to_confirm_its_first_password(guest: Visitor) -> None:
    async with operating(guest.house) as container:
        seen = await container.telegram_accounts().seen(TelegramProfile(4_000_000_009, "first_tg", "Zoë"))
        link = await container.member_service().sign_in_link(OPERATOR, seen.require_member())
    await guest.open(f"/sign-in/link?next=%2Faccount#token={link.token}")

    section_text = guest.page.locator(section(guest.page, "Password"))
    await expect(section_text).to_contain_text("Telegram has to confirm anew that it is you")
    await expect(guest.page.locator("#first-password")).to_have_count(0)


async def test_account_without_telegram_sets_its_first_password(guest: Visitor) -> None:
    page = guest.page
    async with operating(guest.house) as container:
        now, ids = container.clock().now(), container.ids()
        user = User(UserId(ids.new()), None, "zoe-first", None, created_at=now, updated_at=now)
        member = Member(MemberId(ids.new()), created_at=now, updated_at=now, user=user)
        async with container.unit_of_work() as work:
            await work.members.add(member, now)
            await work.commit()
        link = await container.member_service().sign_in_link(OPERATOR, member.id)
    await guest.open(f"/sign-in/link?next=%2Faccount#token={link.token}")
    await expect(page.get_by_role("heading", name="Account")).to_be_visible()
    await page.locator("#first-password").fill("zoe-first-password")
    await page.keyboard.press("Enter")
    await expect(page.locator("#first-password-problem")).to_contain_text("without your username")
    await page.locator("#first-password").fill(NEW_PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.locator("#toasts")).to_contain_text("The password is set")
    await expect(page.get_by_role("button", name="Change the password")).to_be_visible()
    await page.get_by_role("button", name="Sign out").click()
    await page.wait_for_url(re.compile("/sign-in$"))
    await page.get_by_label("Username or email").fill("zoe-first")
    await page.locator("#password").fill(NEW_PASSWORD)
    await page.keyboard.press("Enter")

    await expect(page.get_by_role("heading", name="New chat")).to_be_visible()
