"""Asking Telegram who the visitor is: signing in, and the proof for a first password."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import expect

from domain.identity import OPERATOR, TelegramProfile
from domain.telegram import InboxUpdate, UpdateKey
from tests.e2e.browser.accessibility import faults
from tests.e2e.browser.conftest import Visitor
from tests.e2e.browser.operator import operating
from tests.e2e.browser.telegram_house import BOT_ID, BOT_NAME, TelegramLogin, answer
from tests.support.telegram import Signer

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

# With characters that base64 writes as - and _.
BEA = TelegramProfile(6_000_000_001, "bea_tg", "Béa", "Ünal ???>>>")
NEW_PASSWORD = "a whole new sentence"


async def asking(visitor: Visitor, profile: TelegramProfile) -> TelegramLogin:
    """Telegram in the visitor's browser, where this person is signed in."""
    telegram = TelegramLogin(profile)
    await telegram.play(visitor.context)
    return telegram


async def test_sign_in_with_telegram_by_keyboard_comes_back_to_the_wanted_page(caller: Visitor) -> None:
    page, telegram = caller.page, await asking(caller, BEA)
    await caller.open("/saved?unread=true")
    await page.get_by_role("button", name="Sign in with Telegram").focus()
    await page.keyboard.press("Enter")
    await page.get_by_role("link", name="Accept").click()
    await expect(page.get_by_role("heading", name="Saved guides")).to_be_visible()
    assert page.url.endswith("/saved?unread=true")
    asked = telegram.asked[0]
    assert (asked["bot_id"], asked["origin"]) == (BOT_ID, caller.house.url)
    assert asked["return_to"].startswith(f"{caller.house.url}/sign-in/telegram?state=")
    assert {"-", "_"} <= set(answer(telegram.signed))

    # Going back finds nothing that could be used again.
    await page.go_back()
    assert "tgAuthResult" not in page.url


async def test_sign_in_with_an_answer_that_nobody_asked_for_signs_nobody_in(caller: Visitor) -> None:
    page = caller.page
    foreign = answer(Signer().vouch_for_widget(BEA, datetime.now(UTC)))
    await caller.open(f"/sign-in/telegram?state=1-2-3-4{foreign}")
    await expect(page.locator("#status")).to_contain_text("This tab did not ask Telegram")
    assert "tgAuthResult" not in page.url
    # One's own question does not make another's answer good.
    telegram = await asking(caller, BEA)
    await caller.open("/sign-in")
    await page.get_by_role("button", name="Sign in with Telegram").click()
    await expect(page.get_by_role("link", name="Accept")).to_be_visible()
    await caller.open(f"/sign-in/telegram?state=1-2-3-4{answer(telegram.signed)}")
    await expect(page.locator("#status")).to_contain_text("This tab did not ask Telegram")

    assert await caller.context.cookies() == []


@pytest.mark.parametrize("fragment", ["", "#tgAuthResult=false", "#tgAuthResult=%%%", "#tgAuthResult=ZmFsc2U"])
async def test_sign_in_without_telegrams_confirmation_says_so(caller: Visitor, fragment: str) -> None:
    page, telegram = caller.page, await asking(caller, BEA)
    await caller.open("/sign-in")
    await page.get_by_role("button", name="Sign in with Telegram").click()
    await expect(page.get_by_role("link", name="Accept")).to_be_visible()
    await page.goto(telegram.asked[0]["return_to"] + fragment)

    await expect(page.locator("#status")).to_contain_text("Telegram did not confirm who you are")
    assert await faults(page) == []
    await page.get_by_role("link", name="To the sign-in page").click()
    await expect(page.get_by_role("button", name="Sign in with Telegram")).to_be_enabled()


async def test_sign_in_with_an_old_answer_is_refused(caller: Visitor) -> None:
    page, telegram = caller.page, await asking(caller, BEA)
    await caller.open("/sign-in")
    await page.get_by_role("button", name="Sign in with Telegram").click()
    await expect(page.get_by_role("link", name="Accept")).to_be_visible()
    old = Signer().vouch_for_widget(BEA, datetime.now(UTC) - timedelta(minutes=16))
    await page.goto(telegram.asked[0]["return_to"] + answer(old))

    await expect(page.locator("#status")).to_contain_text("sign in again from Telegram")
    assert await caller.context.cookies() == []


