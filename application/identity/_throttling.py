"""Slowing down whoever guesses passwords, and nobody else.

Attempts count by the account that they are at, under whichever of its names; at a name that nobody has, by the name.
Either way it is the same counters, the same limits and the same work: an unknown account is treated as any other.
"""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from application.identity._auditing import is_news
from application.identity._hashing import Claim, HashingQueue, Standing
from application.ports.identity import KnownBrowser
from application.ports.limits import Attempt, Limit, RateLimiter
from domain.errors import TooManyRequests
from domain.identity import MemberId

PER_ACCOUNT_AND_ADDRESS = Limit(5, timedelta(minutes=15))
PER_ADDRESS = Limit(30, timedelta(minutes=15))
PER_ACCOUNT = Limit(100, timedelta(hours=1))
PER_BROWSER = Limit(5, timedelta(minutes=15))
DOUBTFUL_FROM = 10
SOON = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Familiar:
    """What an account knows: whose its browsers are, which stamp they bear, and the addresses it has signed in from."""

    member_id: MemberId | None = None
    stamp: str = ""
    addresses: frozenset[str] = frozenset()

    def has(self, browser: KnownBrowser) -> bool:
        """Whether the browser is one of the account's, and has signed in since it has its password."""
        return (browser.member_id, browser.stamp) == (self.member_id, self.stamp)


@dataclass(slots=True)
class Guess:
    """One attempt at an account from an address; `counted` is what it stands under.

    `account` is the name that was typed, with its kind, until the attempt is admitted; then the member's, where it is
    one's. `browser` is the one that it says it comes from, which need not be this account's.
    """

    account: str
    address: str | None
    browser: KnownBrowser | None = None
    counted: list[Attempt] = field(default_factory=list)
    undecided: list[str] = field(default_factory=list)
    failures: int = 0
    misses: int = 0
    is_within_limits: bool = True
    is_over_limit: bool = False
    is_by_browser: bool = False
    browser_waits: timedelta = timedelta.max
    has_turn: bool = False

    @property
    def is_suspect(self) -> bool:
        """Whether the account has been failed at often of late, from wherever."""
        return self.failures >= DOUBTFUL_FROM

    @property
    def found_no_room(self) -> bool:
        """Of one that was refused: whether that was for how many came at once, and for nothing of its own."""
        return self.is_within_limits and not self.is_suspect

    @property
    def per_account(self) -> Attempt:
        """How failures at the account are counted, from wherever they come."""
        return Attempt(f"sign_in_account:{self.account}", PER_ACCOUNT)


async def forget_failures(limiter: RateLimiter, member_id: MemberId, address: str | None) -> None:
    """Whoever tried names of this account from this address has shown since that it is theirs.

    What is counted of the address, and of the account from wherever, stays: others may be among it.
    """
    attempt = _at_account(_of_member(member_id), address)
    await limiter.release([attempt] * await limiter.count(attempt))


