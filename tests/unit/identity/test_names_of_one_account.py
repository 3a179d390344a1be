"""Guesses count by the account, whichever of its names they are at, and names that nobody has are treated alike."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import cycle, islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.memory.credentials import InMemoryCredentialQueries
from application.identity._doubtful_lane import ROOM_OF_ACCOUNT
from application.identity._password_check import MAX_READING
from application.identity._throttling import DOUBTFUL_FROM
from application.identity.sign_in import Credentials
from application.ports.credentials import CredentialQueries, Login, StoredCredentials
from domain.errors import InvalidCredentials, TooManyRequests, Unavailable
from domain.identity import AuditAction, MemberId, TelegramProfile, TelegramUser, TelegramUserId
from tests.unit.identity.conftest import DEVICE, PASSWORD, IdentityWorld
from tests.unit.identity.test_throttling import CountedCredentials, at, drained, fail, settled

GUESS = "not the one it is"
EMAIL, USERNAME, TELEGRAM = "email", "username", "telegram_id"
NAMES = {EMAIL: "ann@example.org", USERNAME: "ann", TELEGRAM: 42}


def by(kind: str, password: str = GUESS) -> Credentials:
    """An attempt at Ann's account by this name of hers."""
    return Credentials(password, **{kind: NAMES[kind]})  # type: ignore[arg-type]


async def with_three_names(world: IdentityWorld) -> MemberId:
    ann, now = (await world.registered("ann", "ann@example.org")).id, world.clock.now()
    async with world.unit_of_work() as work:
        member = await work.members.get(ann)
        member.telegram = TelegramUser.register(TelegramUserId(world.ids.new()), TelegramProfile(42), now)
        member.changed(now)
        await work.members.save(member, now)
        await work.commit()
    return ann


@pytest.mark.parametrize(
    "tried",
    [
        [EMAIL, USERNAME, TELEGRAM, EMAIL, USERNAME],
        [USERNAME] * 5,
        [TELEGRAM] * 4 + [EMAIL],
        [EMAIL] * 2 + [USERNAME] * 3,
    ],
    ids="-".join,
)
async def test_names_of_one_account_have_five_guesses_together_from_an_address(
    world: IdentityWorld, tried: list[str]
) -> None:
    ann = await with_three_names(world)
    for kind in tried:
        await fail(world, DEVICE, by(kind))
    hashed = len(world.hasher.verified)

    for kind in NAMES:
        with pytest.raises(TooManyRequests) as refusal:
            await world.auth.sign_in(by(kind, PASSWORD), DEVICE)
        assert refusal.value.retry_after == timedelta(minutes=15)

    assert len(world.hasher.verified) == hashed
    assert (await world.auth.sign_in(by(EMAIL, PASSWORD), at(1))).member_id == ann
    world.later(minutes=15)
    assert (await world.auth.sign_in(by(USERNAME, PASSWORD), DEVICE)).member_id == ann


async def test_names_of_one_account_are_all_refused_without_a_count_of_it(world: IdentityWorld) -> None:
    await with_three_names(world)
    await world.registered("bob")
    for _ in range(5):
        await fail(world, DEVICE, by(USERNAME))
    for _ in range(60):
        with pytest.raises(TooManyRequests):
            await world.auth.sign_in(by(EMAIL), DEVICE)

    for _ in range(4):
        await fail(world, DEVICE, Credentials(GUESS, username="bob"))
    assert await world.auth.sign_in(Credentials(PASSWORD, username="bob"), DEVICE)


async def test_names_of_one_account_are_forgiven_together(world: IdentityWorld) -> None:
    await with_three_names(world)
    for _ in range(4):
        await fail(world, DEVICE, by(USERNAME))

    for kind in islice(cycle(NAMES), 30):
        assert await world.auth.validate_credentials(by(kind, PASSWORD), DEVICE)
    await fail(world, DEVICE, by(EMAIL))
    with pytest.raises(TooManyRequests):
        await world.auth.sign_in(by(TELEGRAM), DEVICE)


