"""The first password of an account that was made by Telegram or for a one-time link."""

from datetime import timedelta

import pytest

from domain.errors import Conflict, Invalid, NotAllowed, TooManyRequests
from domain.identity import (
    OPERATOR,
    RECENT,
    Actor,
    AuditAction,
    Member,
    MemberId,
    TelegramProfile,
    TelegramUser,
    TelegramUserId,
)
from tests.unit.identity.conftest import DEVICE, IdentityWorld

NEW = "a whole new sentence"


async def by_link(world: IdentityWorld, member_id: MemberId) -> Actor:
    """The member, signed in by a one-time link."""
    link = await world.members.sign_in_link(OPERATOR, member_id)
    signed_in = await world.auth.sign_in_with_link(link.token, DEVICE)
    return (await world.auth.actor(signed_in.access_token, DEVICE))[0]


@pytest.fixture
async def owner(world: IdentityWorld) -> MemberId:
    """The first owner, who has a username and no password."""
    return (await world.members.bootstrap_owner())[0].id


@pytest.fixture
async def telegram(world: IdentityWorld) -> MemberId:
    """A member with a Telegram account alone."""
    now = world.clock.now()
    account = TelegramUser.register(TelegramUserId(world.ids.new()), TelegramProfile(7, "ann_tg", "Ann"), now)
    member = Member(MemberId(world.ids.new()), created_at=now, updated_at=now, telegram=account)
    async with world.unit_of_work() as work:
        await work.members.add(member, now)
        await work.commit()
    return member.id


async def test_first_password_set_after_a_link_signs_in_and_ends_other_sign_ins(
    world: IdentityWorld, owner: MemberId
) -> None:
    other, here = await by_link(world, owner), await by_link(world, owner)
    assert await world.passwords.may_set_first(here)

    await world.passwords.set_first(here, NEW)

    assert not await world.passwords.may_set_first(here)
    active = [view.id for view in (await world.sign_ins.page(here)).items]
    assert here.sign_in_id in active
    assert other.sign_in_id not in active
    [line] = await world.lines(AuditAction.PASSWORD_CHANGED)
    assert (line.actor_id, line.resource_id) == (owner, str(owner))


async def test_first_password_of_telegram_member_makes_a_web_account(world: IdentityWorld, telegram: MemberId) -> None:
    here = await by_link(world, telegram)

    await world.passwords.set_first(here, NEW, " ann ")

    view = await world.members.me(here)
    assert (view.username, view.has_password) == ("ann", True)
    assert view.telegram is not None
    member = await world.auth.get_user_by_telegram_id(7)
    assert member is not None
    assert member.user is not None
    assert member.user.telegram_user_id == 7


@pytest.mark.parametrize(("username", "field"), [(None, "username"), ("", "username"), ("12345", "username")])
async def test_first_password_of_telegram_member_needs_a_username(
    world: IdentityWorld, telegram: MemberId, username: str | None, field: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        await world.passwords.set_first(await by_link(world, telegram), NEW, username)

    assert [error.field for error in refusal.value.fields] == [field]


async def test_first_password_with_taken_username_refused_and_nothing_kept(
    world: IdentityWorld, telegram: MemberId
) -> None:
    await world.registered("ann")
    here = await by_link(world, telegram)

    with pytest.raises(Conflict) as refusal:
        await world.passwords.set_first(here, NEW, "ANN")

    assert refusal.value.details["field"] == "username"
    assert (await world.members.me(here)).username is None


async def test_first_password_with_username_for_a_named_account_refused(world: IdentityWorld, owner: MemberId) -> None:
    with pytest.raises(Invalid, match="expected none"):
        await world.passwords.set_first(await by_link(world, owner), NEW, "another")


@pytest.mark.parametrize("password", ["short", "1234567890", "the owner itself", "ann_tg forever"])
async def test_first_password_that_is_guessable_refused(
    world: IdentityWorld, owner: MemberId, telegram: MemberId, password: str
) -> None:
    here = await by_link(world, telegram if "ann" in password else owner)
    with pytest.raises(Invalid) as refusal:
        await world.passwords.set_first(here, password, "annie" if "ann" in password else None)

    assert [error.field for error in refusal.value.fields] == ["new_password"]


async def test_first_password_of_an_older_sign_in_refused_even_when_refreshed(
    world: IdentityWorld, owner: MemberId
) -> None:
    link = await world.members.sign_in_link(OPERATOR, owner)
    signed_in = await world.auth.sign_in_with_link(link.token, DEVICE)
    world.clock.advance(RECENT)
    here, _ = await world.auth.actor(signed_in.access_token, DEVICE)
    assert await world.passwords.may_set_first(here)

    world.clock.advance(timedelta(seconds=1))
    refreshed = await world.auth.refresh(signed_in.refresh_token, DEVICE)
    here, _ = await world.auth.actor(refreshed.access_token, DEVICE)

    assert not await world.passwords.may_set_first(here)
    with pytest.raises(NotAllowed, match="within 15 minutes"):
        await world.passwords.set_first(here, NEW)


async def test_first_password_without_a_sign_in_or_with_an_ended_one_refused(
    world: IdentityWorld, owner: MemberId
) -> None:
    here = await by_link(world, owner)
    await world.auth.sign_out(here)

    for actor in (here, Actor(owner, here.role)):
        with pytest.raises(NotAllowed):
            await world.passwords.set_first(actor, NEW)


async def test_first_password_where_there_is_one_refused(world: IdentityWorld) -> None:
    ann = (await world.registered("ann")).id
    here = await by_link(world, ann)

    assert not await world.passwords.may_set_first(here)
    with pytest.raises(Conflict, match="has a password"):
        await world.passwords.set_first(here, NEW)
    assert await world.signed_in("ann")


async def test_first_password_tried_too_often_is_limited(world: IdentityWorld, telegram: MemberId) -> None:
    await world.registered("taken")
    here = await by_link(world, telegram)
    for _ in range(10):
        with pytest.raises(Conflict):
            await world.passwords.set_first(here, NEW, "taken")

    with pytest.raises(TooManyRequests):
        await world.passwords.set_first(here, NEW, "free")
