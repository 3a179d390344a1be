"""Accounts, members and the audit trail as pages: who may open them, and that nothing in them is markup."""

import re
from collections.abc import Collection, Mapping
from datetime import timedelta
from uuid import UUID

import httpx
import msgspec
import pytest
from dependency_injector import providers

from adapters.memory.mailer import InMemoryMailer
from adapters.memory.system import ManualClock
from application.guides.library import GuideDraft
from application.identity.audit import AuditService
from domain.identity import OPERATOR, Device, MemberId, Role, TelegramProfile
from entrypoints.settings.model import TelegramSettings
from entrypoints.settings.secret import Secret
from tests.integration.http.house import PASSWORD, House, Person

NOBODYS = UUID("019b0000-0000-7000-8000-000000000000")
ADMIN_PAGES = ("/admin/members", f"/admin/members/{NOBODYS}", "/admin/audit")
OPEN_PAGES = ("/sign-in/forgotten", "/password-reset", "/verify-email")
MARKUP = "<img src=x onerror=alert(1)>\"'<script>alert(1)</script>"


async def page_of(site: House, person: Person, path: str) -> httpx.Response:
    """The page as this person's browser gets it, checked for what no page may hold."""
    answer = await site.client.get(path, headers={**person.headers, "Accept": "text/html"})
    assert answer.headers["content-type"].startswith("text/html"), path
    assert "<img" not in answer.text
    assert "<script>" not in answer.text
    assert not re.search(r"\s(style|on\w+)=[\"']", answer.text), path
    return answer


@pytest.mark.parametrize("path", ADMIN_PAGES)
async def test_admin_page_guest_sent_to_sign_in(site: House, path: str) -> None:
    answer = await site.client.get(path)

    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in?next=%2Fadmin")


@pytest.mark.parametrize("role", [Role.PUBLIC, Role.SUBSCRIBER])
@pytest.mark.parametrize("path", ADMIN_PAGES)
async def test_admin_page_below_admin_refused_as_page(site: House, path: str, role: Role) -> None:
    answer = await page_of(site, await site.person("ada", role), path)

    assert answer.status_code == 403
    assert "Not for your role" in answer.text
    assert 'href="/admin' not in answer.text


@pytest.mark.parametrize("role", [Role.ADMIN, Role.OWNER])
async def test_admin_page_admin_and_owner_see(site: House, role: Role) -> None:
    person, member = await site.person("keeper", role), await site.person("ada")

    for path in ("/admin/members", f"/admin/members/{member.id}", "/admin/audit"):
        answer = await page_of(site, person, path)
        assert answer.status_code == 200, path
        assert answer.headers["cache-control"] == "no-store"
        assert str(member.id) in answer.text


@pytest.mark.parametrize("path", OPEN_PAGES)
async def test_page_of_mailed_links_open_to_guests_and_members(site: House, path: str) -> None:
    member = await site.person("ada")

    for headers in ({}, member.headers, {"Cookie": "guildhall_access=forged"}):
        answer = await site.client.get(path, headers=headers)
        assert answer.status_code == 200
        assert answer.headers["referrer-policy"] == "same-origin"
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "path",
    [
        "/admin/members?cursor=!",
        f"/admin/members?cursor={'a' * 3000}",
        f"/admin/members?search={'a' * 400}",
        "/admin/members?search=%00",
        "/admin/audit?cursor=!",
        "/admin/audit?action=member.praised",
        "/admin/audit?member=nobody",
        f"/admin/audit?member={'0' * 200}",
    ],
)
async def test_admin_page_bad_parameters_refused_as_page(site: House, path: str) -> None:
    answer = await page_of(site, await site.person("keeper", Role.ADMIN), path)

    assert 400 <= answer.status_code < 500
    assert "That did not work" in answer.text


@pytest.mark.parametrize("name", [str(NOBODYS), "nobody", "%3Cscript%3E"])
async def test_admin_page_of_absent_member_not_found(site: House, name: str) -> None:
    answer = await page_of(site, await site.person("keeper", Role.ADMIN), f"/admin/members/{name}")

    assert answer.status_code == 404
    assert "Nothing here" in answer.text


async def test_admin_audit_of_unknown_member_empty(site: House) -> None:
    answer = await page_of(site, await site.person("keeper", Role.ADMIN), f"/admin/audit?member={NOBODYS}")

    assert answer.status_code == 200
    assert "Nothing yet." in answer.text


