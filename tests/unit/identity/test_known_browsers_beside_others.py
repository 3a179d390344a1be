"""A browser that has signed in to an account, at an address that it shares with whoever guesses at that account."""

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.memory.rate_limiter import InMemoryRateLimiter
from adapters.memory.security import PlainPasswordHasher
from adapters.memory.system import ManualClock
from application.identity._hashing import HashingQueue
from application.identity._throttling import (
    PER_ACCOUNT_AND_ADDRESS,
    PER_ADDRESS,
    PER_BROWSER,
    Familiar,
    Guess,
    SignInThrottle,
)
from application.identity.sign_in import Credentials
from application.ports.identity import KnownBrowser
from application.ports.limits import Limit
from domain.errors import InvalidCredentials, TooManyRequests
from domain.identity import MemberId
from tests.unit.identity.conftest import DEVICE, PASSWORD, IdentityWorld
from tests.unit.identity.test_known_browsers import mark
from tests.unit.identity.test_throttling import ANN, WRONG, at, fail, registered


async def used_up(world: IdentityWorld) -> None:
    """Strangers at the address have failed at the account as often as they may."""
    for _ in range(PER_ACCOUNT_AND_ADDRESS.count):
        await fail(world, DEVICE)
    with pytest.raises(TooManyRequests):
        await world.auth.sign_in(ANN, DEVICE)


async def test_known_browser_signs_in_where_a_stranger_at_its_address_used_up_the_failures(
    world: IdentityWorld,
) -> None:
    await world.registered("ann", "ann@example.org")
    token = await mark(world)
    await used_up(world)

    by_name = await world.auth.sign_in(replace(ANN, browser_token=token), DEVICE)
    by_email = await world.auth.sign_in(Credentials(PASSWORD, email="ann@example.org", browser_token=token), DEVICE)

    assert by_name.member_id == by_email.member_id
    with pytest.raises(TooManyRequests):
        await world.auth.sign_in(ANN, DEVICE)


async def test_known_browser_that_was_stolen_buys_five_guesses_beside_others_and_no_more(world: IdentityWorld) -> None:
    await registered(world)
    stolen = await mark(world)
    await used_up(world)
    for _ in range(PER_ACCOUNT_AND_ADDRESS.count):
        await fail(world, at(1))
    hashed = len(world.hasher.verified)

    for number in range(PER_BROWSER.count):
        await fail(world, [DEVICE, at(1)][number % 2], replace(WRONG, browser_token=stolen))
    for device in (DEVICE, at(1)):
        for password in ("a sixth guess", PASSWORD):
            with pytest.raises(TooManyRequests):
                await world.auth.sign_in(replace(ANN, password=password, browser_token=stolen), device)

    assert len(world.hasher.verified) == hashed + PER_BROWSER.count


async def test_known_browsers_failures_are_five_at_an_address_with_those_of_others(world: IdentityWorld) -> None:
    await registered(world)
    mine = replace(WRONG, browser_token=await mark(world))
    for _ in range(PER_ACCOUNT_AND_ADDRESS.count):
        await fail(world, DEVICE, mine)

    for credentials in (mine, WRONG, ANN):
        with pytest.raises(TooManyRequests):
            await world.auth.sign_in(credentials, DEVICE)
    assert await world.auth.sign_in(ANN, at(1))


@pytest.mark.parametrize("kind", ["another member's", "from before the password", "forged"])
async def test_known_browser_of_no_use_at_the_account_stands_with_the_others(world: IdentityWorld, kind: str) -> None:
    ann = await registered(world)
    await registered(world, "bob")
    tokens = {"another member's": await mark(world, Credentials(PASSWORD, username="bob")), "forged": "browser|x"}
    tokens["from before the password"] = world.browsers.remember(ann, "another stamp").token
    await used_up(world)

    with pytest.raises(TooManyRequests):
        await world.auth.sign_in(replace(ANN, browser_token=tokens[kind]), DEVICE)


async def test_known_browser_at_an_address_with_thirty_failures_waits_as_all_do(world: IdentityWorld) -> None:
    await registered(world)
    token = await mark(world)
    for number in range(PER_ADDRESS.count):
        await fail(world, DEVICE, Credentials(PASSWORD, username=f"nobody{number}"))

    with pytest.raises(TooManyRequests):
        await world.auth.sign_in(replace(ANN, browser_token=token), DEVICE)
    assert await world.auth.sign_in(replace(ANN, browser_token=token), at(1))


