"""The members in the bot's menu for admins: found, shown, and changed after a question."""

from pathlib import Path

import pytest

from application.ports.audit import AuditFilter
from domain.identity import OPERATOR, AuditAction, GrantSource, MemberId, Role, TelegramProfile
from domain.telegram import MAX_CALLBACK_DATA
from entrypoints.telegram_bot.callbacks import callback
from entrypoints.telegram_bot.rooms.member_buttons import Action, Place, Will
from entrypoints.telegram_bot.rooms.members import REASON
from entrypoints.telegram_bot.rooms.room import PAGE
from entrypoints.telegram_bot.texts import CATALOGUES, ENGLISH
from tests.unit.telegram.bot_world import ADA, BOB, BotWorld, notes, texts

ADMIN, MEMBERS, GUIDES = ENGLISH.admin, ENGLISH.members, ENGLISH.guides
GRANT = MEMBERS.actions["GRANT"].format(role="subscriber")
REVOKE = MEMBERS.actions["REVOKE"].format(role="subscriber")
GRANT_ADMIN = MEMBERS.actions["GRANT"].format(role="admin")
REVOKE_ADMIN = MEMBERS.actions["REVOKE"].format(role="admin")
BAN, UNBAN = MEMBERS.actions["BAN"], MEMBERS.actions["UNBAN"]


@pytest.fixture
async def world(tmp_path: Path) -> BotWorld:
    """Ada is ADMIN, Bob is a member."""
    world = BotWorld(tmp_path)
    await world.says("/start", sender=BOB)
    await world.says("/start")
    await world.grant(Role.ADMIN)
    return world


async def id_of(world: BotWorld, telegram_id: int) -> MemberId:
    found = (await world.actor(telegram_id)).member_id
    assert found is not None
    return found


async def opened(world: BotWorld, telegram_id: int = BOB.telegram_id) -> str:
    """The member's page, whose buttons are there to press."""
    (said,) = texts(await world.presses(callback("member", await id_of(world, telegram_id))))
    return said


@pytest.mark.parametrize("words", ["bob", "Bob", "@bob", "502", "lovelace@example.org", "LOVELACE"])
async def test_members_are_found_by_name_email_and_telegram_id(world: BotWorld, words: str) -> None:
    await world.web_member()
    name = "lovelace" if "lovelace" in words.casefold() else "@bob"

    (said,) = texts(await world.says(f"/admin {words}"))

    assert said.splitlines() == [MEMBERS.found.format(words=words), MEMBERS.how]
    assert world.labels == [f"{name} · guest", MEMBERS.back]


async def test_members_that_nobody_is_called_are_told_so(world: BotWorld) -> None:
    (said,) = texts(await world.says("/admin zzz"))
    assert said == MEMBERS.none.format(words="zzz")
    await world.presses(MEMBERS.back)
    assert ADMIN.members in world.labels


async def test_members_are_listed_in_pages_and_a_member_leads_back_to_the_page(world: BotWorld) -> None:
    for number in range(PAGE):
        await world.web_member(f"member-{number}")
    await world.says("/admin")

    (said,) = texts(await world.presses(ADMIN.members))
    assert said.splitlines()[0] == MEMBERS.title
    assert len([label for label in world.labels if "member-" in label]) == PAGE
    (said,) = texts(await world.presses(f"{GUIDES.next_page} »"))
    assert GUIDES.pages.format(page=2) in said
    assert world.labels[:2] == ["@ada · admin", "@bob · guest"]
    await world.presses("@bob · guest")
    (said,) = texts(await world.presses(MEMBERS.back))
    assert GUIDES.pages.format(page=2) in said


async def test_members_found_are_turned_by_pages_of_the_same_words(world: BotWorld) -> None:
    for number in range(PAGE + 1):
        await world.says("/start", sender=TelegramProfile(1_000 + number, first_name=f"m:{number}"))

    await world.says("/admin m:")
    await world.presses(f"{GUIDES.next_page} »")

    assert world.labels[0] == "m:0 · guest"
    await world.presses("m:0 · guest")
    (said,) = texts(await world.presses(MEMBERS.back))
    assert said.startswith(MEMBERS.found.format(words="m:"))


async def test_members_found_by_words_too_long_for_a_button_ask_for_more_of_the_name(world: BotWorld) -> None:
    name = "x" * 50
    for number in range(PAGE + 1):
        await world.web_member(f"{name}{number}")

    (said,) = texts(await world.says(f"/admin {name}"))

    assert MEMBERS.more in said
    assert len(world.labels) == PAGE + 1
    assert all(len((each.data or "").encode()) <= MAX_CALLBACK_DATA for each in world.keyboard)


async def test_member_is_shown_with_accounts_role_and_grants(world: BotWorld) -> None:
    await world.grant(Role.SUBSCRIBER, BOB.telegram_id)

    lines = (await opened(world)).splitlines()

    assert lines[:3] == ["@bob", "Role: subscriber", "At Telegram: @bob, Bob, 502"]
    assert lines[-1] == "subscriber · by hand · from 05.01.2026 · for the test"
    web = await world.web_member()
    (said,) = texts(await world.presses(callback("member", web.member_id)))
    assert "On the web: lovelace, lovelace@example.org (not verified)" in said
    assert said.endswith(MEMBERS.no_grants)


