"""Refresh tokens: two tabs, lost answers, thieves, and keys that change meanwhile."""

import asyncio
from collections.abc import Sequence

import pytest

from adapters.memory.security import InMemoryTokenIssuer
from application.identity.sign_in import Credentials, SignedIn
from application.ports.realtime import RightsChanged
from domain.errors import InvalidToken
from domain.identity import OPERATOR, AuditAction, SignInId
from tests.unit.identity.conftest import DEVICE, PASSWORD, IdentityWorld


class RotatingIssuer(InMemoryTokenIssuer):
    """Tokens under keys that the test changes; the current one first."""

    def __init__(self) -> None:
        super().__init__()
        self.keys = ["first"]

    def refresh_secret(self, sign_in_id: SignInId) -> str:
        return f"{self.keys[0]}.{super().refresh_secret(sign_in_id)}"

    def next_refresh_secrets(self, sign_in_id: SignInId, secret: str) -> Sequence[str]:
        made = super().next_refresh_secrets(sign_in_id, secret)
        return [f"{key}.{each}" for key in self.keys for each in made]

    def is_refresh_secret(self, sign_in_id: SignInId, secret: str) -> bool:
        key, _, rest = secret.partition(".")
        return key in self.keys and super().is_refresh_secret(sign_in_id, rest)

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


@pytest.mark.parametrize("secret", ["", "made-up", "-", "é", "\0", "\ud800", "x" * 10_000, "A" * 86])
async def test_refresh_with_a_forged_secret_for_a_real_sign_in_is_refused_and_does_nothing(
    world: IdentityWorld, first: SignedIn, secret: str
) -> None:
    world.heard.clear()
    with pytest.raises(InvalidToken, match="not valid"):
        await world.auth.refresh(f"{first.sign_in_id.hex}.{secret}", DEVICE)

    assert await world.lines(AuditAction.REFRESH_REUSED) == []
    assert world.heard == []
    assert (await world.auth.actor(first.access_token))[0].member_id == first.member_id
    assert await world.auth.refresh(first.refresh_token, DEVICE)


async def test_refresh_with_another_sign_ins_genuine_secret_is_refused_and_ends_neither(
    world: IdentityWorld, first: SignedIn
) -> None:
    await world.registered("bob")
    own = await world.auth.sign_in(Credentials(PASSWORD, username="bob"), DEVICE)
    secrets = [own.refresh_token.partition(".")[2]]
    own = await world.auth.refresh(own.refresh_token)
    secrets.append(own.refresh_token.partition(".")[2])

    for secret in secrets:
        with pytest.raises(InvalidToken, match="not valid"):
            await world.auth.refresh(f"{first.sign_in_id.hex}.{secret}", DEVICE)

    assert await world.lines(AuditAction.REFRESH_REUSED) == []
    assert await world.auth.refresh(first.refresh_token)
    assert await world.auth.refresh(own.refresh_token)


async def test_refresh_with_a_forged_secret_is_answered_alike_whether_the_sign_in_is_open_ended_or_unknown(
    world: IdentityWorld, first: SignedIn
) -> None:
    other = await world.auth.sign_in(Credentials(PASSWORD, username="ann"), DEVICE)
    await world.auth.sign_out((await world.auth.actor(other.access_token))[0])
    answers = set()
    for sign_in_id in (first.sign_in_id, other.sign_in_id, world.ids.new()):
        with pytest.raises(InvalidToken) as refusal:
            await world.auth.refresh(f"{sign_in_id.hex}.made-up")
        answers.add(refusal.value.message)

    assert len(answers) == 1


async def test_refresh_token_from_before_tokens_had_tags_still_works_once(
    world: IdentityWorld, first: SignedIn
) -> None:
    async with world.unit_of_work() as work:
        sign_in = await work.sign_ins.get(first.sign_in_id)
        assert sign_in is not None
        sign_in.refresh_hash = world.tokens.hashed("untagged")
        await work.sign_ins.save(sign_in)
        await work.commit()
    old = f"{first.sign_in_id.hex}.untagged"

    onwards = await world.auth.refresh(old)
    assert (await world.auth.refresh(old)).refresh_token == onwards.refresh_token
    world.later(seconds=31)
    with pytest.raises(InvalidToken, match="used before"):
        await world.auth.refresh(old)
    await expect_ended(world, onwards)


async def test_refresh_of_a_banned_member_is_refused(world: IdentityWorld, first: SignedIn) -> None:
    await world.members.ban(OPERATOR, first.member_id, "spam")

    with pytest.raises(InvalidToken):
        await world.auth.refresh(first.refresh_token)


async def test_refresh_within_the_grace_of_a_key_rotation_signs_nobody_out(world: IdentityWorld) -> None:
    issuer = RotatingIssuer()
    world.use(issuer)
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


async def test_refresh_token_several_generations_old_after_a_rotation_ends_the_sign_in_while_its_key_is_kept(
    world: IdentityWorld,
) -> None:
    issuer = RotatingIssuer()
    world.use(issuer)
    await world.registered("ann")
    first = await world.auth.sign_in(Credentials(PASSWORD, username="ann"), DEVICE)
    second = await world.auth.refresh(first.refresh_token)
    issuer.keys.insert(0, "second")
    third = await world.auth.refresh(second.refresh_token)

    with pytest.raises(InvalidToken, match="used before"):
        await world.auth.refresh(first.refresh_token)
    await expect_ended(world, third)


async def test_refresh_token_whose_key_is_gone_is_refused_and_ends_nothing_unless_it_was_the_last_one(
    world: IdentityWorld,
) -> None:
    issuer = RotatingIssuer()
    world.use(issuer)
    await world.registered("ann")
    first = await world.auth.sign_in(Credentials(PASSWORD, username="ann"), DEVICE)
    second = await world.auth.refresh(first.refresh_token)
    issuer.keys = ["second"]
    third = await world.auth.refresh(second.refresh_token)

    with pytest.raises(InvalidToken, match="not valid"):
        await world.auth.refresh(first.refresh_token)
    assert await world.auth.actor(third.access_token)
    world.later(seconds=31)
    with pytest.raises(InvalidToken, match="used before"):
        await world.auth.refresh(second.refresh_token)
    await expect_ended(world, third)


async def test_signing_out_twice_is_one_line(world: IdentityWorld, first: SignedIn) -> None:
    actor, _ = await world.auth.actor(first.access_token, DEVICE)

    await world.auth.sign_out(actor)
    await world.auth.sign_out(actor)

    (line,) = await world.lines(AuditAction.SIGNED_OUT)
    assert (line.actor_id, line.ip, line.user_agent) == (first.member_id, DEVICE.ip, DEVICE.user_agent)