async def test_admin_pages_markup_in_every_field_shown_as_text(site: House) -> None:
    owner = await site.person("owner", Role.OWNER)
    profile = TelegramProfile(42, "tele_user", MARKUP)
    named = await site.container.telegram_accounts().seen(profile, Device(ip="203.0.113.9", user_agent=MARKUP))
    assert named.member_id is not None
    member_service = site.container.member_service()
    await member_service.grant(OPERATOR, named.member_id, Role.SUBSCRIBER, MARKUP)
    banned = await site.client.put(
        f"/api/v1/members/{named.member_id}/ban",
        headers={**owner.headers, "User-Agent": MARKUP},
        json={"reason": MARKUP},
    )
    assert banned.status_code == 200

    for path in ("/admin/members", f"/admin/members/{named.member_id}", "/admin/audit"):
        answer = await page_of(site, owner, path)
        assert answer.status_code == 200
    member_page = await page_of(site, owner, f"/admin/members/{named.member_id}")
    assert member_page.text.count("&lt;script&gt;") >= 3
    assert 'title="&lt;img' in member_page.text
    search = await page_of(site, owner, "/admin/members?search=%22%3E%3Cscript%3Ealert(1)%3C/script%3E")
    assert 'value="&#34;&gt;&lt;script&gt;' in search.text


async def test_account_page_markup_in_names_and_devices_shown_as_text(site: House) -> None:
    profile = TelegramProfile(42, None, MARKUP)
    seen = await site.container.telegram_accounts().seen(profile)
    assert seen.member_id is not None
    link = await site.container.member_service().sign_in_link(OPERATOR, seen.member_id)
    entered = await site.client.post(
        "/api/v1/auth/login-link", json={"token": link.token}, headers={"User-Agent": MARKUP}
    )
    body = entered.raise_for_status().json()
    person = Person(seen.member_id, body["access_token"], body["refresh_token"])
    answer = await page_of(site, person, "/account")

    assert answer.status_code == 200
    assert answer.text.count("&lt;img src=x") >= 2


async def by_link(site: House, member_id: MemberId) -> Person:
    """A member as a one-time link signs them in."""
    link = await site.container.member_service().sign_in_link(OPERATOR, member_id)
    body = (await site.client.post("/api/v1/auth/login-link", json={"token": link.token})).json()
    return Person(member_id, body["access_token"], body["refresh_token"])


async def test_account_page_without_password_offers_to_set_one_and_asks_for_none(site: House) -> None:
    owner, _ = await site.container.member_service().bootstrap_owner()
    answer = await page_of(site, await by_link(site, owner.id), "/account")

    assert answer.status_code == 200
    assert "Set a password" in answer.text
    assert answer.text.count('type="password"') == 1
    assert "current-password" not in answer.text


@pytest.mark.parametrize("has_bot", [True, False])
async def test_account_page_of_telegram_member_without_password_says_who_has_to_confirm_and_offers_no_form(
    site: House, *, has_bot: bool
) -> None:
    if has_bot:
        with_bot = msgspec.structs.replace(
            site.container.settings(), telegram=TelegramSettings(bot_token=Secret("1:abc"))
        )
        site.container.settings.override(providers.Object(with_bot))
    seen = await site.container.telegram_accounts().seen(TelegramProfile(42, None, "Ann"))
    assert seen.member_id is not None
    answer = await page_of(site, await by_link(site, seen.member_id), "/account")

    assert answer.status_code == 200
    assert "Telegram has to confirm anew" in answer.text
    assert ('<a href="/docs">the API</a>' in answer.text) is has_bot
    assert ("no Telegram bot that could ask" in answer.text) is not has_bot
    assert 'type="password"' not in answer.text
    assert "Unlink" not in answer.text


async def test_account_page_long_after_signing_in_says_how_to_set_a_password(site: House) -> None:
    owner, _ = await site.container.member_service().bootstrap_owner()
    person = await by_link(site, owner.id)
    site.container.clock.override(providers.Object(ManualClock(site.container.clock().now() + timedelta(minutes=16))))
    site.container.password_service.reset()
    answer = await page_of(site, person, "/account")

    assert "sign in again by a link from the operator" in answer.text
    assert 'type="password"' not in answer.text


