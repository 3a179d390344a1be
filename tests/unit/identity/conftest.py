"""Identity on the in-memory adapters."""

import asyncio
from datetime import timedelta
from random import Random

import pytest

from adapters.memory.audit import InMemoryAuditQueries
from adapters.memory.bus import InMemoryBus
from adapters.memory.credentials import InMemoryCredentialQueries
from adapters.memory.identity import InMemoryMemberQueries
from adapters.memory.mailer import InMemoryMailer
from adapters.memory.rate_limiter import InMemoryRateLimiter
from adapters.memory.security import InMemoryTokenIssuer, PlainPasswordHasher
from adapters.memory.store import MemoryStore
from adapters.memory.system import ManualClock, SequentialIds
from adapters.memory.telegram import InMemoryTelegramProofs
from adapters.memory.unit_of_work import InMemoryUnitOfWork
from application.identity._auditing import Trail
from application.identity._hashing import HashingQueue
from application.identity._mail_requests import MailRequests
from application.identity._opening import SignInOpener
from application.identity._password_check import PasswordCheck
from application.identity._reauthentication import Reauthentication
from application.identity._telegram_proving import TelegramProving
from application.identity._throttling import SignInThrottle
from application.identity.accounts import AccountService
from application.identity.first_passwords import FirstPasswords
from application.identity.known_browsers import KnownBrowsers
from application.identity.linking import LinkingService
from application.identity.mailing import MailWorker
from application.identity.members import MemberService
from application.identity.passwords import PasswordService
from application.identity.sign_in import AuthService, Credentials
from application.identity.sign_ins import SignInService
from application.identity.telegram_sign_in import TelegramSignIn
from application.ports.audit import AuditFilter
from application.ports.identity import MemberView
from application.ports.realtime import Announcement
from domain.identity import OPERATOR, Actor, AuditAction, AuditEntry, Device, Member, MemberId, User, UserId

DEVICE = Device(ip="203.0.113.7", user_agent="test")
PASSWORD = "correct horse battery"


class CountingHasher(PlainPasswordHasher):
    """Counts what would be slow, and lets others run meanwhile."""

    def __init__(self) -> None:
        self.verified: list[str | None] = []

    async def verify(self, password_hash: str | None, password: str, *, yielding: bool = False) -> bool:
        self.verified.append(password_hash)
        await asyncio.sleep(0)
        return await super().verify(password_hash, password)


class IdentityWorld:
    """Members and sign-ins, and a clock that stands still."""

    def __init__(self) -> None:
        self.store, self.bus, self.clock, self.ids = MemoryStore(), InMemoryBus(), ManualClock(), SequentialIds()
        self.heard: list[Announcement] = []
        self.bus.listen(self.heard.append)
        self.tokens, self.mailer = InMemoryTokenIssuer(), InMemoryMailer()
        self.hasher = CountingHasher()
        self.limiter, self.trail = InMemoryRateLimiter(self.clock), InMemoryAuditQueries(self.store)
        queries, credentials = InMemoryMemberQueries(self.store), InMemoryCredentialQueries(self.store)
        basics = (self.clock, self.ids)
        self.hashing = HashingQueue(self.hasher, self.clock, draw=Random(1).randrange)
        throttle = SignInThrottle(self.limiter, self.hashing)
        trail = Trail(self.unit_of_work, *basics)
        self.browsers = KnownBrowsers(self.tokens, self.clock)
        check = PasswordCheck(credentials, throttle, self.browsers, trail, self.clock)
        self.opener = opener = SignInOpener(self.limiter, trail, self.tokens, *basics)
        mail = MailRequests(self.mailer, *basics)
        asking = Reauthentication(self.unit_of_work, self.hashing, self.limiter, trail)
        shared = (self.hashing, asking, self.limiter, mail)
        self.auth = AuthService(self.unit_of_work, queries, check, opener, self.tokens, *basics)
        self.members = MemberService(self.unit_of_work, queries, self.hashing, self.tokens, *basics)
        self.sign_ins = SignInService(self.unit_of_work, queries, *basics)
        self.passwords = PasswordService(self.unit_of_work, credentials, *shared, opener, self.tokens, *basics)
        self.telegram = InMemoryTelegramProofs()
        proving = TelegramProving(self.telegram, self.limiter, trail, self.clock)
        self.telegram_sign_in = TelegramSignIn(self.unit_of_work, proving, opener, *basics)
        self.first_passwords = FirstPasswords(
            self.unit_of_work, proving, self.hashing, self.limiter, mail, self.tokens, *basics
        )
        self.linking = LinkingService(self.unit_of_work, asking, self.tokens, self.limiter, trail, *basics)
        self.accounts = AccountService(self.unit_of_work, queries, *shared, self.tokens, *basics)
        self.mail = MailWorker(
            self.unit_of_work, self.mailer, self.tokens, self.bus, *basics, "https://guild.example.org"
        )

    def unit_of_work(self) -> InMemoryUnitOfWork:
        """A new unit of work."""
        return InMemoryUnitOfWork(self.store, self.bus, self.clock)

    async def registered(self, username: str, email: str | None = None) -> MemberView:
        """A member with a web account and `PASSWORD`, to whom no mail is owed."""
        now, password = self.clock.now(), await self.hasher.hash(PASSWORD)
        user = User(UserId(self.ids.new()), email, username, password, created_at=now, updated_at=now)
        member = Member(MemberId(self.ids.new()), created_at=now, updated_at=now, user=user)
        async with self.unit_of_work() as work:
            await work.members.add(member, now)
            await work.commit()
        return await self.members.get(OPERATOR, member.id)

    async def lines(self, *actions: AuditAction) -> list[AuditEntry]:
        """The trail of these actions, oldest first; of all without any."""
        page = await self.trail.page(AuditFilter(), None, 10_000)
        return [line for line in reversed(page.items) if not actions or line.action in actions]

    async def mailed_token(self) -> str:
        """The secret in the newest mail, once all that is due has been sent."""
        while await self.mail.deliver():
            pass
        return self.mailer.sent[-1].text.partition("#token=")[2].partition("\n")[0]

    async def signed_in(self, name: str = "ann", device: Device = DEVICE) -> Actor:
        """The member of that username, signed in with the password."""
        signed_in = await self.auth.sign_in(Credentials(PASSWORD, username=name), device)
        return (await self.auth.actor(signed_in.access_token, device))[0]

    def use(self, tokens: InMemoryTokenIssuer) -> None:
        """Let this issuer make and read the tokens of sign-ins."""
        self.auth._tokens = self.opener._tokens = tokens

    def later(self, **time: float) -> None:
        """Let time pass."""
        self.clock.advance(timedelta(**time))


@pytest.fixture
def world() -> IdentityWorld:
    """An instance without members."""
    return IdentityWorld()