async def test_member_is_granted_and_revoked_a_role_after_a_question_once(world: BotWorld) -> None:
    await opened(world)
    assert world.labels == [GRANT, BAN, MEMBERS.back]
    world.repeats = True

    (asked,) = texts(await world.presses(GRANT))
    assert asked == MEMBERS.questions["GRANT"].format(name="@bob", role="subscriber")
    assert (await world.actor(BOB.telegram_id)).role is Role.PUBLIC
    assert notes(await world.presses(MEMBERS.yes)) == [MEMBERS.done["GRANT"].format(role="subscriber")]
    (grant,) = await world.container.member_service().grants(OPERATOR, await id_of(world, BOB.telegram_id))
    assert (grant.role, grant.source, grant.reason) == (Role.SUBSCRIBER, GrantSource.MANUAL, REASON)
    assert grant.granted_by == await id_of(world, ADA.telegram_id)

    await world.presses(REVOKE)
    await world.presses(MEMBERS.no)
    assert (await world.actor(BOB.telegram_id)).role is Role.SUBSCRIBER
    await world.presses(REVOKE)
    assert notes(await world.presses(MEMBERS.yes)) == [MEMBERS.done["REVOKE"].format(role="subscriber")]
    assert (await world.actor(BOB.telegram_id)).role is Role.PUBLIC


async def test_member_is_banned_and_let_in_after_a_question_once(world: BotWorld) -> None:
    await opened(world)
    world.repeats = True
    await world.presses(BAN)
    assert notes(await world.presses(MEMBERS.yes)) == [MEMBERS.done["BAN"]]
    await world.presses(MEMBERS.back)
    assert texts(await world.says("/start", sender=BOB)) == [ENGLISH.banned]
    await world.presses(callback("members"))
    assert f"@bob · guest · {MEMBERS.banned}" in world.labels

    assert MEMBERS.is_banned in await opened(world)
    await world.presses(UNBAN)
    assert notes(await world.presses(MEMBERS.yes)) == [MEMBERS.done["UNBAN"]]
    assert texts(await world.says("/start", sender=BOB)) != [ENGLISH.banned]


async def test_admin_role_is_for_an_owner_to_give_and_take(world: BotWorld) -> None:
    bob = await id_of(world, BOB.telegram_id)
    (note,) = notes(await world.presses(callback("change", bob, Action(Will.GRANT, Role.ADMIN))))
    assert note is not None
    assert "OWNER" in note or "owner" in note
    assert (await world.actor(BOB.telegram_id)).role is Role.PUBLIC
    lines = (await world.container.audit_queries().page(AuditFilter(action=AuditAction.ROLE_GRANTED), None, 9)).items
    assert lines

    await world.grant(Role.OWNER)
    await opened(world)
    assert world.labels == [GRANT, GRANT_ADMIN, BAN, MEMBERS.back]
    await world.presses(GRANT_ADMIN)
    await world.presses(MEMBERS.yes)
    assert (await world.actor(BOB.telegram_id)).role is Role.ADMIN
    await world.presses(REVOKE_ADMIN)
    await world.presses(MEMBERS.yes)
    assert (await world.actor(BOB.telegram_id)).role is Role.PUBLIC


async def test_admin_may_not_ban_another_admin_nor_change_their_own_rights(world: BotWorld) -> None:
    await world.grant(Role.ADMIN, BOB.telegram_id)
    await opened(world)
    assert world.labels == [GRANT, MEMBERS.back]
    (note,) = notes(await world.presses(callback("change", await id_of(world, BOB.telegram_id), Action(Will.BAN))))
    assert note is not None
    assert (await world.container.member_service().get(OPERATOR, await id_of(world, BOB.telegram_id))).is_active

    assert MEMBERS.own in await opened(world, ADA.telegram_id)
    assert world.labels == [MEMBERS.back]


async def test_button_of_an_admin_who_is_one_no_more_changes_nothing(world: BotWorld) -> None:
    await opened(world)
    await world.presses(GRANT)
    ada = await id_of(world, ADA.telegram_id)
    await world.container.member_service().revoke(OPERATOR, ada, Role.ADMIN)

    for data in ("Yes, do it", callback("members", 0), callback("member", ada), callback("rights", ada, "b")):
        (note,) = notes(await world.presses(data))
        assert note is not None
        assert "role" in note
    assert (await world.actor(BOB.telegram_id)).role is Role.PUBLIC


async def test_question_about_what_was_done_meanwhile_shows_the_member(world: BotWorld) -> None:
    await opened(world)
    await world.grant(Role.SUBSCRIBER, BOB.telegram_id)

    (said,) = texts(await world.presses(GRANT))

    assert said.startswith("@bob\nRole: subscriber")
    assert REVOKE in world.labels


@pytest.mark.parametrize("rest", [(), ("nonsense",), ("nonsense", "g1"), ("AaH_mrw5cou05MuRj7jRWg", "g3")])
async def test_broken_buttons_of_members_are_stale(world: BotWorld, rest: tuple[str, ...]) -> None:
    assert notes(await world.presses(callback("rights", *rest))) == [ENGLISH.stale_button]
    assert notes(await world.presses(callback("change", *rest))) == [ENGLISH.stale_button]


async def test_members_speak_german_to_who_chose_it(world: BotWorld) -> None:
    german = CATALOGUES["de"]
    await world.presses(callback("lang", "de"))
    (said,) = texts(await world.says("/admin bob"))
    assert said.startswith(german.members.found.format(words="bob"))
    assert world.labels == ["@bob · Gast", german.members.back]


@pytest.mark.parametrize("page", [0, 7, 999_999])
@pytest.mark.parametrize("words", ["", "ada", "a:b:c", "ä" * 40, "x" * 300, "\x00\ud800 tab\tnew\nline"])
def test_place_fits_into_a_button_whatever_it_is_of(page: int, words: str) -> None:
    place = Place(page, Place.typed(words).words)
    assert len(place.data("members").encode()) <= MAX_CALLBACK_DATA
    arguments = place.data("members").split(":")[2:]
    assert Place.read(arguments) == (place if arguments else Place())
    assert not place.fits or arguments