async def test_names_of_one_account_are_forgotten_together_by_a_finished_reset(world: IdentityWorld) -> None:
    await with_three_names(world)
    for kind in (EMAIL, USERNAME, TELEGRAM, EMAIL, USERNAME):
        await fail(world, DEVICE, by(kind))
    for number in range(5):
        await fail(world, at(1), by([EMAIL, USERNAME][number % 2]))
    await world.passwords.request_reset("ann@example.org", DEVICE)

    await world.passwords.redeem_reset(await world.mailed_token(), "a whole new password", DEVICE)

    for kind in (EMAIL, USERNAME):
        assert await world.auth.sign_in(by(kind, "a whole new password"), DEVICE)
        with pytest.raises(TooManyRequests):
            await world.auth.sign_in(by(kind, "a whole new password"), at(1))


async def test_names_of_one_account_have_a_hundred_failures_an_hour_together(world: IdentityWorld) -> None:
    await with_three_names(world)
    for number, kind in enumerate(islice(cycle(NAMES), 100)):
        await fail(world, at(number), by(kind))

    first = asyncio.create_task(world.auth.sign_in(by(EMAIL, PASSWORD), at(100)))
    await settled()
    second = asyncio.create_task(world.auth.sign_in(by(USERNAME, PASSWORD), at(101)))
    await settled()
    early = (first.done(), second.done())
    world.later(seconds=1)
    await settled()

    assert early == (True, False)
    assert (await first).member_id == (await second).member_id


async def test_names_of_one_account_share_its_places_in_the_lane(world: IdentityWorld) -> None:
    await with_three_names(world)
    for number, kind in enumerate(islice(cycle(NAMES), 100)):
        await fail(world, at(number), by(kind))

    flood = [
        asyncio.create_task(world.auth.sign_in(by(kind), at(100 + number)))
        for number, kind in enumerate(islice(cycle(NAMES), 60))
    ]
    await settled()
    waiting = [task for task in flood if not task.done()]
    await drained(world)
    answers = await asyncio.gather(*flood, return_exceptions=True)

    assert len(waiting) == ROOM_OF_ACCOUNT
    assert [type(answer) for answer in answers].count(TooManyRequests) == 60 - 1 - ROOM_OF_ACCOUNT


async def test_names_of_one_account_at_their_limit_read_the_database_once_in_a_while(world: IdentityWorld) -> None:
    await with_three_names(world)
    for _ in range(5):
        await fail(world, DEVICE, by(USERNAME))
    reads = CountedCredentials(InMemoryCredentialQueries(world.store))
    world.auth._passwords._credentials = reads

    for kind in islice(cycle(NAMES), 600):
        with pytest.raises(TooManyRequests):
            await world.auth.sign_in(by(kind), DEVICE)

    # One for each name, and one for the line in the trail.
    assert reads.count <= len(NAMES) + 1


async def test_names_are_looked_up_once_for_a_guess_that_is_not_slowed(world: IdentityWorld) -> None:
    await with_three_names(world)
    reads = CountedCredentials(InMemoryCredentialQueries(world.store))
    world.auth._passwords._credentials = reads

    for name in ("ann", "nobody"):
        await fail(world, DEVICE, Credentials(GUESS, username=name))
    at_first = reads.count
    for name in ("ann", "nobody"):
        await fail(world, DEVICE, Credentials(GUESS, username=name))

    assert (at_first, reads.count) == (2, 4)


class SlowCredentials(CountedCredentials):
    """Finds an account when it is let, or fails to."""

    def __init__(self, queries: CredentialQueries, error: Exception | None = None) -> None:
        super().__init__(queries)
        self.may_find, self._error = asyncio.Event(), error

    async def find(self, login: Login, since: datetime) -> StoredCredentials | None:
        found = await super().find(login, since)
        await self.may_find.wait()
        if self._error is not None:
            raise self._error
        return found


