"""Telegram accounts as the bot meets them: new, known, blocked, banned, and what they chose."""

from datetime import timedelta

import pytest

from application.identity.telegram_accounts import TelegramAccounts
from application.ports.unit_of_work import UnitOfWork
from domain.errors import Conflict, Invalid, NotAllowed
from domain.identity import (
    GUEST,
    Actor,
    AuditAction,
    Member,
    Role,
    TelegramPreferences,
    TelegramProfile,
    TelegramUser,
)
from tests.support.backend import memory_backend
from tests.support.linking import ANN, DEVICE, LinkingWorld
from tests.support.racing import race


@pytest.fixture
def world() -> LinkingWorld:
    """An instance without members."""
    return LinkingWorld(memory_backend())


async def account(world: LinkingWorld) -> TelegramUser:
    """Ann's account as stored."""
    member = await world.by_telegram_id()
    assert member is not None
    assert member.telegram is not None
    return member.telegram


async def test_first_message_registers_its_sender_with_names_and_language(world: LinkingWorld) -> None:
    actor = await world.accounts.seen(TelegramProfile(42, "ann", "Ann", "Lee", "pt-BR"), DEVICE)

    member = await world.by_telegram_id()
    assert member is not None
    assert member.telegram is not None
    assert (actor.member_id, actor.role, actor.sign_in_id, actor.device) == (member.id, Role.PUBLIC, None, DEVICE)
    assert member.user is None
    stored = member.telegram
    assert (stored.telegram_username, stored.first_name, stored.last_name) == ("ann", "Ann", "Lee")
    assert stored.preferences == TelegramPreferences("pt-BR")
    (line,) = await world.lines()
    assert (line.action, line.actor_id, line.ip) == (AuditAction.REGISTERED, member.id, DEVICE.ip)


async def test_next_messages_find_the_same_member_and_write_nothing(world: LinkingWorld) -> None:
    first = await world.accounts.seen(ANN)
    before = await world.loaded(first.require_member())
    world.backend.clock.advance(timedelta(hours=1))

    again = await world.accounts.seen(ANN)

    after = await world.loaded(first.require_member())
    assert again == first
    assert (after.version, after.updated_at) == (before.version, before.updated_at)
    assert len(await world.lines()) == 1


@pytest.mark.parametrize(
    "profile", [ANN, TelegramProfile(42, " ann ", "Ann" + " " * 70, "\0", "de")], ids=["same", "kept"]
)
async def test_next_messages_open_no_unit_of_work(world: LinkingWorld, profile: TelegramProfile) -> None:
    backend = world.backend
    first = await world.accounts.seen(ANN, DEVICE)

    def never() -> UnitOfWork:
        raise AssertionError("Nothing has changed, so nothing may be written.")

    assert await TelegramAccounts(never, backend.members, backend.clock, backend.ids).seen(profile, DEVICE) == first


@pytest.mark.parametrize("named", ["as-before", "anew"])
async def test_message_of_a_banned_member_opens_no_unit_of_work(world: LinkingWorld, named: str) -> None:
    backend = world.backend
    first = await world.accounts.seen(ANN)
    await world.change(first.require_member(), ban=True)

    def never() -> UnitOfWork:
        raise AssertionError("Whoever is banned changes nothing.")

    with pytest.raises(NotAllowed):
        await TelegramAccounts(never, backend.members, backend.clock, backend.ids).seen(
            ANN if named == "as-before" else TelegramProfile(42, "bob", "Bob")
        )


async def test_message_under_another_name_takes_the_name_over_and_keeps_choices(world: LinkingWorld) -> None:
    actor = await world.accounts.seen(ANN)
    await world.accounts.mute(actor, "market")

    await world.accounts.seen(TelegramProfile(42, None, "Anna", language="de"))

    stored = await account(world)
    assert (stored.telegram_username, stored.first_name) == (None, "Anna")
    assert stored.preferences == TelegramPreferences(None, frozenset({"market"}))


async def test_message_of_a_member_with_a_role_asks_with_it(world: LinkingWorld) -> None:
    ann = await world.telegram_member(role=Role.SUBSCRIBER)

    actor = await world.accounts.seen(ANN)

    assert (actor.member_id, actor.role) == (ann.id, Role.SUBSCRIBER)


async def test_message_of_a_linked_account_asks_as_the_one_member(world: LinkingWorld) -> None:
    ada = await world.web(role=Role.SUBSCRIBER)
    await world.linked(Actor(ada.id, Role.SUBSCRIBER))

    actor = await world.accounts.seen(ANN)

    assert (actor.member_id, actor.role) == (ada.id, Role.SUBSCRIBER)


async def test_blocked_bot_is_noted_once_and_forgotten_with_the_next_message(world: LinkingWorld) -> None:
    await world.accounts.seen(ANN)
    blocked_at = world.backend.clock.now()
    await world.accounts.blocked(42)
    world.backend.clock.advance(timedelta(hours=1))
    await world.accounts.blocked(42)

    assert (await account(world)).blocked_bot_at == blocked_at
    assert len(await world.lines(AuditAction.BLOCKED_BOT)) == 1
    await world.accounts.seen(ANN)
    assert (await account(world)).blocked_bot_at is None


