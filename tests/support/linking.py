"""Members of both kinds and the use cases that link them, over any backend."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from adapters.memory.rate_limiter import InMemoryRateLimiter
from adapters.memory.security import InMemoryTokenIssuer, PlainPasswordHasher
from adapters.memory.telegram import InMemoryTelegramProofs
from application.identity._auditing import Trail
from application.identity._opening import SignedIn, SignInOpener
from application.identity._reauthentication import Reauthentication
from application.identity._telegram_proving import TelegramProving
from application.identity.link_views import LinkQuestion
from application.identity.linking import LinkingService
from application.identity.telegram_accounts import TelegramAccounts
from application.identity.telegram_sign_in import TelegramSignIn
from application.ports.audit import AuditFilter
from domain.identity import (
    UNKNOWN_DEVICE,
    Actor,
    AuditAction,
    AuditEntry,
    Device,
    Member,
    MemberId,
    Role,
    TelegramProfile,
)
from tests.support.backend import Backend
from tests.support.given import added, new_member, new_telegram_member

PASSWORD = "correct horse battery"
DEVICE = Device(ip="203.0.113.7", user_agent="test")
ANN = TelegramProfile(42, "ann", "Ann")


class Interrupted(PlainPasswordHasher):
    """Lets something happen while a password is being checked."""

    def __init__(self) -> None:
        self.meanwhile: Callable[[], Awaitable[None]] | None = None

    async def verify(self, password_hash: str | None, password: str, *, yielding: bool = False) -> bool:
        matches = await super().verify(password_hash, password)
        if self.meanwhile is not None:
            await self.meanwhile()
        return matches


class LinkingWorld:
    """Everything between a web account and a Telegram account. A second one is another process over its own engines."""

    def __init__(self, backend: Backend, first: "LinkingWorld | None" = None) -> None:
        self.backend = backend
        self.telegram = first.telegram if first else InMemoryTelegramProofs()
        self.limiter = first.limiter if first else InMemoryRateLimiter(backend.clock)
        self.hasher = Interrupted()
        self.use_tokens(first.tokens if first else InMemoryTokenIssuer())

    def use_tokens(self, tokens: InMemoryTokenIssuer) -> None:
        """Make the use cases over this issuer."""
        unit_of_work, clock, ids = self.backend.unit_of_work, self.backend.clock, self.backend.ids
        self.tokens = tokens
        trail = Trail(unit_of_work, clock, ids)
        self.opener = opener = SignInOpener(self.limiter, trail, tokens, clock, ids)
        reauthentication = Reauthentication(unit_of_work, self.hasher, self.limiter, trail)
        self.linking = LinkingService(unit_of_work, reauthentication, tokens, self.limiter, trail, clock, ids)
        self.accounts = TelegramAccounts(unit_of_work, self.backend.members, clock, ids)
        proving = TelegramProving(self.telegram, self.limiter, trail, clock)
        self.sign_in = TelegramSignIn(unit_of_work, proving, opener, clock, ids)

    async def web(self, name: str = "ada", role: Role = Role.PUBLIC) -> Member:
        """A stored member with a web account and the password."""
        member = new_member(self.backend, email=f"{name}@example.org", username=name, role=role)
        assert member.user is not None
        member.user.password_hash = f"plain:{PASSWORD}"
        await added(self.backend, member)
        return member

    async def telegram_member(self, profile: TelegramProfile = ANN, role: Role = Role.PUBLIC) -> Member:
        """A stored member with a Telegram account."""
        member = new_telegram_member(
            self.backend, profile.telegram_id, role=role, username=profile.username, first_name=profile.first_name
        )
        await added(self.backend, member)
        return member

    async def signed_in(self, member: Member, device: Device = UNKNOWN_DEVICE) -> tuple[Actor, SignedIn]:
        """The member in a sign-in of their own."""
        async with self.backend.unit_of_work() as work:
            signed_in = await self.opener.open(work, member, device, "test")
            await work.commit()
        return replace(await self.asking(signed_in), device=device), signed_in

    async def asking(self, signed_in: SignedIn) -> Actor:
        """Who asks with these tokens now."""
        claims = self.tokens.read_access_token(signed_in.access_token, self.backend.clock.now())
        actor = await self.backend.members.actor(claims.member_id, claims.sign_in_id, self.backend.clock.now())
        assert actor is not None
        return actor

    async def asked(self, actor: Actor, profile: TelegramProfile = ANN, password: str | None = None) -> LinkQuestion:
        """The question that the bot asks after the actor's code was sent to it."""
        code = await self.linking.request(actor, password)
        return await self.linking.present(profile, code.code)

    async def linked(self, actor: Actor, profile: TelegramProfile = ANN, password: str | None = None) -> MemberId:
        """The one member that both sides agreed on."""
        question = await self.asked(actor, profile, password)
        outcome = await self.linking.confirm(profile.telegram_id, question.request_id)
        assert outcome.member_id is not None
        return outcome.member_id

    async def loaded(self, member_id: MemberId) -> Member:
        """The member as stored."""
        async with self.backend.unit_of_work() as work:
            return await work.members.get(member_id)

    async def by_telegram_id(self, telegram_id: int = ANN.telegram_id) -> Member | None:
        """The member with this Telegram account."""
        async with self.backend.unit_of_work() as work:
            return await work.members.by_telegram_id(telegram_id)

    async def change(self, member_id: MemberId, *, ban: bool = False, password: str | None = None) -> None:
        """What an operator does meanwhile."""
        now = self.backend.clock.now()
        async with self.backend.unit_of_work() as work:
            member = await work.members.get(member_id)
            if ban:
                member.ban(Actor(None, Role.OWNER, operator=True), now)
            if password is not None:
                member.set_password(f"plain:{password}", now)
            await work.members.save(member, now)
            await work.commit()

    async def lines(self, action: AuditAction | None = None) -> Sequence[AuditEntry]:
        """The audit trail, oldest first."""
        page = await self.backend.audit.page(AuditFilter(action=action), None, 200)
        return list(reversed(page.items))
