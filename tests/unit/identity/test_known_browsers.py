"""A browser that has signed in to an account tries on where strangers are told to come back, and buys no more guesses
than five.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from adapters.memory.credentials import InMemoryCredentialQueries
from application.identity._throttling import PER_BROWSER
from application.identity.sign_in import Credentials, SignedIn
from domain.errors import InvalidCredentials, TooManyRequests
from domain.identity import OPERATOR, AuditAction
from tests.unit.identity.conftest import DEVICE, PASSWORD, IdentityWorld
from tests.unit.identity.test_throttling import ANN, WRONG, CountedCredentials, at, registered, settled


async def mark(world: IdentityWorld, credentials: Credentials = ANN) -> str:
    """What the browser of this account keeps after signing in."""
    return kept(world, await world.auth.sign_in(credentials, DEVICE))


def kept(world: IdentityWorld, signed_in: SignedIn) -> str:
    """What a browser keeps after this sign-in in it."""
    assert signed_in.password_stamp is not None
    return world.browsers.remember(signed_in.member_id, signed_in.password_stamp).token


@asynccontextmanager
async def flooded(world: IdentityWorld, credentials: Credentials = WRONG, failed: int = 0) -> AsyncIterator[None]:
    """The account while more guess at it, from everywhere, than may wait; so many have `failed` within the hour."""
    for number in range(100 - failed):
        with pytest.raises(InvalidCredentials):
            await world.auth.sign_in(credentials, at(number))
    flood = [asyncio.create_task(world.auth.sign_in(credentials, at(100 + number))) for number in range(50)]
    await settled()
    # The first of them has had its turn, and the next one left its place.
    flood += [asyncio.create_task(world.auth.sign_in(credentials, at(150 + number))) for number in range(50)]
    await settled()
    yield
    for _ in range(10):
        world.later(seconds=1)
        await settled()
    assert all(task.done() and task.exception() for task in flood)


async def test_known_browser_at_a_new_address_never_waits_for_the_flood(world: IdentityWorld) -> None:
    await registered(world)
    token = await mark(world)
    by_email = Credentials(PASSWORD, email="ANN@example.org", browser_token=token)

    async with flooded(world):
        with pytest.raises(TooManyRequests) as refusal:
            await world.auth.sign_in(ANN, at(500))
        owner = await asyncio.wait_for(world.auth.sign_in(replace(ANN, browser_token=token), at(500)), 1)
        again = await asyncio.wait_for(world.auth.sign_in(by_email, at(501)), 1)

    assert refusal.value.retry_after >= timedelta(seconds=1)
    assert owner.member_id == again.member_id


async def test_known_browser_that_was_stolen_buys_five_guesses_from_however_many_addresses(
    world: IdentityWorld,
) -> None:
    await registered(world)
    stolen = replace(WRONG, browser_token=await mark(world))

    async with flooded(world):
        hashed = len(world.hasher.verified)
        tries = [asyncio.create_task(world.auth.sign_in(stolen, at(500 + number))) for number in range(40)]
        await settled()
        answers = [type(task.exception()) for task in tries if task.done()]

        assert answers.count(InvalidCredentials) == len(world.hasher.verified) - hashed == PER_BROWSER.count
        assert answers.count(TooManyRequests) == 40 - PER_BROWSER.count
        # Nor does the right password get through by it any more.
        with pytest.raises(TooManyRequests):
            await world.auth.sign_in(replace(ANN, browser_token=stolen.browser_token), at(600))
        # Another browser of the owner's is not taken along.
        other = await mark(world)
        assert await asyncio.wait_for(world.auth.sign_in(replace(ANN, browser_token=other), at(601)), 1)


async def test_known_browser_counts_again_a_quarter_of_an_hour_after_its_failures(world: IdentityWorld) -> None:
    await registered(world)
    token = await mark(world)
    for number in range(PER_BROWSER.count):
        with pytest.raises(InvalidCredentials):
            await world.auth.sign_in(replace(WRONG, browser_token=token), at(700 + number))
    world.later(minutes=15)

    async with flooded(world, failed=PER_BROWSER.count):
        assert await asyncio.wait_for(world.auth.sign_in(replace(ANN, browser_token=token), at(500)), 1)


async def test_known_browser_that_signs_in_has_failed_at_nothing(world: IdentityWorld) -> None:
    await registered(world)
    token = await mark(world)

    async with flooded(world):
        for number in range(4 * PER_BROWSER.count):
            assert await asyncio.wait_for(world.auth.sign_in(replace(ANN, browser_token=token), at(500 + number)), 1)


@pytest.mark.parametrize("kind", ["another member's", "forged", "ended", "empty", "an access token"])
async def test_known_browser_of_no_use_at_the_account_is_a_stranger(world: IdentityWorld, kind: str) -> None:
    await registered(world)
    await registered(world, "bob")
    signed_in = await world.auth.sign_in(ANN, DEVICE)
    ended = kept(world, signed_in)
    world.later(days=180)
    tokens = {
        "another member's": await mark(world, Credentials(PASSWORD, username="bob")),
        "forged": "browser|nobody|nonce|2999-01-01T00:00:00+00:00",
        "ended": ended,
        "empty": "",
        "an access token": signed_in.access_token,
    }

    async with flooded(world):
        with pytest.raises(TooManyRequests):
            await world.auth.sign_in(replace(ANN, browser_token=tokens[kind]), at(500))

    assert await asyncio.wait_for(world.auth.sign_in(ANN, at(900)), 1)


async def test_known_browser_at_an_unknown_account_is_refused_exactly_as_at_another_members(
    world: IdentityWorld,
) -> None:
    await registered(world)
    await registered(world, "bob")
    token = await mark(world, Credentials(PASSWORD, username="bob"))
    told = []
    for name in ("ann", "nobody"):
        tried = Credentials("wrong", username=name, browser_token=token)
        async with flooded(world, Credentials("wrong", username=name)):
            with pytest.raises(TooManyRequests) as refusal:
                await world.auth.sign_in(tried, at(500))
            told.append((str(refusal.value), refusal.value.retry_after))

    assert told[0] == told[1]


async def test_known_browser_of_a_guesser_reads_the_database_once_in_a_while(world: IdentityWorld) -> None:
    await registered(world)
    await registered(world, "eve")
    token = await mark(world, Credentials(PASSWORD, username="eve"))

    async with flooded(world):
        reads = CountedCredentials(InMemoryCredentialQueries(world.store))
        world.auth._passwords._credentials = reads
        for number in range(300):
            with pytest.raises(TooManyRequests):
                await world.auth.sign_in(replace(WRONG, browser_token=token), at(500 + number))
        assert reads.count < 10


async def test_known_browser_is_renewed_as_itself_and_for_its_member_only(world: IdentityWorld) -> None:
    ann, bob = await registered(world), await registered(world, "bob")
    first = world.browsers.remember(ann, "stamp")
    world.later(days=100)

    renewed = world.browsers.renew(ann, first.token)

    assert renewed is not None
    assert renewed.expires_at - first.expires_at == timedelta(days=100)
    assert world.browsers.recognise(renewed.token) == world.browsers.recognise(first.token)
    assert world.browsers.recognise(first.token) != world.browsers.recognise(
        world.browsers.remember(ann, "stamp").token
    )
    assert world.browsers.renew(bob, first.token) is None
    assert world.browsers.renew(ann, None) is None


async def test_known_browser_from_before_the_password_is_a_stranger_and_later_ones_are_known(
    world: IdentityWorld,
) -> None:
    ann = await registered(world)
    old = await mark(world)
    here = await world.signed_in()
    with_new = replace(ANN, password="a whole new password")

    stamp = await world.passwords.change(here, PASSWORD, with_new.password)
    new = world.browsers.remember(ann, stamp).token
    later = kept(world, await world.auth.sign_in(with_new, DEVICE))

    async with flooded(world):
        with pytest.raises(TooManyRequests):
            await world.auth.sign_in(replace(with_new, browser_token=old), at(500))
        for number, token in enumerate((new, later)):
            owner = await asyncio.wait_for(
                world.auth.sign_in(replace(with_new, browser_token=token), at(600 + number)), 1
            )
            assert owner.member_id == ann


async def test_known_browser_is_the_one_that_finished_the_reset_and_none_from_before(world: IdentityWorld) -> None:
    ann = (await world.registered("ann", "ann@example.org")).id
    old = await mark(world)
    with_new = replace(ANN, password="a whole new password")
    await world.passwords.request_reset("ann@example.org", DEVICE)

    new = kept(world, await world.passwords.redeem_reset(await world.mailed_token(), with_new.password, DEVICE))

    async with flooded(world):
        with pytest.raises(TooManyRequests):
            await world.auth.sign_in(replace(with_new, browser_token=old), at(500))
        owner = await asyncio.wait_for(world.auth.sign_in(replace(with_new, browser_token=new), at(501)), 1)

    assert owner.member_id == ann


async def test_known_browser_of_a_member_without_a_password_is_a_stranger_after_the_first(world: IdentityWorld) -> None:
    owner, _ = await world.members.bootstrap_owner()
    assert owner.username is not None
    link = await world.members.sign_in_link(OPERATOR, owner.id)
    signed_in = await world.auth.sign_in_with_link(link.token, DEVICE)
    old = kept(world, signed_in)
    here, _ = await world.auth.actor(signed_in.access_token, DEVICE)

    new = world.browsers.remember(owner.id, await world.first_passwords.set(here, PASSWORD)).token

    mine = Credentials(PASSWORD, username=owner.username)
    async with flooded(world, replace(mine, password="wrong")):
        with pytest.raises(TooManyRequests):
            await world.auth.sign_in(replace(mine, browser_token=old), at(500))
        assert await asyncio.wait_for(world.auth.sign_in(replace(mine, browser_token=new), at(501)), 1)


async def test_known_browser_carries_its_old_stamp_through_refreshing(world: IdentityWorld) -> None:
    ann = await registered(world)
    signed_in = await world.auth.sign_in(ANN, DEVICE)
    old = kept(world, signed_in)
    await world.members.set_password(OPERATOR, ann, "a whole new password")
    other = await world.auth.sign_in(replace(ANN, password="a whole new password"), DEVICE)

    renewed = world.browsers.renew(ann, old)
    refreshed = await world.auth.refresh(other.refresh_token, DEVICE)

    assert renewed is not None
    assert refreshed.password_stamp is None
    assert world.browsers.recognise(renewed.token) == world.browsers.recognise(old)


def test_known_browsers_stamp_is_one_of_each_password_and_tells_nothing_of_it(world: IdentityWorld) -> None:
    hashes = [None, "plain:one", "plain:two"]

    stamps = [world.browsers.stamp(each) for each in hashes]

    assert len(set(stamps)) == 3
    assert stamps == [world.browsers.stamp(each) for each in hashes]
    assert {len(stamp) for stamp in stamps} == {16}
    assert stamps[1] not in world.tokens.hashed("plain:one")


async def test_known_browser_leaves_nothing_of_its_token_in_the_trail_or_in_words(world: IdentityWorld) -> None:
    await registered(world)
    token = await mark(world)
    with pytest.raises(InvalidCredentials):
        await world.auth.sign_in(replace(WRONG, browser_token=token), at(1))

    assert token not in str(await world.lines(AuditAction.SIGN_IN_FAILED))
    assert token not in repr(replace(WRONG, browser_token=token))