class SignInThrottle:
    """Failures are limited per account and address, and per address. An account with 100 failures in an hour is slowed
    for addresses and browsers it has not signed in from, and stays as fast as ever for those that it has. A browser
    of the account's has five failures in 15 minutes of its own, for where others at its address used theirs up; beyond
    that it counts for nothing: a stolen token of one buys no more guesses than that.
    """

    def __init__(self, limiter: RateLimiter, hashing: HashingQueue) -> None:
        self._limiter = limiter
        self._hashing = hashing
        self._undecided: Counter[str] = Counter()

    async def admit_address(self, guess: Guess) -> None:
        """Count the attempt as a failure of its address until it is forgiven; raises `TooManyRequests` at the limit.

        Comes first: an address at its limit has nothing looked up for it.
        """
        if guess.address is not None:
            guess.misses = await self._count(guess, Attempt(f"sign_in_address:{guess.address}", PER_ADDRESS))

    async def admit(self, guess: Guess, familiar: Familiar) -> None:
        """Count the attempt as a failure at the account, too, which is whose `familiar` says, or nobody's.

        Raises `TooManyRequests` at the limit, under whichever name of the account the others were; not for one by a
        browser of the account's that has failures left: they count here while there is room, and as the browser's.
        """
        if familiar.member_id is not None:
            guess.account = _of_member(familiar.member_id)
        await self._knows_browser(guess, familiar)
        try:
            misses = await self._count(guess, _at_account(guess.account, guess.address))
        except TooManyRequests as error:
            guess.is_within_limits = guess.is_by_browser
            if not guess.is_by_browser:
                raise TooManyRequests(error.message, min(error.retry_after, guess.browser_waits)) from None
        else:
            guess.misses = misses if guess.address is None else guess.misses
        guess.failures = await self._limiter.count(guess.per_account)
        try:
            await self._limiter.acquire([guess.per_account])
        except TooManyRequests:
            guess.is_over_limit = True
        else:
            guess.counted.append(guess.per_account)

    async def _count(self, guess: Guess, attempt: Attempt) -> int:
        """Count the attempt under this key; how many have failed under it."""
        try:
            await self._limiter.acquire([attempt])
        except TooManyRequests as error:
            guess.is_within_limits = False
            if self._undecided[attempt.key]:
                # Not all that is counted has failed: some who wait for their hash know their password.
                raise TooManyRequests(error.message, min(error.retry_after, SOON)) from None
            raise
        guess.counted.append(attempt)
        guess.undecided.append(attempt.key)
        self._undecided[attempt.key] += 1
        # Those that still wait for their hash have not failed yet; this one is among them.
        return max(await self._limiter.count(attempt) - self._undecided[attempt.key], 0)

    async def knows(self, guess: Guess, familiar: Familiar) -> bool:
        """Whether the account has signed in from where the attempt comes from: its browser or its address.

        An attempt by a browser of the account's counts as its failure, too, until it is forgiven.
        """
        return await self._knows_browser(guess, familiar) or guess.address in familiar.addresses

    async def _knows_browser(self, guess: Guess, familiar: Familiar) -> bool:
        if guess.browser is None or not familiar.has(guess.browser):
            return False
        if not guess.is_by_browser:
            attempt = Attempt(f"sign_in_browser:{guess.browser.nonce}", PER_BROWSER)
            try:
                await self._limiter.acquire([attempt])
            except TooManyRequests as error:
                guess.browser, guess.browser_waits = None, error.retry_after
                return False
            guess.counted.append(attempt)
            guess.is_by_browser = True
        return True

    @asynccontextmanager
    async def strangers_turn(self, guess: Guess) -> AsyncIterator[None]:
        """The turn of a suspect attempt from where the account has not signed in from: look it up in it, and verify.

        Raises `TooManyRequests` when another one took its place, before anything is looked up for it.
        """
        async with self._hashing.doubtful_turn(guess.account, is_paced=guess.is_over_limit):
            guess.has_turn = True
            try:
                yield
            finally:
                guess.has_turn = False

    async def verify(self, guess: Guess, password_hash: str | None, password: str, *, is_known: bool) -> bool:
        """Whether they belong together, when it is this attempt's turn.

        Raises `TooManyRequests` when too many wait. Hold no connection to the database meanwhile.
        """
        if guess.has_turn:
            return await self._hashing.verify_in_doubtful_turn(password_hash, password)
        claim = Claim(guess.account, guess.address or "", _standing(guess, is_known=is_known), guess.misses)
        return await self._hashing.verify_for(claim, password_hash, password)

    async def forgive(self, guess: Guess) -> None:
        """It was no failure."""
        await self._limiter.release(guess.counted)
        guess.counted.clear()

    def decided(self, guess: Guess) -> None:
        """The attempt is over, whatever came of it."""
        self._undecided.subtract(guess.undecided)
        self._undecided = +self._undecided
        guess.undecided = []

    async def is_news(self, guess: Guess) -> bool:
        """Whether the trail hears of this refusal: once in a quarter of an hour for an account and for an address.

        Where there was no room for one that is at no limit, once in all: names without number may come to that.
        """
        if guess.found_no_room:
            return await is_news(self._limiter, "sign_in_room")
        return await is_news(self._limiter, f"sign_in:{guess.account}", f"sign_in_address:{guess.address}")


def _of_member(member_id: MemberId) -> str:
    return f"member:{member_id}"


def _at_account(account: str, address: str | None) -> Attempt:
    return Attempt(f"sign_in:{account}:{address}", PER_ACCOUNT_AND_ADDRESS)


def _standing(guess: Guess, *, is_known: bool) -> Standing:
    if is_known:
        return Standing.KNOWN
    return Standing.DOUBTFUL if guess.is_suspect else Standing.ORDINARY
