"""Refresh tokens: two tabs, lost answers, thieves, and keys that change meanwhile."""

import asyncio
from collections.abc import Sequence

import pytest

from adapters.memory.security import InMemoryTokenIssuer
from application.identity.sign_in import Credentials, SignedIn
from application.ports.realtime import RightsChanged
from domain.errors import InvalidToken
from domain.identity import OPERATOR, AuditAction
from tests.unit.identity.conftest import DEVICE, PASSWORD, IdentityWorld


class RotatingIssuer(InMemoryTokenIssuer):
    """Tokens under keys that the test changes; the current one first."""

    def __init__(self) -> None:
        super().__init__()
        self.keys = ["first"]

    def successor(self, secret: str) -> str:
        return self.successors(secret)[0]

    def successors(self, secret: str) -> Sequence[str]:
        return [super(RotatingIssuer, self).successor(f"{key} {secret}") for key in self.keys]


@pytest.fixture
async def first(world: IdentityWorld) -> SignedIn:
    """A sign-in just opened."""
    await world.registered("ann")
    return await world.auth.sign_in(Credentials(PASSWORD, username="ann"), DEVICE)


async def expect_ended(world: IdentityWorld, *signed_in: SignedIn) -> None:
    for each in signed_in:
        with pytest.raises(InvalidToken):
            await world.auth.refresh(each.refresh_token)
        with pytest.raises(InvalidToken):
            await world.auth.actor(each.access_token)


async def test_refresh_by_many_tabs_at_once_gives_all_the_same_successor(world: IdentityWorld, first: SignedIn) -> None:
    answers = await asyncio.gather(*(world.auth.refresh(first.refresh_token) for _ in range(20)))

    assert len({answer.refresh_token for answer in answers}) == 1
    assert len(await world.lines(AuditAction.REFRESHED)) == 1


async def test_refresh_whose_answer_was_lost_is_given_again_within_the_grace(
    world: IdentityWorld, first: SignedIn
) -> None:
    lost = await world.auth.refresh(first.refresh_token)
    world.later(seconds=29)
    again = await world.auth.refresh(first.refresh_token)
    world.later(minutes=5)

    assert again.refresh_token == lost.refresh_token
    assert await world.auth.refresh(again.refresh_token, DEVICE)


async def test_refresh_token_stolen_and_used_first_ends_with_its_owners_next_use(
    world: IdentityWorld, first: SignedIn
) -> None:
    thief = await world.auth.refresh(first.refresh_token)
    world.later(minutes=20)

    with pytest.raises(InvalidToken, match="used before"):
        await world.auth.refresh(first.refresh_token, DEVICE)

    await expect_ended(world, thief, first)
    (line,) = await world.lines(AuditAction.REFRESH_REUSED)
    assert (line.resource_id, line.actor_id, line.ip) == (str(first.member_id), None, DEVICE.ip)
    assert RightsChanged(member_id=first.member_id) in world.heard


async def test_refresh_token_stolen_and_used_after_its_owner_ends_the_sign_in(
    world: IdentityWorld, first: SignedIn
) -> None:
    owner = await world.auth.refresh(first.refresh_token)
    world.later(seconds=31)

    with pytest.raises(InvalidToken, match="used before"):
        await world.auth.refresh(first.refresh_token)

    await expect_ended(world, owner)


async def test_refresh_token_stolen_and_used_within_the_grace_ends_when_both_go_on(
    world: IdentityWorld, first: SignedIn
) -> None:
    owner = await world.auth.refresh(first.refresh_token)
    thief = await world.auth.refresh(first.refresh_token)
    world.later(minutes=25)
    onwards = await world.auth.refresh(thief.refresh_token)
    world.later(minutes=1)

    with pytest.raises(InvalidToken, match="used before"):
        await world.auth.refresh(owner.refresh_token)
    await expect_ended(world, onwards)


async def test_refresh_token_two_generations_old_ends_the_sign_in_at_once(
    world: IdentityWorld, first: SignedIn
) -> None:
    second = await world.auth.refresh(first.refresh_token)
    third = await world.auth.refresh(second.refresh_token)

    with pytest.raises(InvalidToken, match="used before"):
        await world.auth.refresh(first.refresh_token)
    await expect_ended(world, third)


async def test_refresh_with_made_up_secret_for_a_real_sign_in_ends_it_and_tells(
    world: IdentityWorld, first: SignedIn
) -> None:
    identifier = first.refresh_token.partition(".")[0]

    with pytest.raises(InvalidToken):
        await world.auth.refresh(f"{identifier}.made-up")
    await expect_ended(world, first)


async def test_refresh_of_a_banned_member_is_refused(world: IdentityWorld, first: SignedIn) -> None:
    await world.members.ban(OPERATOR, first.member_id, "spam")

    with pytest.raises(InvalidToken):
        await world.auth.refresh(first.refresh_token)


async def test_refresh_within_the_grace_of_a_key_rotation_signs_nobody_out(world: IdentityWorld) -> None:
    issuer = RotatingIssuer()
    world.auth._tokens = issuer
    await world.registered("ann")
    first = await world.auth.sign_in(Credentials(PASSWORD, username="ann"), DEVICE)
    before = await world.auth.refresh(first.refresh_token)
    csrf = world.auth.csrf_token(first.sign_in_id)

    issuer.keys.insert(0, "second")
    world.later(seconds=30)
    repeated = await world.auth.refresh(first.refresh_token)
    after = await world.auth.refresh(repeated.refresh_token)
    again = await world.auth.refresh(repeated.refresh_token)

    assert repeated.refresh_token == before.refresh_token
    assert again.refresh_token == after.refresh_token
    assert csrf in world.auth.csrf_tokens(first.sign_in_id)
    assert world.auth.csrf_token(first.sign_in_id) != csrf
    issuer.keys.remove("first")
    assert csrf not in world.auth.csrf_tokens(first.sign_in_id)


async def test_signing_out_twice_is_one_line(world: IdentityWorld, first: SignedIn) -> None:
    actor, _ = await world.auth.actor(first.access_token, DEVICE)

    await world.auth.sign_out(actor)
    await world.auth.sign_out(actor)

    (line,) = await world.lines(AuditAction.SIGNED_OUT)
    assert (line.actor_id, line.ip, line.user_agent) == (first.member_id, DEVICE.ip, DEVICE.user_agent)
