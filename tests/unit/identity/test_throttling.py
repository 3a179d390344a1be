"""Guessing passwords stays slow, tells nothing, and holds up nobody else."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from adapters.memory.credentials import InMemoryCredentialQueries
from application.addresses import neighbourhood
from application.identity._throttling import DOUBTFUL_FROM, Familiar, Guess, SignInThrottle
from application.identity.sign_in import Credentials
from application.ports.credentials import CredentialQueries, Login, StoredCredentials
from domain.errors import InvalidCredentials, TooManyRequests
from domain.identity import (
    OPERATOR,
    UNKNOWN_DEVICE,
    AuditAction,
    Device,
    Member,
    MemberId,
    TelegramProfile,
    TelegramUser,
    TelegramUserId,
)
from tests.unit.identity.conftest import DEVICE, PASSWORD, IdentityWorld

ANN = Credentials(PASSWORD, username="ann")
WRONG = Credentials("not the one it is", username="ann")


class CountedCredentials(CredentialQueries):
    """Counts how often an account is looked up."""

    def __init__(self, queries: CredentialQueries) -> None:
        self._queries = queries
        self.count = 0

    async def find(self, login: Login, since: datetime) -> StoredCredentials | None:
        self.count += 1
        return await self._queries.find(login, since)


def at(number: int) -> Device:
    """A device at an address of its own."""
    return Device(ip=f"198.51.{number // 250}.{number % 250 + 1}")


async def registered(world: IdentityWorld, name: str = "ann") -> MemberId:
    return (await world.registered(name, f"{name}@example.org")).id


async def fail(world: IdentityWorld, device: Device, credentials: Credentials = WRONG) -> None:
    with pytest.raises(InvalidCredentials):
        await world.auth.sign_in(credentials, device)


async def settled() -> None:
    for _ in range(30):
        await asyncio.sleep(0)


async def drained(world: IdentityWorld) -> None:
    """Let those who wait in the lane have their turns, one a second."""
    for _ in range(10):
        world.later(seconds=1)
        await settled()


async def test_sign_in_after_five_failures_from_an_address_waits_a_quarter_of_an_hour(world: IdentityWorld) -> None:
    await registered(world)
    for _ in range(5):
        await fail(world, DEVICE)
        world.later(minutes=1)

    with pytest.raises(TooManyRequests) as refusal:
        await world.auth.sign_in(ANN, DEVICE)
    elsewhere = await world.auth.sign_in(ANN, at(1))
    world.clock.advance(refusal.value.retry_after)
    again = await world.auth.sign_in(ANN, DEVICE)

    assert refusal.value.retry_after == timedelta(minutes=10)
    assert elsewhere.member_id == again.member_id
    assert len(world.hasher.verified) == 7


async def test_sign_in_successes_are_never_counted_as_failures(world: IdentityWorld) -> None:
    await registered(world)

    for _ in range(120):
        assert await world.auth.validate_credentials(ANN, DEVICE)
    assert len(world.limiter) == 0
    for _ in range(60):
        assert await world.auth.sign_in(ANN, DEVICE)
    assert len(world.limiter) == 1


async def test_sign_in_by_many_at_once_from_one_office_is_asked_to_come_back_soon(world: IdentityWorld) -> None:
    await registered(world)

    outcomes = await asyncio.gather(*(world.auth.sign_in(ANN, DEVICE) for _ in range(8)), return_exceptions=True)
    refused = [each for each in outcomes if isinstance(each, TooManyRequests)]

    assert [each.retry_after for each in refused] == [timedelta(seconds=5)] * 3
    assert await world.auth.sign_in(ANN, DEVICE)


@pytest.mark.parametrize("variant", ["ann", "ANN", " Ann "])
async def test_sign_in_name_typed_differently_counts_as_the_same(world: IdentityWorld, variant: str) -> None:
    for _ in range(5):
        await fail(world, DEVICE)

    with pytest.raises(TooManyRequests):
        await world.auth.sign_in(Credentials("x" * 10, username=variant), DEVICE)


async def test_sign_in_with_thirty_failures_at_many_accounts_limits_the_address(world: IdentityWorld) -> None:
    await registered(world)
    for number in range(30):
        await fail(world, DEVICE, Credentials(PASSWORD, username=f"nobody{number}"))

    with pytest.raises(TooManyRequests):
        await world.auth.sign_in(ANN, DEVICE)
    assert await world.auth.sign_in(ANN, at(1))


async def test_sign_in_from_one_household_of_ipv6_counts_as_one_address(world: IdentityWorld) -> None:
    for number in range(5):
        await fail(world, Device(ip=f"2001:db8:0:1::{number:x}"))

    with pytest.raises(TooManyRequests):
        await world.auth.sign_in(WRONG, Device(ip="2001:db8:0:1:ffff::1"))
    await fail(world, Device(ip="2001:db8:0:2::1"))


@pytest.mark.parametrize(
    ("ip", "expected"),
    [
        (None, None),
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("no address", "no address"),
    ],
)
def test_neighbourhood_of_any_address_is_what_one_household_owns(ip: str | None, expected: str | None) -> None:
    assert neighbourhood(ip) == expected


async def test_sign_in_failures_of_an_address_count_against_it_once_they_are_decided(world: IdentityWorld) -> None:
    throttle = SignInThrottle(world.limiter, world.hashing)
    failed, waiting, next_one = (Guess(f"nobody{number}", "192.0.2.1") for number in range(3))

    for guess in (failed, waiting, next_one):
        await throttle.admit_address(guess)
        await throttle.admit(guess, Familiar())
        if guess is failed:
            throttle.decided(guess)

    assert [failed.misses, waiting.misses, next_one.misses] == [0, 1, 1]


async def test_sign_in_at_an_account_with_a_hundred_failures_is_slowed_from_unknown_addresses(
    world: IdentityWorld,
) -> None:
    await registered(world)
    for number in range(100):
        await fail(world, at(number))

    first = asyncio.create_task(world.auth.sign_in(ANN, at(100)))
    await settled()
    second = asyncio.create_task(world.auth.sign_in(ANN, at(101)))
    await settled()
    early = (first.done(), second.done())
    world.later(seconds=1)
    await settled()

    assert early == (True, False)
    assert second.done()
    assert (await first).member_id == (await second).member_id


async def test_sign_in_flood_beyond_the_lane_is_told_to_come_back_without_a_hash(world: IdentityWorld) -> None:
    await registered(world)
    for number in range(100):
        await fail(world, at(number))
    hashed = len(world.hasher.verified)

    flood = [asyncio.create_task(world.auth.sign_in(WRONG, at(100 + number))) for number in range(1_000)]
    await settled()
    refused = [task for task in flood if task.done() and isinstance(task.exception(), TooManyRequests)]
    for _ in range(5):
        world.later(seconds=1)
        await settled()
    answers = [task.exception() for task in flood]

    assert len(refused) == 997
    assert [type(answer) for answer in answers].count(InvalidCredentials) == 3
    assert len(world.hasher.verified) == hashed + 3
    assert all(answer.retry_after >= timedelta(seconds=1) for answer in answers if isinstance(answer, TooManyRequests))


async def test_sign_in_by_the_owner_from_a_known_address_never_waits_for_the_flood(world: IdentityWorld) -> None:
    await registered(world)
    await registered(world, "bob")
    await world.auth.sign_in(ANN, DEVICE)
    world.later(days=89)
    for number in range(100):
        await fail(world, at(number))
    flood = [asyncio.create_task(world.auth.sign_in(WRONG, at(100 + number))) for number in range(50)]
    await settled()

    owner = await asyncio.wait_for(world.auth.sign_in(ANN, DEVICE), 1)
    other = await asyncio.wait_for(world.auth.sign_in(Credentials(PASSWORD, username="bob"), at(500)), 1)

    assert owner.member_id != other.member_id
    await drained(world)
    await asyncio.gather(*flood, return_exceptions=True)


async def test_sign_in_from_an_address_known_long_ago_is_slowed_like_any_other(world: IdentityWorld) -> None:
    await registered(world)
    await world.auth.sign_in(ANN, DEVICE)
    world.later(days=91)
    for number in range(100):
        await fail(world, at(number))
    await world.auth.sign_in(ANN, at(100))

    slowed = asyncio.create_task(world.auth.sign_in(ANN, DEVICE))
    await settled()
    waited = not slowed.done()
    world.later(seconds=1)

    assert waited
    assert await slowed


async def test_sign_in_at_an_unknown_account_is_limited_and_slowed_exactly_alike(world: IdentityWorld) -> None:
    nobody = Credentials(PASSWORD, username="nobody")
    for number in range(100):
        await fail(world, at(number), nobody)
    await fail(world, at(100), nobody)
    world.later(seconds=1)

    flood = [asyncio.create_task(world.auth.sign_in(nobody, at(101 + number))) for number in range(20)]
    await settled()

    refused = [task for task in flood if task.done() and isinstance(task.exception(), TooManyRequests)]
    for _ in range(5):
        world.later(seconds=1)
        await settled()
    answers = await asyncio.gather(*flood, return_exceptions=True)

    assert len(refused) == 17
    assert [type(answer) for answer in answers].count(InvalidCredentials) == 3


async def test_sign_in_slowed_account_is_fast_again_after_an_hour(world: IdentityWorld) -> None:
    await registered(world)
    for number in range(100):
        await fail(world, at(number))
    world.later(hours=1)

    for number in range(3):
        assert await asyncio.wait_for(world.auth.sign_in(ANN, at(200 + number)), 1)


async def test_sign_in_flood_at_a_slowed_account_reads_the_database_once_in_a_while(world: IdentityWorld) -> None:
    await registered(world)
    for number in range(100):
        await fail(world, at(number))
    reads = CountedCredentials(InMemoryCredentialQueries(world.store))
    world.auth._passwords._credentials = reads

    flood = [asyncio.create_task(world.auth.sign_in(WRONG, at(100 + number))) for number in range(500)]
    await settled()
    outcomes = [task.exception() for task in flood if task.done()]

    assert len(outcomes) > 490
    assert reads.count < 10
    for _ in range(5):
        world.later(seconds=1)
        await settled()
    assert all(isinstance(task.exception(), TooManyRequests | InvalidCredentials) for task in flood)


async def test_sign_in_flood_without_a_place_to_hash_reads_the_database_once_in_a_while(world: IdentityWorld) -> None:
    await registered(world)
    for number in range(DOUBTFUL_FROM):
        await fail(world, at(number))
    reads = CountedCredentials(InMemoryCredentialQueries(world.store))
    world.auth._passwords._credentials = reads

    flood = [asyncio.create_task(world.auth.sign_in(WRONG, at(100 + number))) for number in range(500)]
    await settled()
    outcomes = [task.exception() for task in flood if task.done()]

    assert len(outcomes) > 490
    assert reads.count < 10
    for _ in range(5):
        world.later(seconds=5)
        await settled()
    assert all(isinstance(task.exception(), TooManyRequests | InvalidCredentials) for task in flood)


async def test_sign_in_from_an_address_that_became_known_is_fast_within_seconds(world: IdentityWorld) -> None:
    await registered(world)
    for number in range(100):
        await fail(world, at(number))
    await world.auth.sign_in(ANN, DEVICE)
    world.later(seconds=5)
    flood = [asyncio.create_task(world.auth.sign_in(WRONG, at(100 + number))) for number in range(20)]
    await settled()

    assert await asyncio.wait_for(world.auth.sign_in(ANN, DEVICE), 1)
    for _ in range(5):
        world.later(seconds=1)
        await settled()
    assert all(task.done() and task.exception() for task in flood)


async def test_sign_in_that_waits_in_the_lane_holds_no_transaction(world: IdentityWorld) -> None:
    await registered(world)
    for number in range(100):
        await fail(world, at(number))
    waiting = [asyncio.create_task(world.auth.sign_in(WRONG, at(100 + number))) for number in range(4)]
    await settled()

    held = world.store.lock.locked()
    async with world.unit_of_work() as work:
        found = await work.members.by_username("ann")

    assert not held
    assert found is not None
    await drained(world)
    assert len(await asyncio.gather(*waiting, return_exceptions=True)) == 4


async def refusal(world: IdentityWorld, credentials: Credentials, device: Device) -> tuple[str, int, int]:
    """What is said, how many hashes were made for it, and how many lines were written."""
    hashed, lines = len(world.hasher.verified), len(await world.lines())
    with pytest.raises(InvalidCredentials) as refused:
        await world.auth.sign_in(credentials, device)
    return str(refused.value), len(world.hasher.verified) - hashed, len(await world.lines()) - lines


async def test_sign_in_refusals_are_the_same_answer_after_the_same_work(world: IdentityWorld) -> None:
    await registered(world)
    banned, unset = await registered(world, "banned"), await registered(world, "unset")
    await world.members.ban(OPERATOR, banned, "spam")
    now = world.clock.now()
    async with world.unit_of_work() as work:
        member = await work.members.get(unset)
        assert member.user is not None
        member.user.password_hash = None
        member.changed(now)
        await work.members.save(member, now)
        telegram = TelegramUser.register(TelegramUserId(world.ids.new()), TelegramProfile(42), now)
        await work.members.add(Member(MemberId(world.ids.new()), now, now, telegram=telegram), now)
        await work.commit()
    tried = [
        WRONG,
        Credentials(PASSWORD, username="nobody"),
        Credentials(PASSWORD, email="nobody@example.org"),
        Credentials(PASSWORD, username="banned"),
        Credentials(PASSWORD, username="unset"),
        Credentials(PASSWORD, telegram_id=42),
        Credentials(PASSWORD, telegram_id=43),
        Credentials(PASSWORD),
    ]

    found = {await refusal(world, credentials, at(number)) for number, credentials in enumerate(tried)}

    assert found == {("The account and the password do not belong together.", 1, 1)}


async def test_sign_in_by_telegram_id_of_a_linked_member_uses_the_web_password(world: IdentityWorld) -> None:
    ann, now = await registered(world), world.clock.now()
    async with world.unit_of_work() as work:
        member = await work.members.get(ann)
        member.telegram = TelegramUser.register(TelegramUserId(world.ids.new()), TelegramProfile(42), now)
        member.changed(now)
        await work.members.save(member, now)
        await work.commit()

    found = await world.auth.validate_credentials(Credentials(PASSWORD, telegram_id=42))

    assert found.id == ann
    assert (await world.auth.get_user_by_telegram_id(42)) is not None
    assert (await world.auth.get_user_by_email("ANN@example.org")) is not None


async def test_sign_in_failures_are_lines_without_what_was_typed(world: IdentityWorld) -> None:
    ann = await registered(world)
    await fail(world, DEVICE)
    await fail(world, DEVICE, Credentials("typed in the wrong field", username="hunter2-hunter2"))

    failed, unknown = await world.lines(AuditAction.SIGN_IN_FAILED)

    assert (failed.resource_id, failed.actor_id, failed.ip) == (str(ann), None, DEVICE.ip)
    assert failed.details == {"method": "password", "cause": "wrong_password"}
    assert (unknown.resource_id, unknown.details["cause"]) == ("", "unknown_account")
    assert "hunter2" not in str(await world.lines())
    assert "not the one" not in str(await world.lines())


async def test_sign_in_flood_is_one_line_in_the_trail(world: IdentityWorld) -> None:
    ann = await registered(world)
    for _ in range(5):
        await fail(world, DEVICE)
    for _ in range(50):
        with pytest.raises(TooManyRequests):
            await world.auth.sign_in(WRONG, DEVICE)

    limited = await world.lines(AuditAction.SIGN_IN_LIMITED)

    assert [(line.resource_id, line.ip) for line in limited] == [(str(ann), DEVICE.ip)]


async def test_sign_in_without_an_address_counts_for_the_account_alone(world: IdentityWorld) -> None:
    for number in range(40):
        await fail(world, UNKNOWN_DEVICE, Credentials(PASSWORD, username=f"nobody{number}"))

    for _ in range(5):
        await fail(world, UNKNOWN_DEVICE)
    with pytest.raises(TooManyRequests):
        await world.auth.validate_credentials(WRONG)


async def test_sign_in_banned_or_renewed_between_check_and_opening_is_refused(world: IdentityWorld) -> None:
    ann = await registered(world)
    checked = await world.auth._passwords.require(ANN, DEVICE)
    await world.members.set_password(OPERATOR, ann, "another long password")

    class Checked:
        async def require(self, *_: object) -> object:
            return checked

    world.auth._passwords = Checked()  # type: ignore[assignment]
    with pytest.raises(InvalidCredentials):
        await world.auth.sign_in(ANN, DEVICE)
    assert await world.lines(AuditAction.SIGNED_IN) == []


@pytest.mark.parametrize(
    ("own", "confusing"),
    [
        (Credentials(PASSWORD, username="ann"), Credentials("wrong", email="", username="ann")),
        (Credentials(PASSWORD, email="ann@example.org"), Credentials("wrong", username="ann@example.org")),
    ],
)
async def test_sign_in_by_a_name_of_another_kind_makes_the_owners_address_no_stranger(
    world: IdentityWorld, own: Credentials, confusing: Credentials
) -> None:
    await world.registered("ann", "ann@example.org")
    await world.auth.sign_in(own, DEVICE)
    for number in range(100):
        with pytest.raises(InvalidCredentials):
            await world.auth.sign_in(replace(own, password="wrong"), at(number))
    flood = [asyncio.create_task(world.auth.sign_in(confusing, at(100 + number))) for number in range(50)]
    await settled()

    owner = await asyncio.wait_for(world.auth.sign_in(own, DEVICE), 1)

    assert owner.member_id == (await world.members.find(OPERATOR, "ann")).id
    await drained(world)
    await asyncio.gather(*flood, return_exceptions=True)
