"""Whether an account and a password belong together: the one answer, with one cost, for whatever is wrong."""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

from application.addresses import neighbourhood
from application.identity._auditing import Trail
from application.identity._hashing import too_busy
from application.identity._throttling import Familiar, Guess, SignInThrottle
from application.identity.known_browsers import KnownBrowsers
from application.ports.credentials import CredentialQueries, Login, StoredCredentials
from application.ports.system import Clock
from domain.errors import InvalidCredentials, TooManyRequests, Unavailable
from domain.identity import GUEST, AuditAction, Device, as_kept, email_as_kept

KNOWN_FOR = timedelta(days=90)
REMEMBERED_FOR, MAX_REMEMBERED = timedelta(seconds=5), 1_000
# What else reads the database waits for no more of these than that.
MAX_READING = 64
METHOD = "password"


@dataclass(frozen=True, slots=True)
class Credentials:
    """An account's name, one of the three, and its password; `browser_token` is what `KnownBrowsers` gave, if any."""

    password: str = field(repr=False)
    email: str | None = None
    username: str | None = None
    telegram_id: int | None = None
    browser_token: str | None = field(default=None, repr=False)

    @property
    def login(self) -> Login:
        """The name, folded: the first that is given, so that no other one is counted than is looked for."""
        if email := email_as_kept(self.email):
            return Login(email=email.casefold())
        if username := as_kept(self.username):
            return Login(username=username.casefold())
        return Login(telegram_id=self.telegram_id)

    @property
    def account(self) -> str:
        """The name as attempts at an account that there is not are counted by: what was typed, folded, and its kind.

        Of two kinds that read alike, one may be an account's name and the other nobody's: counted as one, they would
        tell which.
        """
        login = self.login
        if login.email is not None:
            return f"email:{login.email}"
        return f"telegram_id:{login.telegram_id}" if login.username is None else f"username:{login.username}"


@dataclass(frozen=True, slots=True)
class _Found:
    """An account that was looked for: what it knows, as of a few seconds ago, and what is stored of it now.

    Without `is_new`, what is stored now has not been read.
    """

    familiar: Familiar
    stored: StoredCredentials | None = None
    is_new: bool = False


class PasswordCheck:
    """Verifies credentials under the limits, and writes failures into the trail.

    An unknown account, a wrong password, an account without a password and a banned one get the same answer after the
    same statements and the same hash. No transaction and no connection is held while an attempt waits for its turn.
    """

    def __init__(
        self,
        credentials: CredentialQueries,
        throttle: SignInThrottle,
        browsers: KnownBrowsers,
        trail: Trail,
        clock: Clock,
    ) -> None:
        self._credentials = credentials
        self._throttle = throttle
        self._browsers = browsers
        self._trail = trail
        self._clock = clock
        self._remembered: dict[Login, tuple[datetime, Familiar]] = {}
        self._reading: dict[Login, asyncio.Task[_Found]] = {}

    async def require(self, given: Credentials, device: Device) -> StoredCredentials:
        """The account that the credentials belong to; raises `InvalidCredentials` and `TooManyRequests`."""
        guess = Guess(given.account, neighbourhood(device.ip), self._browsers.recognise(given.browser_token))
        try:
            await self._throttle.admit_address(guess)
            found = await self._look_for(given)
            await self._throttle.admit(guess, found.familiar)
            if guess.is_suspect and not await self._throttle.knows(guess, found.familiar):
                async with self._throttle.strangers_turn(guess):
                    stored, matches = await self._verified(guess, given, await self._find(given))
            else:
                stored = found.stored if found.is_new else await self._find(given)
                stored, matches = await self._verified(guess, given, stored)
        except TooManyRequests:
            await self._throttle.forgive(guess)
            if await self._throttle.is_news(guess):
                stored = await self._find(given)
                cause = {"cause": "no_room"} if guess.found_no_room else {}
                await self._note(AuditAction.SIGN_IN_LIMITED, stored, device, **cause)
            raise
        except Unavailable:
            await self._throttle.forgive(guess)
            raise
        finally:
            self._throttle.decided(guess)
        if stored is None or not matches or not stored.is_active:
            await self._note(AuditAction.SIGN_IN_FAILED, stored, device, cause=_cause(stored, matches=matches))
            raise refused()
        await self._throttle.forgive(guess)
        return stored

    async def _verified(
        self, guess: Guess, given: Credentials, stored: StoredCredentials | None
    ) -> tuple[StoredCredentials | None, bool]:
        """What is stored of the account, and whether the password is its own."""
        is_known = await self._throttle.knows(guess, self._familiar(stored))
        password_hash = stored.password_hash if stored else None
        return stored, await self._throttle.verify(guess, password_hash, given.password, is_known=is_known)

    async def _look_for(self, given: Credentials) -> _Found:
        """Whose account it is and what it knows: a flood must not read that for each attempt, nor all at once.

        Raises `TooManyRequests` where too many names are being read.
        """
        login = given.login
        remembered = self._remembered.get(login)
        if remembered is not None and remembered[0] > self._clock.now():
            return _Found(remembered[1])
        reading = self._reading.get(login)
        if reading is not None:
            # Begun before this attempt came: good for what may be seconds old, and not for the password.
            return replace(await asyncio.shield(reading), stored=None, is_new=False)
        if len(self._reading) >= MAX_READING:
            raise too_busy()
        # A task of its own, since others wait for it: they are not to fail with whoever began it and goes away.
        reading = self._reading[login] = asyncio.create_task(self._read(login))
        reading.add_done_callback(partial(self._has_read, login))
        return await asyncio.shield(reading)

    def _has_read(self, login: Login, reading: "asyncio.Task[_Found]") -> None:
        del self._reading[login]
        if not reading.cancelled():
            # Taken note of, for where nobody waits any more.
            reading.exception()

    async def _find(self, given: Credentials) -> StoredCredentials | None:
        """What is stored of the account now."""
        return (await self._read(given.login)).stored

    async def _read(self, login: Login) -> _Found:
        """What is stored now; what the account knows is remembered for a few seconds."""
        now = self._clock.now()
        stored = await self._credentials.find(login, now - KNOWN_FOR)
        familiar = self._familiar(stored)
        self._remembered.pop(login, None)
        if len(self._remembered) >= MAX_REMEMBERED:
            del self._remembered[next(iter(self._remembered))]
        self._remembered[login] = (now + REMEMBERED_FOR, familiar)
        return _Found(familiar, stored, is_new=True)

    def _familiar(self, stored: StoredCredentials | None) -> Familiar:
        if stored is None:
            return Familiar()
        found = map(neighbourhood, stored.addresses)
        addresses = frozenset(each for each in found if each is not None)
        return Familiar(stored.member_id, self._browsers.stamp(stored.password_hash), addresses)

    async def _note(
        self, action: AuditAction, stored: StoredCredentials | None, device: Device, **details: object
    ) -> None:
        guest = replace(GUEST, device=device)
        await self._trail.note(action, guest, stored.member_id if stored else None, method=METHOD, **details)


def refused() -> InvalidCredentials:
    """One answer, whichever part was wrong."""
    return InvalidCredentials("The account and the password do not belong together.")


def _cause(stored: StoredCredentials | None, *, matches: bool) -> str:
    if stored is None:
        return "unknown_account"
    if stored.password_hash is None:
        return "no_password"
    return "banned" if matches else "wrong_password"
