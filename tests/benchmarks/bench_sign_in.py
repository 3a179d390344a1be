"""Signing in: whether refusals tell anything by their time, and whether others wait while somebody guesses."""

import asyncio
import random
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path

from tests.benchmarks.result import Result
from tests.benchmarks.server import free_port, prepare, started
from tests.benchmarks.sign_in.client import Client
from tests.benchmarks.sign_in.people import PASSWORD, VICTIM, People, settle

ROUNDS = 40
ATTEMPTS = 10_000
ATTEMPTS_A_SECOND = 200
SIGN_INS_A_SECOND = 2
PARTS = 5
SECONDS = ATTEMPTS / ATTEMPTS_A_SECOND / PARTS
# Several, since the sign-ins of one account at one address are limited too.
OWNER_ADDRESSES = tuple(f"192.0.2.{number}" for number in range(1, 6))
AGAIN_SECONDS, MOST_TIMES = 0.1, 600


def run() -> list[Result]:
    """Both, on one server with SQLite that believes a proxy on loopback."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder)
        people = settle(folder, ROUNDS)
        port = free_port()
        with started(folder, port, GUILDHALL_TRUSTED_PROXIES="127.0.0.1"):
            return asyncio.run(_measure(port, people))


async def _measure(port: int, people: People) -> list[Result]:
    client = Client(port)
    try:
        results = await _timing(client, people)
        return results + await _fairness(client, people)
    finally:
        await client.close()


async def _timing(client: Client, people: People) -> list[Result]:
    """Refusals one by one and interleaved, each of another account from another address, so that no limit is met."""
    took: dict[str, list[float]] = {"wrong password": [], "unknown account": [], "banned": [], "no password": []}
    for number in range(ROUNDS):
        tried = {
            "wrong password": (people.ordinary[number], "another password"),
            "unknown account": (f"nobody{number}", PASSWORD),
            "banned": (people.banned[number], PASSWORD),
            "no password": (people.without_password[number], PASSWORD),
        }
        for place, (kind, (name, password)) in enumerate(tried.items()):
            answer = await client.login(name, password, f"10.{place}.0.{number + 1}")
            _require(answer.status == 401, f"{kind}: {answer.status}")
            took[kind].append(answer.seconds)
    medians = {kind: statistics.median(times) for kind, times in took.items()}
    wrong = medians.pop("wrong password")
    note = f"medians of {ROUNDS} refusals; wrong password {wrong * 1000:.1f} ms"
    return [
        Result("sign_in", f"refusal: {kind} against wrong password", median / wrong, "ratio", 1.25, 0.8, note)
        for kind, median in medians.items()
    ]


async def _fairness(client: Client, people: People) -> list[Result]:
    """Each attack in parts, and before each part as long a time without one, when the same people come."""
    crowd = _Crowd(client, people)
    await crowd.become_known()
    results = []
    for where, address in (
        ("one address", lambda number: "198.51.100.7"),
        (f"{ATTEMPTS:,} addresses", lambda number: f"11.{number >> 16}.{number >> 8 & 255}.{number & 255}"),
    ):
        alone, attacked, statuses = _Times(), _Times(), Counter[int]()
        for part in range(PARTS):
            alone.add(await crowd.sign_in_for(SECONDS, part))
            numbers = range(part * ATTEMPTS // PARTS, (part + 1) * ATTEMPTS // PARTS)
            attack = asyncio.create_task(_attack(client, [address(number) for number in numbers]))
            attacked.add(await crowd.sign_in_for(SECONDS, part))
            statuses += await attack
        came = ", ".join(f"{count} got {status}" for status, count in sorted(statuses.items()))
        for who, times, before in (
            ("the owner at a known address", attacked.owner, alone.owner),
            ("other members", attacked.others, alone.others),
        ):
            note = f"{_described(times)} against {_described(before)}; {len(times)} each; of the attempts {came}"
            figure = f"{who}, {ATTEMPTS:,} attempts at one account from {where}: p99"
            results.append(Result("sign_in", figure, _p99(times) / _p99(before), "ratio", 1.5, note=note))
    return results


@dataclass
class _Times:
    """How long sign-ins took."""

    owner: list[float] = field(default_factory=list)
    others: list[float] = field(default_factory=list)

    def add(self, other: "_Times") -> None:
        self.owner += other.owner
        self.others += other.others


class _Crowd:
    """Members who sign in: the attacked account's owner from where they always do, others from there and elsewhere."""

    def __init__(self, client: Client, people: People) -> None:
        self._client = client
        self._people = people
        self._elsewhere = 0
        self._owner_at = cycle(OWNER_ADDRESSES)

    async def become_known(self) -> None:
        """Everybody signs in once, at home."""
        for address in OWNER_ADDRESSES:
            await self._sign_in(VICTIM, address)
        for number, name in enumerate(self._people.ordinary):
            await self._sign_in(name, _home(number))

    async def sign_in_for(self, seconds: float, part: int) -> _Times:
        """At random moments that are the same in every run, whatever the answers take: by turns the owner, a member at
        home, and a member elsewhere.
        """
        owner: list[asyncio.Task[float]] = []
        others: list[asyncio.Task[float]] = []
        chance, begun, at = random.Random(20_261_121 + part), time.perf_counter(), 0.0
        while (at := at + chance.expovariate(SIGN_INS_A_SECOND)) < seconds:
            await asyncio.sleep(max(0.0, begun + at - time.perf_counter()))
            number = chance.randrange(len(self._people.ordinary))
            match chance.randrange(3):
                case 0:
                    owner.append(asyncio.create_task(self._sign_in(VICTIM, next(self._owner_at))))
                case 1:
                    others.append(asyncio.create_task(self._sign_in(self._people.ordinary[number], _home(number))))
                case _:
                    self._elsewhere += 1
                    address = f"10.200.{self._elsewhere >> 8}.{self._elsewhere & 255}"
                    others.append(asyncio.create_task(self._sign_in(self._people.ordinary[number], address)))
        return _Times(list(await asyncio.gather(*owner)), list(await asyncio.gather(*others)))

    async def _sign_in(self, name: str, address: str) -> float:
        """How long it takes to be signed in, coming again after a moment where there was no room."""
        begun = time.perf_counter()
        for _ in range(MOST_TIMES):
            answer = await self._client.login(name, PASSWORD, address)
            if answer.status == 200:
                return time.perf_counter() - begun
            _require(answer.status == 429, f"{name} from {address}: {answer.status}")
            await asyncio.sleep(AGAIN_SECONDS)
        raise RuntimeError(f"{name} from {address} found no room")


async def _attack(client: Client, addresses: Sequence[str]) -> Counter[int]:
    """An attempt from each of the addresses, at a steady rate, whatever the answers take."""
    tasks = []
    begun = time.perf_counter()
    for number, address in enumerate(addresses):
        await asyncio.sleep(max(0.0, begun + number / ATTEMPTS_A_SECOND - time.perf_counter()))
        tasks.append(asyncio.create_task(client.login(VICTIM, f"guess number {number}", address)))
    return Counter(answer.status for answer in await asyncio.gather(*tasks))


def _described(times: Sequence[float]) -> str:
    return f"p99 {_p99(times) * 1000:.0f} ms, median {statistics.median(times) * 1000:.0f} ms"


def _home(number: int) -> str:
    return f"192.0.2.{number + 10}"


def _p99(times: Sequence[float]) -> float:
    return statistics.quantiles(times, n=100, method="inclusive")[98]


def _require(holds: bool, message: str) -> None:
    if not holds:
        raise RuntimeError(message)


if __name__ == "__main__":
    for result in run():
        print(result)
