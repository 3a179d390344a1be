"""Whose turn it is when passwords are hashed."""

import asyncio
from datetime import timedelta
from random import Random

import pytest

from adapters.memory.system import ManualClock
from application.identity._hashing import Claim, HashingQueue, Standing
from application.ports.identity import PasswordHasher
from domain.errors import TooManyRequests


class SlowHasher(PasswordHasher):
    """Hashes when the test says so; remembers the order in which hashes began."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.yielding: list[str] = []
        self.running = 0
        self._gates: list[asyncio.Future[None]] = []

    async def hash(self, password: str) -> str:
        await self._hash(password)
        return password

    async def verify(self, password_hash: str | None, password: str, *, yielding: bool = False) -> bool:
        if yielding:
            self.yielding.append(password)
        await self._hash(password)
        return True

    def finish_one(self) -> None:
        self._gates.pop(0).set_result(None)

    async def _hash(self, password: str) -> None:
        self.begun.append(password)
        self.running += 1
        gate = asyncio.get_running_loop().create_future()
        self._gates.append(gate)
        try:
            await gate
        finally:
            self.running -= 1


class Queue:
    """A queue over a slow hasher, and the tasks that wait in it."""

    def __init__(self, **bounds: int) -> None:
        self.clock, self.hasher = ManualClock(), SlowHasher()
        self.queue = HashingQueue(self.hasher, self.clock, Random(1).randrange, **bounds)
        self.tasks: list[asyncio.Task[bool]] = []

    async def ask(
        self, name: str, standing: Standing = Standing.ORDINARY, address: str = "", account: str = "", misses: int = 0
    ) -> asyncio.Task[bool]:
        claim = Claim(account, address, standing, misses)
        task = asyncio.create_task(self.queue.verify_for(claim, "hash", name))
        self.tasks.append(task)
        await settled()
        return task

    async def finish(self) -> list[str]:
        """Let everything end, one hash after another; the order in which they began."""
        while self.hasher.running:
            self.hasher.finish_one()
            await settled()
            self.clock.advance(timedelta(seconds=10))
            await settled()
        return self.hasher.begun


async def settled() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_hashing_more_than_two_at_once_waits_for_a_slot() -> None:
    queue = Queue()
    for number in range(5):
        await queue.ask(str(number))

    running = queue.hasher.running
    order = await queue.finish()

    assert running == 2
    assert order == ["0", "1", "2", "3", "4"]
    assert all(task.result() for task in queue.tasks)


async def test_hashing_known_addresses_go_before_ordinary_ones() -> None:
    queue = Queue(slots=1)
    await queue.ask("first")
    await queue.ask("ordinary")
    await queue.ask("known", Standing.KNOWN)

    assert await queue.finish() == ["first", "known", "ordinary"]


async def test_hashing_doubtful_claim_holds_no_slot_and_yields() -> None:
    queue = Queue(slots=1)
    await queue.ask("doubtful", Standing.DOUBTFUL)
    await queue.ask("ordinary")

    assert queue.hasher.begun == ["doubtful", "ordinary"]
    assert queue.hasher.yielding == ["doubtful"]
    await queue.finish()


async def test_hashing_asked_to_yield_by_the_port_stands_as_doubtful() -> None:
    queue = Queue()
    queue.tasks.append(asyncio.create_task(queue.queue.verify("hash", "password", yielding=True)))
    await settled()

    await queue.finish()
    assert queue.hasher.yielding == ["password"]


async def test_hashing_address_that_waits_already_goes_behind_the_others() -> None:
    queue = Queue(slots=1)
    for number in range(4):
        await queue.ask(f"flood {number}", address="192.0.2.1")
    await queue.ask("another", address="192.0.2.2")

    assert (await queue.finish())[:3] == ["flood 0", "another", "flood 1"]


async def test_hashing_room_that_is_full_refuses_the_last_and_lets_a_better_claim_in() -> None:
    queue = Queue(slots=1, room=2)
    for number in range(3):
        await queue.ask(str(number))
    refused = await queue.ask("too many")
    await queue.ask("known", Standing.KNOWN)

    order = await queue.finish()

    assert order == ["0", "known", "1"]
    with pytest.raises(TooManyRequests):
        refused.result()
    with pytest.raises(TooManyRequests):
        queue.tasks[2].result()


async def test_hashing_addresses_that_failed_fall_behind_and_out_of_a_full_room() -> None:
    queue = Queue(slots=1, room=3)
    await queue.ask("running", address="192.0.2.1")
    for number in range(3):
        await queue.ask(f"flood {number}", address=f"198.51.100.{number}", misses=number + 1)

    await queue.ask("newcomer", address="192.0.2.2")
    order = await queue.finish()

    assert order == ["running", "newcomer", "flood 0", "flood 1"]
    with pytest.raises(TooManyRequests):
        queue.tasks[3].result()


async def test_hashing_doubtful_claims_run_one_at_a_time_and_rest_four_times_as_long() -> None:
    queue = Queue()
    for number in range(2):
        await queue.ask(f"guess {number}", Standing.DOUBTFUL, account="victim")
    together = queue.hasher.running
    queue.clock.advance(timedelta(seconds=1))
    queue.hasher.finish_one()
    await settled()
    queue.clock.advance(timedelta(seconds=3.9))
    await settled()
    resting = list(queue.hasher.begun)
    queue.clock.advance(timedelta(seconds=0.1))
    await settled()

    assert (together, resting) == (1, ["guess 0"])
    assert queue.hasher.begun == ["guess 0", "guess 1"]
    await queue.finish()


async def test_hashing_while_doubtful_claims_rest_others_run_at_once() -> None:
    queue = Queue()
    await queue.ask("guess", Standing.DOUBTFUL, account="victim")
    queue.clock.advance(timedelta(seconds=1))
    queue.hasher.finish_one()
    await settled()
    await queue.ask("next guess", Standing.DOUBTFUL, account="victim")
    for name in ("one", "two"):
        await queue.ask(name)

    assert queue.hasher.begun == ["guess", "one", "two"]
    await queue.finish()


async def test_hashing_cancelled_while_waiting_or_running_gives_its_place_back() -> None:
    queue = Queue(slots=1)
    running, waiting = await queue.ask("running"), await queue.ask("waiting")
    await queue.ask("last")

    for task in (waiting, running):
        task.cancel()
        await settled()
    queue.hasher._gates.pop(0)
    order = await queue.finish()

    assert order == ["running", "last"]
    assert await queue.tasks[-1]


async def test_hashing_doubtful_cancelled_while_waiting_or_running_gives_its_place_back() -> None:
    queue = Queue()
    running = await queue.ask("running", Standing.DOUBTFUL, account="victim")
    waiting = await queue.ask("waiting", Standing.DOUBTFUL, account="victim")

    for task in (waiting, running):
        task.cancel()
        await settled()
    queue.hasher._gates.pop(0)
    again = await queue.ask("again", Standing.DOUBTFUL, account="victim")
    await queue.finish()

    assert again.result()


async def test_hashing_cancelled_just_as_its_turn_comes_hands_the_turn_on() -> None:
    queue = Queue(slots=1)
    await queue.ask("running")
    waiting, last = await queue.ask("waiting"), await queue.ask("last")

    queue.hasher.finish_one()
    await asyncio.sleep(0)
    waiting.cancel()
    await settled()
    await queue.finish()

    assert last.result()


async def test_hashing_full_room_with_a_waiter_who_just_gave_up_lets_the_next_one_in() -> None:
    queue = Queue(slots=1, room=1)
    await queue.ask("first")
    given_up = await queue.ask("given up", misses=5)

    asking = asyncio.create_task(queue.ask("next"))
    await asyncio.sleep(0)
    # The next one runs between this and the clearing up of whoever gave up.
    given_up.cancel()
    next_one = await asking

    assert await queue.finish() == ["first", "next"]
    assert await next_one
    assert given_up.cancelled()