@pytest.mark.parametrize("name", ["ann", "nobody"])
async def test_names_tried_by_many_at_once_are_read_once_for_all_who_are_refused(
    world: IdentityWorld, name: str
) -> None:
    await with_three_names(world)
    tried = Credentials(GUESS, username=name)
    for number in range(DOUBTFUL_FROM):
        await fail(world, at(number), tried)
    world.later(seconds=5)
    reads = SlowCredentials(InMemoryCredentialQueries(world.store))
    world.auth._passwords._credentials = reads

    flood = [asyncio.create_task(world.auth.sign_in(tried, at(100 + number))) for number in range(500)]
    await settled()
    before = reads.count
    reads.may_find.set()
    await settled()
    outcomes = [task.exception() for task in flood if task.done()]

    assert before == 1
    assert len(outcomes) >= 500 - 1 - ROOM_OF_ACCOUNT
    # And one for each turn in the lane, and for the line in the trail.
    assert reads.count <= 1 + 1 + 1 + ROOM_OF_ACCOUNT
    await drained(world)
    assert all(isinstance(task.exception(), TooManyRequests | InvalidCredentials) for task in flood)


async def test_names_without_number_find_no_room_leave_the_database_to_others_and_one_line_in_the_trail(
    world: IdentityWorld,
) -> None:
    await with_three_names(world)
    reads = SlowCredentials(InMemoryCredentialQueries(world.store))
    world.auth._passwords._credentials = reads

    flood = [
        asyncio.create_task(world.auth.sign_in(Credentials(GUESS, username=f"nobody{number}"), at(number)))
        for number in range(1_000)
    ]
    await settled()
    before = reads.count
    reads.may_find.set()
    outcomes = await asyncio.gather(*flood, return_exceptions=True)
    refused = [each for each in outcomes if isinstance(each, TooManyRequests)]

    # And one for the line in the trail.
    assert before == reads.count == MAX_READING + 1
    assert len(refused) == 1_000 - MAX_READING
    assert {each.retry_after for each in refused} == {timedelta(seconds=5)}
    (line,) = await world.lines(AuditAction.SIGN_IN_LIMITED)
    assert line.details == {"method": "password", "cause": "no_room"}
    assert await world.auth.sign_in(by(EMAIL, PASSWORD), DEVICE)


async def test_names_that_find_no_place_to_hash_are_one_line_in_the_trail(world: IdentityWorld) -> None:
    await with_three_names(world)

    flood = [
        asyncio.create_task(world.auth.sign_in(Credentials(GUESS, username=f"nobody{number}"), at(number)))
        for number in range(1_000)
    ]
    outcomes = await asyncio.gather(*flood, return_exceptions=True)

    assert [type(each) for each in outcomes].count(TooManyRequests) > 500
    assert len(await world.lines(AuditAction.SIGN_IN_LIMITED)) == 1


async def test_names_read_for_one_who_goes_away_are_read_for_the_others(world: IdentityWorld) -> None:
    ann = await with_three_names(world)
    reads = SlowCredentials(InMemoryCredentialQueries(world.store))
    world.auth._passwords._credentials = reads
    tried = [asyncio.create_task(world.auth.sign_in(by(EMAIL, PASSWORD), at(number))) for number in range(3)]
    await settled()

    tried[0].cancel()
    await settled()
    reads.may_find.set()
    signed_in = await asyncio.gather(*tried[1:])

    assert {each.member_id for each in signed_in} == {ann}
    # The one that all wait for; then each reads the password as it is now.
    assert reads.count == 3