async def test_known_browser_is_told_to_come_back_when_either_limit_has_room(world: IdentityWorld) -> None:
    await registered(world)
    token = await mark(world)
    for _ in range(PER_BROWSER.count):
        await fail(world, at(1), replace(WRONG, browser_token=token))
    world.later(minutes=10)
    await used_up(world)

    with pytest.raises(TooManyRequests) as refusal:
        await world.auth.sign_in(replace(ANN, browser_token=token), DEVICE)
    world.clock.advance(refusal.value.retry_after)

    assert refusal.value.retry_after == timedelta(minutes=5)
    assert await world.auth.sign_in(replace(ANN, browser_token=token), DEVICE)


OWN, OTHER = MemberId(UUID(int=1)), MemberId(UUID(int=2))
BROWSERS = {
    "own": KnownBrowser(OWN, "mine", "stamp"),
    "own second": KnownBrowser(OWN, "mine, too", "stamp"),
    "old": KnownBrowser(OWN, "old", "another stamp"),
    "other": KnownBrowser(OTHER, "theirs", "stamp"),
    "none": None,
}
ATTEMPTS = st.lists(
    st.tuples(
        st.sampled_from(["own", "own", "own", "own second", "old", "other", "none", "none"]),
        st.sampled_from([False, False, False, True]),
        st.integers(0, 3),
        st.sampled_from([0, 1, 60, 300]),
    ),
    min_size=10,
    max_size=80,
)


@dataclass
class Failed:
    """What has failed, by whatever it is counted under, and how much of that is still within the time."""

    clock: ManualClock
    times: defaultdict[object, list[datetime]] = field(default_factory=lambda: defaultdict(list))

    def has_room(self, key: object, limit: Limit) -> bool:
        """Whether fewer than the limit have failed in any stretch that ends now."""
        return self.count(key, limit) < limit.count

    def count(self, key: object, limit: Limit) -> int:
        """How many have failed under the key."""
        return sum(self.clock.now() - time < limit.window for time in self.times[key])

    def add(self, *keys: object) -> None:
        """One more, under each of the keys."""
        for key in keys:
            self.times[key].append(self.clock.now())


@given(ATTEMPTS)
def test_known_browser_has_five_failures_of_its_own_whatever_others_do_and_others_have_none_of_them(
    attempts: list[tuple[str, bool, int, int]],
) -> None:
    asyncio.run(expect_any_attempts_counted(attempts))


async def expect_any_attempts_counted(attempts: list[tuple[str, bool, int, int]]) -> None:
    """Attempts at one account, one after the other: whose browser, whether it succeeds, where from, seconds after."""
    clock = ManualClock()
    hashing = HashingQueue(PlainPasswordHasher(), clock, Random(1).randrange)
    throttle, failed = SignInThrottle(InMemoryRateLimiter(clock), hashing), Failed(clock)
    for whose, succeeds, number, seconds in attempts:
        is_own = whose in {"own", "own second"}
        is_known = is_own and failed.has_room(("browser", whose), PER_BROWSER)
        has_place = failed.has_room(("there", number), PER_ACCOUNT_AND_ADDRESS)
        is_admitted = failed.has_room(("from", number), PER_ADDRESS) and (is_known or has_place)
        guess = Guess("username:ann", at(number).ip, BROWSERS[whose])
        assert await admitted(throttle, guess) is is_admitted
        if is_admitted:
            assert await throttle.knows(guess, Familiar(OWN, "stamp")) is is_known
            if succeeds:
                await throttle.forgive(guess)
            else:
                failed.add(("from", number), ("by", whose if is_known else "strangers", number))
                failed.add(*[("browser", whose)] * is_known, *[("there", number)] * has_place)
            throttle.decided(guess)
        strangers, known = (failed.count(("by", by, number), PER_BROWSER) for by in ("strangers", "own"))
        assert strangers <= PER_ACCOUNT_AND_ADDRESS.count
        assert known <= PER_BROWSER.count
        clock.advance(timedelta(seconds=seconds))


async def admitted(throttle: SignInThrottle, guess: Guess) -> bool:
    try:
        await throttle.admit_address(guess)
        await throttle.admit(guess, Familiar(OWN, "stamp"))
    except TooManyRequests:
        await throttle.forgive(guess)
        throttle.decided(guess)
        return False
    return True


async def test_known_browser_with_a_failure_is_told_so_as_anybody(world: IdentityWorld) -> None:
    await registered(world)
    token = await mark(world)
    await used_up(world)

    with pytest.raises(InvalidCredentials) as refusal:
        await world.auth.sign_in(replace(WRONG, browser_token=token), DEVICE)

    assert str(refusal.value) == "The account and the password do not belong together."
