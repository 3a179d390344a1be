"""Signing in, refreshing and signing out."""

import pytest

from application.identity.sign_in import Credentials
from application.ports.realtime import RightsChanged
from domain.errors import InvalidCredentials, InvalidToken
from domain.identity import OPERATOR, Device, Role
from tests.unit.identity.conftest import PASSWORD, IdentityWorld

DEVICE = Device(ip="127.0.0.1", user_agent="test")


@pytest.mark.parametrize(
    "credentials",
    [
        Credentials(PASSWORD, email="ANN@example.org"),
        Credentials(PASSWORD, username="Ann"),
    ],
    ids=["email", "username"],
)
async def test_sign_in_by_either_name_ignoring_case_gives_the_members_tokens(
    world: IdentityWorld, credentials: Credentials
) -> None:
    ann = await world.registered("ann", "ann@example.org")

    signed_in = await world.auth.sign_in(credentials, DEVICE)
    actor, expires_at = await world.auth.actor(signed_in.access_token)

    assert (actor.member_id, actor.role) == (ann.id, Role.PUBLIC)
    assert expires_at == signed_in.access_expires_at


@pytest.mark.parametrize(
    "credentials",
    [
        Credentials("wrong password", username="ann"),
        Credentials(PASSWORD, username="nobody"),
        Credentials(PASSWORD, email="nobody@example.org"),
        Credentials(PASSWORD),
    ],
    ids=["password", "username", "email", "no-name"],
)
async def test_sign_in_with_a_wrong_part_never_tells_which(world: IdentityWorld, credentials: Credentials) -> None:
    await world.registered("ann")

    with pytest.raises(InvalidCredentials) as refusal:
        await world.auth.sign_in(credentials, DEVICE)

    assert str(refusal.value) == "The account and the password do not belong together."


async def test_refresh_rotates_and_the_new_token_works(world: IdentityWorld) -> None:
    await world.registered("ann")
    first = await world.auth.sign_in(Credentials(PASSWORD, username="ann"), DEVICE)

    second = await world.auth.refresh(first.refresh_token)
    third = await world.auth.refresh(second.refresh_token)

    assert len({first.refresh_token, second.refresh_token, third.refresh_token}) == 3
    assert (await world.auth.actor(third.access_token))[0].member_id == first.member_id


async def test_refresh_by_two_tabs_within_the_grace_gives_the_same_successor(world: IdentityWorld) -> None:
    await world.registered("ann")
    first = await world.auth.sign_in(Credentials(PASSWORD, username="ann"), DEVICE)

    one = await world.auth.refresh(first.refresh_token)
    world.later(seconds=30)
    two = await world.auth.refresh(first.refresh_token)

    assert one.refresh_token == two.refresh_token


async def test_refresh_reused_after_the_grace_ends_the_sign_in(world: IdentityWorld) -> None:
    await world.registered("ann")
    first = await world.auth.sign_in(Credentials(PASSWORD, username="ann"), DEVICE)
    second = await world.auth.refresh(first.refresh_token)
    world.later(seconds=31)

    world.heard.clear()
    with pytest.raises(InvalidToken, match="used before"):
        await world.auth.refresh(first.refresh_token)
    assert world.heard[-1:] == [RightsChanged(member_id=first.member_id)]
    with pytest.raises(InvalidToken):
        await world.auth.refresh(second.refresh_token)
    with pytest.raises(InvalidToken):
        await world.auth.actor(second.access_token)


@pytest.mark.parametrize("token", ["", ".", "abc", "00.11", "019b0000000270008000000000000002.x", "é.é"])
async def test_refresh_with_garbage_is_refused(world: IdentityWorld, token: str) -> None:
    with pytest.raises(InvalidToken):
        await world.auth.refresh(token)


async def test_refresh_after_seven_idle_days_is_refused(world: IdentityWorld) -> None:
    await world.registered("ann")
    first = await world.auth.sign_in(Credentials(PASSWORD, username="ann"), DEVICE)
    world.later(days=7)

    with pytest.raises(InvalidToken, match="ended"):
        await world.auth.refresh(first.refresh_token)


async def test_sign_out_ends_both_tokens_and_tells_the_sockets(world: IdentityWorld) -> None:
    ann = await world.registered("ann")
    signed_in = await world.auth.sign_in(Credentials(PASSWORD, username="ann"), DEVICE)
    actor, _ = await world.auth.actor(signed_in.access_token)

    await world.auth.sign_out(actor)

    with pytest.raises(InvalidToken):
        await world.auth.actor(signed_in.access_token)
    with pytest.raises(InvalidToken):
        await world.auth.refresh(signed_in.refresh_token)
    assert [one for one in world.heard if isinstance(one, RightsChanged)] == [RightsChanged(member_id=ann.id)]


async def test_access_token_after_thirty_minutes_is_refused(world: IdentityWorld) -> None:
    await world.registered("ann")
    signed_in = await world.auth.sign_in(Credentials(PASSWORD, username="ann"), DEVICE)
    world.later(minutes=30)

    with pytest.raises(InvalidToken):
        await world.auth.actor(signed_in.access_token)


async def test_link_signs_in_once_and_not_after_its_time(world: IdentityWorld) -> None:
    owner, created = await world.members.bootstrap_owner()
    link = await world.members.sign_in_link(OPERATOR, owner.id)

    signed_in = await world.auth.sign_in_with_link(link.token, DEVICE)
    late = await world.members.sign_in_link(OPERATOR, owner.id)
    actor, _ = await world.auth.actor(signed_in.access_token)
    world.later(minutes=15)

    assert created
    assert (actor.member_id, actor.role) == (owner.id, Role.OWNER)
    for token in (link.token, late.token, "garbage"):
        with pytest.raises(InvalidToken, match="used already or has expired"):
            await world.auth.sign_in_with_link(token, DEVICE)


async def test_link_made_anew_ends_those_made_for_the_same_member_before(world: IdentityWorld) -> None:
    ann, bob = await world.registered("ann", "ann@example.org"), await world.registered("bob")
    await world.passwords.request_reset("ann@example.org", DEVICE)
    reset = await world.mailed_token()
    others = await world.members.sign_in_link(OPERATOR, bob.id)
    former = [await world.members.sign_in_link(OPERATOR, ann.id) for _ in range(2)]
    newest = await world.members.sign_in_link(OPERATOR, ann.id)

    for link in former:
        with pytest.raises(InvalidToken, match="used already or has expired"):
            await world.auth.sign_in_with_link(link.token, DEVICE)
    assert (await world.auth.sign_in_with_link(newest.token, DEVICE)).member_id == ann.id
    assert (await world.auth.sign_in_with_link(others.token, DEVICE)).member_id == bob.id
    assert (await world.passwords.redeem_reset(reset, "another long password", DEVICE)).member_id == ann.id


async def test_password_reset_by_the_operator_ends_every_sign_in(world: IdentityWorld) -> None:
    ann = await world.registered("ann")
    signed_in = await world.auth.sign_in(Credentials(PASSWORD, username="ann"), DEVICE)

    await world.members.set_password(OPERATOR, ann.id, "another long password")

    with pytest.raises(InvalidToken):
        await world.auth.actor(signed_in.access_token)
    with pytest.raises(InvalidToken):
        await world.auth.refresh(signed_in.refresh_token)
    assert await world.auth.sign_in(Credentials("another long password", username="ann"), DEVICE)