async def test_names_that_cannot_be_read_fail_for_all_who_wait_and_are_read_anew(world: IdentityWorld) -> None:
    await with_three_names(world)
    queries = InMemoryCredentialQueries(world.store)
    reads = SlowCredentials(queries, Unavailable("The database does not answer."))
    world.auth._passwords._credentials = reads
    tried = [asyncio.create_task(world.auth.sign_in(by(EMAIL, PASSWORD), at(number))) for number in range(3)]
    await settled()
    gone = asyncio.create_task(world.auth.sign_in(by(USERNAME, PASSWORD), at(4)))
    await settled()

    gone.cancel()
    await settled()
    reads.may_find.set()
    outcomes = await asyncio.gather(*tried, return_exceptions=True)
    world.auth._passwords._credentials = queries

    assert [type(each) for each in outcomes] == [Unavailable] * 3
    assert reads.count == 2
    # What was broken off counts, so that nobody guesses for nothing; what could not be tried does not.
    assert len(world.limiter) == 1
    assert await world.auth.sign_in(by(EMAIL, PASSWORD), DEVICE)


async def test_names_at_an_address_over_its_limit_are_not_looked_up(world: IdentityWorld) -> None:
    for number in range(30):
        await fail(world, DEVICE, Credentials(GUESS, username=f"nobody{number}"))
    with pytest.raises(TooManyRequests):
        await world.auth.sign_in(Credentials(GUESS, username="told in the trail"), DEVICE)
    reads = CountedCredentials(InMemoryCredentialQueries(world.store))
    world.auth._passwords._credentials = reads

    for number in range(100):
        with pytest.raises(TooManyRequests):
            await world.auth.sign_in(Credentials(GUESS, username="ann"), DEVICE)
        assert reads.count <= 1, number


async def test_names_remembered_are_bounded_and_the_oldest_go_first(world: IdentityWorld) -> None:
    await with_three_names(world)
    for number in range(1_500):
        await fail(world, at(number), Credentials(GUESS, username=f"nobody{number}"))
        if number == 1_000:
            await fail(world, DEVICE, by(USERNAME))

    remembered = world.auth._passwords._remembered

    assert len(remembered) == 1_000
    assert by(USERNAME).login in remembered


@pytest.mark.parametrize("is_taken", [False, True])
async def test_name_of_another_kind_that_reads_alike_tells_nothing_by_its_count(
    world: IdentityWorld, is_taken: bool
) -> None:
    if is_taken:
        await world.registered("ann", "ann@example.org")
        await world.registered("42")
    for _ in range(5):
        await fail(world, DEVICE, Credentials(GUESS, email="ann@example.org"))
        await fail(world, DEVICE, Credentials(GUESS, username="42"))

    for other in (Credentials(GUESS, username="ann@example.org"), Credentials(GUESS, telegram_id=42)):
        with pytest.raises(InvalidCredentials):
            await world.auth.sign_in(other, DEVICE)


GUESSES = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 2), st.sampled_from([0, 0, 0, 1, 120])), min_size=5, max_size=120
)


@given(GUESSES)
@settings(max_examples=40)
def test_names_of_different_accounts_answer_as_names_that_nobody_has(guesses: list[tuple[int, int, int]]) -> None:
    assert asyncio.run(answers(guesses, exist=True)) == asyncio.run(answers(guesses, exist=False))


async def answers(guesses: Sequence[tuple[int, int, int]], *, exist: bool) -> list[object]:
    """What each guess is told, with how many hashes it cost: (name, address, seconds after), one after the other."""
    world, told = IdentityWorld(), list[object]()
    names = [Credentials(GUESS, username="ann"), Credentials(GUESS, username="bob")]
    names += [Credentials(GUESS, email=f"{name}@example.org") for name in ("cid", "dan")]
    if exist:
        for username, email in (("ann", None), ("bob", "bob@example.org"), ("x", "cid@example.org")):
            await world.registered(username, email)
        await world.registered("dan", "dan@example.org")
    for name, number, seconds in guesses:
        task = asyncio.create_task(world.auth.sign_in(names[name], at(number)))
        await settled()
        while not task.done():
            world.later(seconds=1)
            await settled()
            told.append("waits")
        error = task.exception()
        assert isinstance(error, InvalidCredentials | TooManyRequests)
        told.append((type(error), str(error), getattr(error, "retry_after", None), len(world.hasher.verified)))
        world.later(seconds=seconds)
    assert len(world.hasher.verified) >= min(len(guesses), 5)
    return told