@pytest.mark.parametrize("sends", [True, False])
async def test_account_page_speaks_of_mail_only_where_there_is_some(site: House, *, sends: bool) -> None:
    site.container.mailer.override(providers.Object(InMemoryMailer(can_send=sends)))
    answer = await page_of(site, await site.person("ada"), "/account")

    assert ("link that is mailed to it" in answer.text) is sends
    assert ("Send the mail that verifies ada@example.org" in answer.text) is sends
    assert ("data-mails" in answer.text) is sends


async def test_account_page_of_house_without_bot_says_so_and_offers_no_code(site: House) -> None:
    answer = await page_of(site, await site.person("ada"), "/account")

    assert "This house has no Telegram bot yet" in answer.text
    assert "Get a code" not in answer.text


async def test_account_page_of_house_with_bot_offers_a_code(site: House) -> None:
    settings = site.container.settings()
    with_bot = msgspec.structs.replace(settings, telegram=TelegramSettings(bot_token=Secret("1:abc")))
    site.container.settings.override(providers.Object(with_bot))
    answer = await page_of(site, await site.person("ada"), "/account")

    assert "no Telegram bot" not in answer.text
    assert "Get a code" in answer.text


async def test_admin_audit_names_members_in_one_read_and_says_who_is_deleted(site: House) -> None:
    owner, gone = await site.person("owner", Role.OWNER), await site.person("eve")
    named = [await site.person(f"member{number}") for number in range(5)]
    seen = await site.container.telegram_accounts().seen(TelegramProfile(42, "tele_ann", "Ann"))
    await site.container.data_rights().delete(OPERATOR, gone.id)
    queries = site.container.audit_queries()
    asked: list[int] = []

    class Counting:
        """Counts how often names are read."""

        page = queries.page

        async def names(self, member_ids: Collection[MemberId]) -> Mapping[MemberId, str]:
            asked.append(len(member_ids))
            return await queries.names(member_ids)

    site.container.audit_service.override(providers.Object(AuditService(Counting())))
    answer = await page_of(site, owner, "/admin/audit")

    assert len(asked) == 1
    for person, name in [*((each, f"member{number}") for number, each in enumerate(named)), (owner, "owner")]:
        assert f'<a href="/admin/members/{person.id}" title="{person.id}">{name}</a>' in answer.text
    assert f'title="{seen.member_id}">@tele_ann</a>' in answer.text
    assert f'<a href="/admin/audit?member={gone.id}" title="{gone.id}">deleted member</a>' in answer.text
    assert "operator" in answer.text


async def test_start_page_suggests_readable_titles_and_never_file_names(site: House) -> None:
    library = site.container.guide_library()
    for title, category in (("01-introduction", "platform"), ("02-setup", "platform"), ("Risk of ruin", "risk")):
        await library.create(OPERATOR, GuideDraft(title=title, category=category, body="Text."))
    answer = await page_of(site, await site.person("ada"), "/chat")

    assert re.findall(r"data-example>([^<]+)<", answer.text) == ["Risk of ruin"]


async def test_start_page_of_unreadable_titles_suggests_nothing_and_does_not_say_empty(site: House) -> None:
    await site.container.guide_library().create(OPERATOR, GuideDraft(title="01-introduction", category="risk"))
    answer = await page_of(site, await site.person("ada"), "/chat")

    assert "data-example" not in answer.text
    assert "no guides yet" not in answer.text


async def test_account_page_shows_own_sign_ins_only(site: House) -> None:
    member, other = await site.person("ada"), await site.person("eve")
    await site.client.post(
        "/api/v1/auth/login", json={"username": "ada", "password": PASSWORD}, headers={"User-Agent": "Kiosk"}
    )
    own = await page_of(site, member, "/account")
    others = await page_of(site, other, "/account")

    assert own.text.count("(this one)") == 1
    assert "Kiosk" in own.text
    assert "End all others" in own.text
    assert "Kiosk" not in others.text
    assert "End all others" not in others.text


async def test_account_page_shows_many_sign_ins_page_by_page(site: House) -> None:
    member = await site.person("ada")
    for number in range(20):
        await site.client.post(
            "/api/v1/auth/login",
            json={"username": "ada", "password": PASSWORD},
            headers={"User-Agent": f"Kiosk/{number}"},
        )
    first = await page_of(site, member, "/account")
    more = re.search(r'href="(/account\?cursor=[^#"]+)#sign-ins-title"', first.text)
    assert more is not None
    second = await page_of(site, member, more[1])

    assert first.text.count('class="people__item"') == 20
    assert "(this one)" not in first.text
    assert second.text.count('class="people__item"') == 1
    assert "(this one)" in second.text
    assert "More sign-ins" not in second.text
    assert "End all others" in second.text


