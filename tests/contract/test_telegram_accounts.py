"""Members with Telegram accounts: kept whole, found, unique, and moved between members."""

from datetime import timedelta

import pytest

from domain.errors import Conflict
from domain.identity import (
    GrantSource,
    MemberId,
    Role,
    TelegramPreferences,
    TelegramProfile,
    merge,
    unlink,
)
from tests.support.backend import Backend
from tests.support.given import (
    added,
    new_grant,
    new_member,
    new_telegram_member,
    stored_member,
    stored_telegram_member,
)

LARGEST = 2**63 - 1


async def test_telegram_account_added_member_is_found_whole(backend: Backend) -> None:
    member = new_telegram_member(
        backend, LARGEST, username="Ada_L", first_name="Äda 😀", last_name="Lovelace", language="pt-BR"
    )
    member.telegram.prefer(TelegramPreferences.of("en", {"risk", "größe"}), backend.clock.now())
    member.telegram.blocked(backend.clock.now())
    await added(backend, member)
    async with backend.unit_of_work() as work:
        found = await work.members.by_telegram_id(LARGEST)
    account, kept = member.telegram, found.telegram
    assert (found.id, found.user, found.grants) == (member.id, None, [])
    assert (kept.id, kept.telegram_id, kept.telegram_username) == (account.id, LARGEST, "Ada_L")
    assert (kept.first_name, kept.last_name, kept.is_active) == ("Äda 😀", "Lovelace", True)
    assert (kept.created_at, kept.updated_at) == (account.created_at, account.updated_at)
    assert (kept.preferences, kept.blocked_bot_at) == (account.preferences, backend.clock.now())


async def test_telegram_account_without_names_is_kept(backend: Backend) -> None:
    await stored_telegram_member(backend, 7)
    async with backend.unit_of_work() as work:
        kept = (await work.members.by_telegram_id(7)).telegram
    assert (kept.telegram_username, kept.first_name, kept.last_name) == (None, "", None)
    assert (kept.preferences, kept.blocked_bot_at) == (TelegramPreferences(), None)


async def test_telegram_account_unknown_id_finds_none(backend: Backend) -> None:
    member = new_member(backend, username="ada")
    member.user.telegram_user_id = 7
    await added(backend, member)
    async with backend.unit_of_work() as work:
        assert await work.members.by_telegram_id(7) is None


async def test_telegram_account_saved_changes_are_kept(backend: Backend) -> None:
    await stored_telegram_member(backend, 7, username="ada")
    backend.clock.advance(timedelta(minutes=1))
    now = backend.clock.now()
    async with backend.unit_of_work() as work:
        loaded = await work.members.by_telegram_id(7)
        loaded.telegram.seen(TelegramProfile(7, "ada2", "Ada", "L"), now)
        loaded.telegram.mute("risk", now)
        loaded.telegram.is_active = False
        loaded.changed(now)
        await work.members.save(loaded, now)
        await work.commit()
    async with backend.unit_of_work() as work:
        found = await work.members.by_telegram_id(7)
    kept = found.telegram
    assert (kept.telegram_username, kept.first_name, kept.last_name) == ("ada2", "Ada", "L")
    assert (kept.preferences.muted, kept.is_active, kept.updated_at) == (frozenset({"risk"}), False, now)
    assert (found.version, found.is_active) == (2, False)


async def test_telegram_account_loaded_one_is_nobody_elses(backend: Backend) -> None:
    await stored_telegram_member(backend, 7, first_name="Ada")
    async with backend.unit_of_work() as work:
        (await work.members.by_telegram_id(7)).telegram.first_name = "Eve"
        await work.commit()
    async with backend.unit_of_work() as work:
        assert (await work.members.by_telegram_id(7)).telegram.first_name == "Ada"


async def test_telegram_account_taken_id_raises_conflict_naming_field(backend: Backend) -> None:
    await stored_telegram_member(backend, 7)
    async with backend.unit_of_work() as work:
        with pytest.raises(Conflict) as refused:
            await work.members.add(new_telegram_member(backend, 7), backend.clock.now())
    assert refused.value.details["field"] == "telegram_id"


