"""Reads of members."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from application.ports.identity import SignInView, TelegramView
from application.ports.paging import Page
from domain.errors import Malformed
from domain.identity import (
    Actor,
    Grant,
    GrantId,
    GrantSource,
    Member,
    MemberId,
    Role,
    SignIn,
    SignInId,
    TelegramProfile,
)
from tests.support.backend import Backend, memory_backend
from tests.support.given import (
    added,
    new_member,
    new_telegram_member,
    stored_member,
    stored_telegram_member,
)


async def signed_in(backend: Backend, member: Member, *, ended: bool = False, ip: str | None = None) -> SignIn:
    now = backend.clock.now()
    sign_in = SignIn(SignInId(backend.ids.new()), member.id, "a hash", now, now + timedelta(days=7), ip=ip)
    if ended:
        sign_in.end(now)
    async with backend.unit_of_work() as work:
        await work.sign_ins.add(sign_in)
        await work.commit()
    return sign_in


async def all_pages(backend: Backend, limit: int, search: str = "") -> list[Page[object]]:
    pages, cursor = [], None
    while not pages or cursor is not None:
        page = await backend.members.page(search, cursor, limit, backend.clock.now())
        pages.append(page)
        cursor = page.next_cursor
    return pages


async def test_member_queries_actor_has_the_effective_role(backend: Backend) -> None:
    member = await stored_member(backend, role=Role.ADMIN)
    actor = await backend.members.actor(member.id, None, backend.clock.now())
    assert actor == Actor(member_id=member.id, role=Role.ADMIN)


async def test_member_queries_actor_loses_a_role_when_its_grant_ends(backend: Backend) -> None:
    member, until = new_member(backend, username="ada"), backend.clock.now() + timedelta(days=1)
    source = GrantSource.SUBSCRIPTION
    member.grants.append(
        Grant(GrantId(backend.ids.new()), Role.SUBSCRIBER, source, None, "", until, backend.clock.now())
    )
    async with backend.unit_of_work() as work:
        await work.members.add(member, backend.clock.now())
        await work.commit()
    before = await backend.members.actor(member.id, None, until - timedelta(microseconds=1))
    after = await backend.members.actor(member.id, None, until)
    assert (before.role, after.role) == (Role.SUBSCRIBER, Role.PUBLIC)
    assert (await backend.members.view(member.id, until)).role is Role.PUBLIC


async def test_member_queries_actor_tells_when_a_grant_or_the_sign_in_ends_next(backend: Backend) -> None:
    member, now = new_member(backend, username="ada"), backend.clock.now()
    ends: list[datetime | None] = [now + timedelta(days=days) for days in (3, 1, 30)]
    for role, until in zip((Role.ADMIN, Role.SUBSCRIBER, Role.ADMIN, Role.OWNER), [*ends, None], strict=True):
        member.grants.append(Grant(GrantId(backend.ids.new()), role, GrantSource.MANUAL, None, "", until, now))
    async with backend.unit_of_work() as work:
        await work.members.add(member, now)
        await work.commit()
    sign_in, lasting = await signed_in(backend, member), await stored_member(backend, "grace", Role.OWNER)

    async def next_change(of: Member, sign_in_id: SignInId | None, days: float) -> datetime | None:
        actor = await backend.members.actor(of.id, sign_in_id, now + timedelta(days=days))
        assert actor is not None
        return actor.changes_at

    assert [await next_change(member, None, days) for days in (0, 1, 2.5, 3, 30)] == [
        ends[1],
        ends[0],
        ends[0],
        ends[2],
        None,
    ]
    assert await next_change(member, sign_in.id, 0) == min(now + timedelta(days=1), sign_in.expires_at)
    assert await next_change(member, sign_in.id, 3) == min(now + timedelta(days=30), sign_in.expires_at)
    assert await next_change(lasting, None, 0) is None
    assert await next_change(lasting, (await signed_in(backend, lasting)).id, 0) == sign_in.expires_at


async def test_member_queries_actor_carries_an_active_sign_in(backend: Backend) -> None:
    member = await stored_member(backend)
    sign_in = await signed_in(backend, member)
    actor = await backend.members.actor(member.id, sign_in.id, backend.clock.now())
    assert actor.sign_in_id == sign_in.id


async def test_member_queries_actor_of_ended_sign_in_is_none(backend: Backend) -> None:
    member = await stored_member(backend)
    sign_in = await signed_in(backend, member, ended=True)
    assert await backend.members.actor(member.id, sign_in.id, backend.clock.now()) is None


async def test_member_queries_actor_of_expired_sign_in_is_none(backend: Backend) -> None:
    member = await stored_member(backend)
    sign_in = await signed_in(backend, member)
    assert await backend.members.actor(member.id, sign_in.id, sign_in.expires_at) is None


async def test_member_queries_actor_of_a_sign_in_is_its_member_whoever_the_token_names(backend: Backend) -> None:
    ada, grace = await stored_member(backend, "ada", Role.ADMIN), await stored_member(backend, "grace", Role.OWNER)
    sign_in = await signed_in(backend, ada)
    for named in (grace.id, MemberId(backend.ids.new())):
        actor = await backend.members.actor(named, sign_in.id, backend.clock.now())
        assert actor == Actor(member_id=ada.id, role=Role.ADMIN, sign_in_id=sign_in.id)


async def test_member_queries_actor_of_unknown_sign_in_or_member_is_none(backend: Backend) -> None:
    member = await stored_member(backend)
    assert await backend.members.actor(member.id, SignInId(backend.ids.new()), backend.clock.now()) is None
    assert await backend.members.actor(MemberId(backend.ids.new()), None, backend.clock.now()) is None


async def test_member_queries_actor_of_banned_member_is_none(backend: Backend) -> None:
    member = new_member(backend, username="ada", role=Role.OWNER)
    member.user.is_active = False
    async with backend.unit_of_work() as work:
        await work.members.add(member, backend.clock.now())
        await work.commit()
    assert await backend.members.actor(member.id, None, backend.clock.now()) is None
    assert (await backend.members.view(member.id, backend.clock.now())).is_active is False


async def test_member_queries_actor_of_member_banned_on_either_side_is_none(backend: Backend) -> None:
    for telegram_id, is_web in ((1, True), (2, False)):
        member = new_member(backend, username=f"linked{telegram_id}", role=Role.ADMIN)
        member.telegram = new_telegram_member(backend, telegram_id).telegram
        (member.user if is_web else member.telegram).is_active = False
        await added(backend, member)
        sign_in = await signed_in(backend, member)
        assert await backend.members.actor(member.id, None, backend.clock.now()) is None
        assert await backend.members.actor(member.id, sign_in.id, backend.clock.now()) is None
        assert (await backend.members.view(member.id, backend.clock.now())).is_active is False


async def test_member_queries_actor_of_telegram_member_has_the_effective_role(backend: Backend) -> None:
    member = await stored_telegram_member(backend, role=Role.SUBSCRIBER)
    actor = await backend.members.actor(member.id, None, backend.clock.now())
    assert actor == Actor(member_id=member.id, role=Role.SUBSCRIBER)


async def test_member_queries_view_shows_the_telegram_account(backend: Backend) -> None:
    member = new_telegram_member(backend, 7, username="ada_l", first_name="Ada", last_name="Lovelace", language="pt-BR")
    member.telegram.blocked(backend.clock.now())
    await added(backend, member)
    view = await backend.members.view(member.id, backend.clock.now())
    assert (view.email, view.username, view.email_verified, view.has_password) == (None, None, False, False)
    assert (view.is_active, view.role) == (True, Role.PUBLIC)
    assert view.telegram == TelegramView(
        telegram_id=7,
        username="ada_l",
        first_name="Ada",
        last_name="Lovelace",
        has_blocked_bot=True,
        language="pt-BR",
    )


async def test_member_queries_view_tells_whether_there_is_a_password(backend: Backend) -> None:
    with_one, without = await stored_member(backend, "ada"), new_member(backend, username="grace")
    without.user.password_hash = None
    await added(backend, without)
    views = [await backend.members.view(member.id, backend.clock.now()) for member in (with_one, without)]
    assert [(view.has_password, view.telegram) for view in views] == [(True, None), (False, None)]


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("5000000001", [1]),
        ("500000000", [2, 1]),
        ("@ADA_l", [1]),
        ("da_l", [1]),
        ("ÄDA LOVE", [1]),
        ("hopper", [2]),
        ("@", [1]),
        ("%", []),
    ],
)
async def test_member_queries_page_search_finds_telegram_names_and_ids(
    backend: Backend, search: str, found: list[int]
) -> None:
    for number, names in (
        (1, {"username": "Ada_L", "first_name": "äda", "last_name": "Lovelace"}),
        (2, {"first_name": "Grace Hopper"}),
    ):
        await stored_telegram_member(backend, 5_000_000_000 + number, **names)
        backend.clock.advance(timedelta(seconds=1))
    page = await backend.members.page(search, None, 10, backend.clock.now())
    ids = [member.telegram.telegram_id - 5_000_000_000 for member in page.items]
    assert ids == found


async def test_member_queries_page_search_finds_new_telegram_names(backend: Backend) -> None:
    await stored_telegram_member(backend, 7, first_name="Ada")
    async with backend.unit_of_work() as work:
        member = await work.members.by_telegram_id(7)
        member.telegram.seen(TelegramProfile(7, first_name="Grace"), backend.clock.now())
        member.changed(backend.clock.now())
        await work.members.save(member, backend.clock.now())
        await work.commit()
    counts = [len((await backend.members.page(name, None, 5, backend.clock.now())).items) for name in ("ada", "grace")]
    assert counts == [0, 1]


async def test_member_queries_grants_are_all_of_the_members_newest_first(backend: Backend) -> None:
    member, now = new_member(backend, username="ada"), backend.clock.now()
    other = await stored_member(backend, "grace", Role.OWNER)
    for days in (1, 2, 3):
        grant_id, until = GrantId(backend.ids.new()), now + timedelta(days=days)
        grant = Grant(grant_id, Role.SUBSCRIBER, GrantSource.SUBSCRIPTION, other.id, f"{days}", until, now)
        member.grants.append(replace(grant, created_at=now - timedelta(days=days % 2)))
    await added(backend, member)
    backend.clock.advance(timedelta(days=9))
    expected = sorted(member.grants, key=lambda grant: (grant.created_at, grant.id), reverse=True)
    assert list(await backend.members.grants(member.id)) == expected
    assert list(await backend.members.grants(MemberId(backend.ids.new()))) == []


async def test_member_queries_sign_ins_are_the_active_ones_newest_first(backend: Backend) -> None:
    ada, grace = await stored_member(backend, "ada"), await stored_member(backend, "grace")
    expired = await signed_in(backend, ada)
    backend.clock.advance(timedelta(days=1))
    first = await signed_in(backend, ada, ip="192.0.2.1")
    await signed_in(backend, ada, ended=True)
    await signed_in(backend, grace)
    backend.clock.advance(timedelta(hours=1))
    second = await signed_in(backend, ada)
    async with backend.unit_of_work() as work:
        first.refresh("a hash", "another", backend.clock.now())
        await work.sign_ins.save(first)
        await work.commit()
    views = (await backend.members.sign_ins(ada.id, None, 10, expired.expires_at)).items
    assert [view.id for view in views] == [second.id, first.id]
    assert views[1] == SignInView(
        id=first.id,
        created_at=first.created_at,
        refreshed_at=backend.clock.now(),
        expires_at=first.expires_at,
        ip="192.0.2.1",
        user_agent=None,
    )
    assert (views[0].refreshed_at, views[0].ip) == (None, None)


async def test_member_queries_sign_ins_come_in_pages_that_neither_repeat_nor_miss_any(backend: Backend) -> None:
    ada, made = await stored_member(backend, "ada"), []
    for number in range(5):
        made.append(await signed_in(backend, ada, ended=number == 2))
        backend.clock.advance(timedelta(seconds=number % 2))
    now, cursor, seen = backend.clock.now(), None, []
    for expected in (2, 2):
        page = await backend.members.sign_ins(ada.id, cursor, 2, now)
        assert len(page.items) == expected
        seen.extend(view.id for view in page.items)
        cursor = page.next_cursor
    assert cursor is None
    open_ones = sorted((s for s in made if s.ended_at is None), key=lambda s: (s.created_at, s.id), reverse=True)
    assert seen == [sign_in.id for sign_in in open_ones]
    with pytest.raises(Malformed):
        await backend.members.sign_ins(ada.id, "no cursor", 2, now)


async def test_member_queries_telegram_account_leads_to_its_member_with_the_role_as_it_is(backend: Backend) -> None:
    until = backend.clock.now() + timedelta(days=1)
    member = new_telegram_member(backend, 42, role=Role.SUBSCRIBER, username="ann", first_name="Ann")
    grant_id, now = GrantId(backend.ids.new()), backend.clock.now()
    member.grants.append(Grant(grant_id, Role.ADMIN, GrantSource.MANUAL, None, "", until, now))
    await added(backend, member, new_telegram_member(backend, 43))
    found = await backend.members.by_telegram_id(42, now)
    assert found is not None
    assert found == await backend.members.view(member.id, now)
    assert (found.id, found.role, found.is_active) == (member.id, Role.ADMIN, True)
    assert found.telegram == TelegramView(
        telegram_id=42, username="ann", first_name="Ann", last_name=None, has_blocked_bot=False
    )
    later = await backend.members.by_telegram_id(42, until)
    assert later is not None
    assert later.role is Role.SUBSCRIBER
    assert await backend.members.by_telegram_id(44, now) is None


async def test_member_queries_view_shows_the_account(backend: Backend) -> None:
    member = await stored_member(backend, "ada", Role.SUBSCRIBER)
    view = await backend.members.view(member.id, backend.clock.now())
    assert (view.id, view.email, view.username, view.role) == (member.id, "ada@example.org", "ada", Role.SUBSCRIBER)
    assert (view.is_active, view.email_verified, view.created_at) == (True, False, member.created_at)


async def test_member_queries_view_of_unknown_member_is_none(backend: Backend) -> None:
    assert await backend.members.view(MemberId(backend.ids.new()), backend.clock.now()) is None


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("ADA", ["ada_l", "ada"]),
        ("example.org", ["grace", "ada_l", "ada"]),
        ("_", ["ada_l"]),
        ("%", []),
        ("nobody", []),
        ("\\", []),
    ],
)
async def test_member_queries_page_search_is_literal_and_ignores_case(
    backend: Backend, search: str, found: list[str]
) -> None:
    for name in ("ada", "ada_l", "grace"):
        await stored_member(backend, name)
        backend.clock.advance(timedelta(seconds=1))
    page = await backend.members.page(search, None, 10, backend.clock.now())
    names = [member.username for member in page.items]
    assert names == found


async def test_member_queries_page_of_the_last_rows_has_no_cursor(backend: Backend) -> None:
    await stored_member(backend)
    page = await backend.members.page("", None, 1, backend.clock.now())
    assert (len(page.items), page.next_cursor) == (1, None)


@pytest.mark.parametrize("cursor", ["", "no cursor", "W10", "WzEsMl0", "é", "eyJhIjoxfQ"])
async def test_member_queries_page_of_broken_cursor_raises_malformed(backend: Backend, cursor: str) -> None:
    with pytest.raises(Malformed):
        await backend.members.page("", cursor, 10, backend.clock.now())


@pytest.mark.parametrize("limit", [1, 2, 3, 10])
async def test_member_queries_pages_show_every_member_once_newest_first(backend: Backend, limit: int) -> None:
    for number in range(7):
        await stored_member(backend, f"member{number}")
        backend.clock.advance(timedelta(seconds=number % 2))
    pages = await all_pages(backend, limit)
    shown = [member.username for page in pages for member in page.items]
    assert shown == [f"member{number}" for number in reversed(range(7))]
    assert all(len(page.items) == limit for page in pages[:-1])


@settings(max_examples=20)
@given(count=st.integers(0, 8), limit=st.integers(1, 5), same=st.booleans())
async def test_member_queries_pages_of_any_size_are_complete(count: int, limit: int, same: bool) -> None:
    backend = memory_backend()
    for number in range(count):
        await stored_member(backend, f"member{number}")
        backend.clock.advance(timedelta(0 if same else 1))
    shown = [member.username for page in await all_pages(backend, limit) for member in page.items]
    assert sorted(shown) == sorted(f"member{number}" for number in range(count))