async def test_admin_members_found_by_part_of_name(site: House) -> None:
    keeper = await site.person("keeper", Role.ADMIN)
    await site.person("adalovelace")
    found = await page_of(site, keeper, "/admin/members?search=LOVELACE")
    none = await page_of(site, keeper, "/admin/members?search=%25")

    assert found.text.count('class="people__item"') == 1
    assert "Nobody matches." in none.text


async def test_admin_members_pages_by_cursor_and_keep_search(site: House) -> None:
    keeper = await site.person("keeper", Role.ADMIN)
    for number in range(52):
        await site.container.telegram_accounts().seen(TelegramProfile(number + 1, None, f"Ann & {number}"))
    first = await page_of(site, keeper, "/admin/members?search=ann %26")
    more = re.search(r'href="(/admin/members\?cursor[^"]+)"', first.text)
    assert more
    second = await page_of(site, keeper, more[1].replace("&amp;", "&"))

    assert first.text.count('class="people__item"') == 50
    assert second.text.count('class="people__item"') == 2
    assert 'value="ann &amp;"' in second.text


@pytest.mark.parametrize("query", ["", "?action=sign_in.failed", "?action=sign_in.failed&member={id}"])
async def test_admin_audit_pages_by_cursor_and_keep_filters(site: House, query: str) -> None:
    keeper, member = await site.person("keeper", Role.ADMIN), await site.person("ada")
    for number in range(60):
        # Failed attempts from several addresses, so that none is limited.
        client = site.browser((f"203.0.113.{number}", 40_000))
        await client.post("/api/v1/auth/login", json={"username": "ada", "password": "not the right one"})
    first = await page_of(site, keeper, "/admin/audit" + query.format(id=member.id))
    more = re.search(r'href="(/admin/audit\?cursor[^"]+)"', first.text)
    assert more
    second = await page_of(site, keeper, more[1].replace("&amp;", "&"))

    assert second.status_code == 200
    assert first.text.count("<tr>") == 51
    assert second.text.count("<tr>") >= 11
    if query:
        told = set(re.findall(r'<td title="([a-z_.]+)">([^<]+)</td>', first.text + second.text))
        assert told == {("sign_in.failed", "Sign-in failed")}
        assert '<option value="sign_in.failed" selected>' in second.text


async def test_admin_member_page_offers_what_the_role_may(site: House) -> None:
    owner, admin = await site.person("owner", Role.OWNER), await site.person("keeper", Role.ADMIN)
    member = await site.person("ada", Role.SUBSCRIBER)
    by_owner = (await page_of(site, owner, f"/admin/members/{member.id}")).text
    by_admin = (await page_of(site, admin, f"/admin/members/{member.id}")).text
    about_owner = (await page_of(site, admin, f"/admin/members/{owner.id}")).text
    own = (await page_of(site, owner, f"/admin/members/{owner.id}")).text

    assert re.findall(r'<option value="(\w+)">', by_owner) == ["SUBSCRIBER", "ADMIN", "OWNER"]
    assert re.findall(r'<option value="(\w+)">', by_admin) == ["SUBSCRIBER"]
    assert "Take Subscriber back" in by_admin
    assert "Download their data" in by_owner
    assert "Download their data" not in by_admin
    assert "Delete the member" not in about_owner
    assert "data-call" not in own


async def test_admin_member_page_offers_no_ended_grant_to_be_taken_back(site: House) -> None:
    owner, member = await site.person("owner", Role.OWNER), await site.person("ada")
    now, path = site.container.clock().now(), f"/admin/members/{member.id}"
    ends = now + timedelta(minutes=10)
    await site.container.member_service().grant(OPERATOR, member.id, Role.SUBSCRIBER, "a trial", ends)
    before = (await page_of(site, owner, path)).text
    site.container.clock.override(providers.Object(ManualClock(ends + timedelta(minutes=1))))
    after = (await page_of(site, owner, path)).text

    assert "Take Subscriber back" in before
    assert "Subscriber (ended)" in after
    assert "Take Subscriber back" not in after