async def test_telegram_account_linked_twice_on_the_web_raises_conflict_naming_field(backend: Backend) -> None:
    first, second = new_member(backend, username="ada"), new_member(backend, username="grace")
    first.user.telegram_user_id = second.user.telegram_user_id = 7
    await added(backend, first)
    async with backend.unit_of_work() as work:
        with pytest.raises(Conflict) as refused:
            await work.members.add(second, backend.clock.now())
    assert refused.value.details["field"] == "telegram_user_id"


@pytest.mark.parametrize("web_first", [True, False])
async def test_telegram_account_merge_moves_accounts_and_grants_to_the_older_member(
    backend: Backend, *, web_first: bool
) -> None:
    pair = []
    for is_web in (web_first, not web_first):
        pair.append(
            new_member(backend, email="Ada@example.org", username="ada", role=Role.SUBSCRIBER)
            if is_web
            else new_telegram_member(backend, 7, username="ada_l", role=Role.ADMIN)
        )
        backend.clock.advance(timedelta(hours=1))
    older, younger = pair
    older.grants.append(new_grant(backend, Role.SUBSCRIBER, GrantSource.SUBSCRIPTION))
    await added(backend, older, younger)
    async with backend.unit_of_work() as work:
        web, telegram = await work.members.by_username("ada"), await work.members.by_telegram_id(7)
        survivor, absorbed = merge(web, telegram, backend.clock.now())
        await work.merging.move_belongings(absorbed.id, survivor.id)
        await work.members.save(absorbed, backend.clock.now())
        await work.members.save(survivor, backend.clock.now())
        await work.members.delete(absorbed)
        await work.commit()
    async with backend.unit_of_work() as work:
        found = await work.members.by_telegram_id(7)
        again = await work.members.by_email("ada@EXAMPLE.org")
    assert found.id == again.id == older.id
    assert (found.user.username, found.user.telegram_user_id) == ("ada", 7)
    assert found.telegram.telegram_username == "ada_l"
    assert {grant.id for grant in found.grants} == {grant.id for grant in (*older.grants, *younger.grants)}
    assert await backend.members.view(younger.id, backend.clock.now()) is None
    view = await backend.members.view(older.id, backend.clock.now())
    assert (view.role, view.email, view.telegram.telegram_id) == (Role.ADMIN, "Ada@example.org", 7)


async def test_telegram_account_moved_before_it_is_given_up_raises_conflict(backend: Backend) -> None:
    await stored_member(backend, "ada")
    await stored_telegram_member(backend, 7)
    async with backend.unit_of_work() as work:
        web, telegram = await work.members.by_username("ada"), await work.members.by_telegram_id(7)
        web.telegram = telegram.telegram
        web.changed(backend.clock.now())
        with pytest.raises(Conflict):
            await work.members.save(web, backend.clock.now())


async def test_telegram_account_unlinked_one_belongs_to_a_fresh_member(backend: Backend) -> None:
    linked = new_member(backend, username="ada", role=Role.ADMIN)
    linked.telegram, linked.user.telegram_user_id = new_telegram_member(backend, 7).telegram, 7
    await added(backend, linked)
    async with backend.unit_of_work() as work:
        member = await work.members.by_username("ada")
        fresh = unlink(member, MemberId(backend.ids.new()), backend.clock.now())
        await work.members.save(member, backend.clock.now())
        await work.members.add(fresh, backend.clock.now())
        await work.commit()
    async with backend.unit_of_work() as work:
        web, telegram = await work.members.by_username("ada"), await work.members.by_telegram_id(7)
    assert (web.id, web.telegram, web.user.telegram_user_id) == (linked.id, None, None)
    assert (telegram.id, telegram.user, telegram.grants) == (fresh.id, None, [])
    assert telegram.telegram.id == linked.telegram.id