async def test_blocked_bot_by_an_unknown_account_changes_nothing(world: LinkingWorld) -> None:
    await world.accounts.blocked(42)

    assert await world.by_telegram_id() is None
    assert await world.lines() == []


async def test_message_of_a_banned_member_is_refused_and_undoes_nothing(world: LinkingWorld) -> None:
    actor = await world.accounts.seen(ANN)
    await world.accounts.blocked(42)
    await world.change(actor.require_member(), ban=True)

    with pytest.raises(NotAllowed, match="banned"):
        await world.accounts.seen(TelegramProfile(42, "another"))

    stored = await account(world)
    assert (stored.is_active, stored.telegram_username) == (False, "ann")
    assert stored.blocked_bot_at is not None


async def test_preferences_are_a_language_and_what_is_muted_and_unmuted(world: LinkingWorld) -> None:
    actor = await world.accounts.seen(ANN)

    await world.accounts.mute(actor, "news")
    chosen = await world.accounts.speak(actor, "de")
    muted = await world.accounts.mute(actor, "market")
    unmuted = await world.accounts.unmute(actor, "news")
    unchanged = await world.accounts.unmute(actor, "news")

    assert chosen == TelegramPreferences("de", frozenset({"news"}))
    assert muted == TelegramPreferences("de", frozenset({"news", "market"}))
    assert unmuted == unchanged == TelegramPreferences("de", frozenset({"market"}))
    assert (await account(world)).preferences == unmuted


async def test_preferences_without_a_telegram_account_are_refused(world: LinkingWorld) -> None:
    ada = await world.web()

    with pytest.raises(Conflict, match="no Telegram account"):
        await world.accounts.mute(Actor(ada.id, Role.PUBLIC), "market")
    with pytest.raises(NotAllowed):
        await world.accounts.speak(GUEST, "de")


async def test_muting_a_category_that_is_none_is_refused(world: LinkingWorld) -> None:
    actor = await world.accounts.seen(ANN)

    with pytest.raises(Invalid):
        await world.accounts.mute(actor, "")

    assert (await account(world)).preferences == TelegramPreferences()


async def test_first_messages_at_once_register_one_member(world: LinkingWorld) -> None:
    async def write(number: int) -> Actor:
        return await world.accounts.seen(ANN)

    actors = await race(20, write)

    members: set[object] = {actor.member_id for actor in actors if isinstance(actor, Actor)}
    assert len(members) == 1
    assert all(isinstance(actor, Actor) for actor in actors)
    assert isinstance(await world.by_telegram_id(), Member)


async def test_greeting_tells_the_language_that_was_chosen(world: LinkingWorld) -> None:
    actor = (await world.accounts.greet(TelegramProfile(42, "ann", "Ann", language="de"))).actor
    await world.accounts.speak(actor, "pt-BR")

    greeted = await world.accounts.greet(TelegramProfile(42, "ann", "Ann", language="de"))

    assert (greeted.actor, greeted.language) == (actor, "pt-BR")


async def test_greeting_of_an_account_known_without_a_language_tells_what_telegram_says(world: LinkingWorld) -> None:
    await world.accounts.greet(TelegramProfile(42, "ann", "Ann"))
    german = TelegramProfile(42, "ann", "Ann", language="de")

    assert (await world.accounts.greet(german)).language == "de"
    assert (await world.accounts.greet(TelegramProfile(42, "anna", "Ann", language="de"))).language == "de"
    assert (await world.accounts.known(german)).language == "de"
    assert await world.accounts.language(TelegramProfile(43, language="fr")) == "fr"


async def test_known_account_in_a_group_is_found_and_an_unknown_one_is_a_guest_who_is_not_registered(
    world: LinkingWorld,
) -> None:
    stranger = await world.accounts.known(TelegramProfile(43, language="fr"))
    assert (stranger.actor, stranger.language) == (GUEST, "fr")
    assert await world.lines() == []

    actor = await world.accounts.seen(ANN)
    assert (await world.accounts.known(ANN)).actor == actor


async def test_known_account_that_is_banned_is_refused(world: LinkingWorld) -> None:
    actor = await world.accounts.seen(ANN)
    async with world.backend.unit_of_work() as work:
        member = await work.members.get(actor.require_member())
        member.telegram.is_active = False
        await work.members.save(member, world.backend.clock.now())
        await work.commit()

    with pytest.raises(NotAllowed):
        await world.accounts.known(ANN)


async def test_letting_the_bot_in_again_undoes_the_block_and_registers_nobody(world: LinkingWorld) -> None:
    await world.accounts.unblocked(ANN)
    assert await world.by_telegram_id() is None

    await world.accounts.seen(ANN)
    await world.accounts.blocked(42)
    await world.accounts.unblocked(ANN)

    assert (await account(world)).blocked_bot_at is None
