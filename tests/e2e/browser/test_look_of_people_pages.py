"""Accounts, members and the trail on a phone, in the dark, by keyboard and read aloud."""

import pytest
from playwright.async_api import expect

from domain.identity import OPERATOR, Role
from tests.e2e.browser.accessibility import faults, reached_by_tab
from tests.e2e.browser.conftest import Visitor, another_browser, sign_in
from tests.e2e.browser.operator import operating

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

DOORS = ("/sign-in", "/sign-in/forgotten", "/password-reset", "/password-reset#token=x", "/verify-email")
LONG = "because" * 60


async def own_pages(owner: Visitor, member: Visitor) -> tuple[str, ...]:
    """The pages of an owner, with a member who has a long history."""
    assert member.member_id is not None
    async with operating(member.house) as container:
        member_service = container.member_service()
        await member_service.grant(OPERATOR, member.member_id, Role.SUBSCRIBER, LONG)
        await member_service.ban(OPERATOR, member.member_id, LONG)
        await member_service.unban(OPERATOR, member.member_id)
    return (
        "/account",
        "/admin/members",
        "/admin/members?search=nobody-at-all",
        f"/admin/members/{member.member_id}",
        "/admin/audit",
        "/admin/audit?action=member.banned",
        "/admin/members/none",
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_people_pages_names_headings_and_contrast_hold(
    owner: Visitor, member: Visitor, guest: Visitor, scheme: str
) -> None:
    found = {}
    for visitor, paths in ((guest, DOORS), (owner, await own_pages(owner, member))):
        await visitor.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        for path in paths:
            # From another page: a new fragment alone opens nothing.
            await visitor.page.goto("about:blank")
            await visitor.open(path)
            found[path] = await faults(visitor.page)

    assert {path: problems for path, problems in found.items() if problems} == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_people_pages_open_dialogs_and_problems_hold(owner: Visitor, member: Visitor, scheme: str) -> None:
    page = owner.page
    await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    await owner.open("/account")
    await page.locator("#current-password").fill("not the right one")
    await page.locator("#new-password").fill("a whole new sentence")
    await page.keyboard.press("Enter")
    await expect(page.locator("#current-password-problem")).to_be_visible()
    with_problem = await faults(page)
    await page.get_by_role("button", name="Delete the account").click()
    with_dialog = await faults(page)
    await owner.open(f"/admin/members/{member.member_id}")
    await page.get_by_role("button", name="Delete the member").click()

    assert (with_problem, with_dialog, await faults(page)) == ([], [], [])


@pytest.mark.parametrize("width", [320, 360])
async def test_people_pages_phone_width_never_scroll_sideways(
    owner: Visitor, member: Visitor, guest: Visitor, width: int
) -> None:
    widths = {}
    for visitor, paths in ((guest, DOORS), (owner, await own_pages(owner, member))):
        await visitor.page.set_viewport_size({"width": width, "height": 740})
        for path in paths:
            await visitor.page.goto("about:blank")
            await visitor.open(path)
            widths[path] = await visitor.page.evaluate("document.documentElement.scrollWidth")

    assert set(widths.values()) == {width}, widths


async def test_people_pages_keyboard_reaches_everything_in_order(owner: Visitor, member: Visitor) -> None:
    await owner.open(f"/admin/members/{member.member_id}")
    reached = await reached_by_tab(owner.page)
    order = [
        "select role",
        "input reason",
        "button Grant",
        "input ban-reason",
        "button Ban",
        "button Delete the member",
    ]

    assert [stop for stop in dict.fromkeys(reached) if stop in order] == order
    assert [stop for stop in reached if "unseen" in stop] == []


async def test_account_page_keyboard_ends_sign_in_of_another_browser(member: Visitor, guest: Visitor) -> None:
    page = member.page
    await sign_in(another_browser(member, guest))
    await member.open("/account")
    for _ in range(60):
        await page.keyboard.press("Tab")
        if await page.evaluate("document.activeElement.textContent.trim()") == "End all others":
            break
    await page.keyboard.press("Enter")

    await expect(page.get_by_role("button", name="End all others")).to_have_count(0)
    assert "unseen" not in " ".join(await reached_by_tab(page))


async def test_people_pages_load_nothing_from_elsewhere(owner: Visitor, member: Visitor) -> None:
    asked: set[str] = set()
    owner.page.on("request", lambda request: asked.add(request.url))
    for path in (*DOORS, *await own_pages(owner, member)):
        await owner.page.goto("about:blank")
        await owner.open(path)

    assert asked
    assert [url for url in asked if not url.startswith((owner.house.url, "about:blank"))] == []