async def test_first_password_of_a_telegram_member_set_with_telegrams_proof(caller: Visitor) -> None:
    page = caller.page
    await page.set_viewport_size({"width": 360, "height": 740})
    cara = TelegramProfile(6_000_000_002, "cara_tg", "Cara")
    await asking(caller, cara)
    async with operating(caller.house) as container:
        seen = await container.telegram_accounts().seen(cara)
        link = await container.member_service().sign_in_link(OPERATOR, seen.require_member())
    await caller.open(f"/sign-in/link?next=%2Faccount#token={link.token}")
    await page.get_by_role("button", name="Confirm with Telegram").click()
    # The sign-in may have grown old meanwhile.
    await caller.context.clear_cookies(name="guildhall_access")
    await page.get_by_role("link", name="Accept").click()
    await expect(page.locator("#new-username")).to_be_focused()
    assert await faults(page) == []
    assert await page.evaluate("document.documentElement.scrollWidth") == 360
    await page.keyboard.type("cara-of-the-hall")
    await page.locator("#first-password").fill("1234567890")
    await page.keyboard.press("Enter")
    await expect(page.locator("#first-password-problem")).to_contain_text("in a row")
    await page.locator("#first-password").fill(NEW_PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.locator("#toasts")).to_contain_text("The password is set")
    await page.get_by_role("button", name="Sign out").click()
    await page.wait_for_url(re.compile("/sign-in$"))
    await page.get_by_label("Username or email").fill("cara-of-the-hall")
    await page.locator("#password").fill(NEW_PASSWORD)
    await page.keyboard.press("Enter")

    await expect(page.get_by_role("heading", name="New chat")).to_be_visible()


async def test_first_password_with_the_proof_of_somebody_else_is_refused(caller: Visitor) -> None:
    page = caller.page
    await asking(caller, BEA)
    dora = TelegramProfile(6_000_000_003, "dora_tg", "Dora")
    async with operating(caller.house) as container:
        seen = await container.telegram_accounts().seen(dora)
        link = await container.member_service().sign_in_link(OPERATOR, seen.require_member())
    await caller.open(f"/sign-in/link?next=%2Faccount#token={link.token}")
    await page.get_by_role("button", name="Confirm with Telegram").click()
    await page.get_by_role("link", name="Accept").click()
    await page.locator("#new-username").fill("dora-or-bea")
    await page.locator("#first-password").fill(NEW_PASSWORD)
    await page.keyboard.press("Enter")

    await expect(page.locator("#set-password [data-status]")).to_be_visible()
    assert page.url == f"{caller.house.url}/sign-in/telegram"


async def test_account_code_leads_to_the_bot_and_tells_how_far_it_has_come(guild_owner: Visitor) -> None:
    page = guild_owner.page
    await guild_owner.open("/account")
    await page.locator("#link-password").fill("correct horse battery")
    async with page.expect_response("**/auth/link-code") as answered:
        await page.get_by_role("button", name="Get a code").click()
    code = (await (await answered.value).json())["code"]
    place = page.locator("#link-code")
    await expect(place.get_by_role("link", name="Or open the bot with the code")).to_have_attribute(
        "href", f"https://t.me/{BOT_NAME}?start=link_{code}"
    )
    await expect(place.locator("code")).to_have_text(f"/link {code}")
    await expect(place).to_contain_text("Nobody has sent the code yet.")
    assert await faults(page) == []
    eve = TelegramProfile(6_000_000_004, "eve_tg", "Eve")
    async with operating(guild_owner.house) as container:
        linking = container.linking_service()
        question = await linking.present(eve, code)
        await expect(place).to_contain_text("The bot has the code. Confirm in Telegram.")
        await linking.confirm(eve.telegram_id, question.request_id)

    await expect(page.locator(".facts").first).to_contain_text("eve_tg")


async def test_admin_inbox_shows_dead_letters_and_replays_one(guild_owner: Visitor) -> None:
    page = guild_owner.page
    async with operating(guild_owner.house) as container:
        now, ids = container.clock().now(), container.ids()
        decoder = container.update_decoder()
        raw = b'{"update_id": 77001, "message": {"message_id": 1}}'
        update = InboxUpdate.received(UpdateKey(ids.new()), int(BOT_ID), decoder.envelope(raw), raw, now)
        update.give_up("The handler failed: <b>boom</b>", now)
        await container.update_inbox().commit([update])
    await guild_owner.open("/admin/members")
    await page.get_by_role("link", name="Inbox of the bot").click()
    letter = page.get_by_role("listitem").filter(has_text="77001")
    await expect(letter).to_contain_text("The handler failed: <b>boom</b>")
    assert await faults(page) == []
    await page.set_viewport_size({"width": 320, "height": 740})
    assert await page.evaluate("document.documentElement.scrollWidth") == 320
    await letter.get_by_role("button", name="Replay").focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("#toasts")).to_contain_text("in its lane's turn again")

    await expect(page.get_by_text("The handler failed: <b>boom</b>")).to_have_count(0)
