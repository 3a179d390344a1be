"""Members' rights on the in-memory adapters: who may change them, what ends them, and what is kept of it all."""

from collections import Counter
from datetime import timedelta

from adapters.memory.audit import InMemoryAuditQueries
from adapters.memory.bus import InMemoryBus
from adapters.memory.chat import InMemoryChatQueries
from adapters.memory.event_log import InMemoryEventLog
from adapters.memory.identity import InMemoryMemberQueries
from adapters.memory.identity_sweep import InMemoryIdentitySweep
from adapters.memory.language_model import ScriptedLanguageModel
from adapters.memory.mailer import InMemoryMailer
from adapters.memory.member_export import InMemoryMemberExport
from adapters.memory.rate_limiter import InMemoryRateLimiter
from adapters.memory.security import InMemoryTokenIssuer, PlainPasswordHasher
from adapters.memory.store import MemoryStore
from adapters.memory.system import ManualClock, SequentialIds
from adapters.memory.unit_of_work import InMemoryUnitOfWork
from application.chat.running import RunningReplyRegistry
from application.chat.sessions import ChatSessionService
from application.identity._auditing import Trail
from application.identity._linked import take_apart
from application.identity._mail_requests import MailRequests
from application.identity._reauthentication import Reauthentication
from application.identity.accounts import AccountService
from application.identity.audit import AuditService
from application.identity.data_rights import DataRights
from application.identity.members import MemberService
from application.identity.sweeping import IdentityRetention, IdentitySweeper
from application.identity.telegram_accounts import TelegramAccounts
from application.ports.realtime import Announcement, RightsChanged
from domain.chat import LLMProvider
from domain.identity import (
    OPERATOR,
    UNKNOWN_DEVICE,
    Actor,
    AuditAction,
    AuditEntry,
    Device,
    Grant,
    GrantId,
    GrantSource,
    Member,
    MemberId,
    Role,
    SignIn,
    SignInId,
    TelegramProfile,
    merge,
)
from tests.support.limits import exports, unlimited

PASSWORD = "correct horse battery"
KEEP = IdentityRetention()


class RightsWorld:
    """Members with their rights, and a clock that stands still."""

    def __init__(self) -> None:
        self.store, self.bus, self.clock, self.ids = MemoryStore(), InMemoryBus(), ManualClock(), SequentialIds()
        self.heard: list[Announcement] = []
        self.bus.listen(self.heard.append)
        self.queries = queries = InMemoryMemberQueries(self.store)
        self.running = RunningReplyRegistry(self.bus)
        hasher, limiter = PlainPasswordHasher(), InMemoryRateLimiter(self.clock)
        self.trail = trail = Trail(self.unit_of_work, self.clock, self.ids)
        asking = Reauthentication(self.unit_of_work, hasher, limiter, trail)
        export, sweep = InMemoryMemberExport(self.store), InMemoryIdentitySweep(self.store)
        mail = MailRequests(InMemoryMailer(), self.clock, self.ids)
        self.accounts = AccountService(
            self.unit_of_work, queries, hasher, asking, limiter, mail, InMemoryTokenIssuer(), self.clock, self.ids
        )
        self.members = MemberService(self.unit_of_work, queries, hasher, InMemoryTokenIssuer(), self.clock, self.ids)
        self.data_rights = DataRights(
            self.unit_of_work, queries, export, self.running, asking, exports(), trail, self.clock
        )
        self.telegram = TelegramAccounts(self.unit_of_work, queries, self.clock, self.ids)
        self.audit = AuditService(InMemoryAuditQueries(self.store))
        self.sweeper = IdentitySweeper(self.unit_of_work, sweep, trail, self.clock, KEEP)
        self.sessions = ChatSessionService(
            self.unit_of_work,
            InMemoryChatQueries(self.store),
            InMemoryEventLog(self.store),
            {LLMProvider.LOCAL: ScriptedLanguageModel()},
            self.running,
            self.clock,
            self.ids,
            unlimited(),
            unlimited(),
        )

    def unit_of_work(self) -> InMemoryUnitOfWork:
        """A new unit of work."""
        return InMemoryUnitOfWork(self.store, self.bus, self.clock)

    def later(self, **time: float) -> None:
        """Let time pass."""
        self.clock.advance(timedelta(**time))

    async def web_member(self, name: str, role: Role = Role.PUBLIC) -> MemberId:
        """A member who registered on the web, with a password."""
        member = await self.accounts.register(f"{name}@example.org", name, PASSWORD, UNKNOWN_DEVICE)
        if role > Role.PUBLIC:
            await self.members.grant(OPERATOR, member.id, role, "for the test")
        return member.id

    async def telegram_member(self, telegram_id: int) -> MemberId:
        """A member who wrote to the bot."""
        return (await self.telegram.seen(TelegramProfile(telegram_id, first_name="Tom"))).require_member()

    async def subscribe(self, member_id: MemberId, **time: float) -> None:
        """A subscription that gives SUBSCRIBER for so long."""
        now = self.clock.now()
        until = now + timedelta(**time)
        grant = Grant(GrantId(self.ids.new()), Role.SUBSCRIBER, GrantSource.SUBSCRIPTION, None, "paid", until, now)
        async with self.unit_of_work() as work:
            member = await work.members.get(member_id)
            member.grant(grant, OPERATOR)
            await work.members.save(member, now)
            await work.commit()

    async def link(self, web: MemberId, telegram: MemberId) -> MemberId:
        """Make both one; the id that stays."""
        now = self.clock.now()
        async with self.unit_of_work() as work:
            survivor, absorbed = merge(await work.members.get(web), await work.members.get(telegram), now)
            await work.members.save(absorbed, now)
            await work.members.save(survivor, now)
            await work.merging.move_belongings(absorbed.id, survivor.id)
            await work.members.delete(absorbed)
            await work.commit()
        return survivor.id

    async def unlink(self, member_id: MemberId) -> MemberId:
        """Take both apart; the id of the Telegram account's new member."""
        async with self.unit_of_work() as work:
            member = await work.members.get(member_id)
            fresh = await take_apart(work, member, Actor(member_id, Role.PUBLIC), self.ids, self.clock.now())
            await work.commit()
        return fresh.id

    async def actor(self, member_id: MemberId) -> Actor | None:
        """The member as a request of theirs would come now; None when they cannot come in."""
        actor = await self.queries.actor(member_id, None, self.clock.now())
        device = Device("192.0.2.7", "test")
        return actor and Actor(actor.member_id, actor.role, actor.sign_in_id, device=device)

    async def acting(self, member_id: MemberId) -> Actor:
        """As `actor`, for a member who can."""
        actor = await self.actor(member_id)
        assert actor is not None
        return actor

    async def signed_in(self, member_id: MemberId) -> SignInId:
        """A sign-in of the member's."""
        now = self.clock.now()
        sign_in = SignIn(SignInId(self.ids.new()), member_id, "hash", now, now + timedelta(days=7), ip="192.0.2.7")
        async with self.unit_of_work() as work:
            await work.sign_ins.add(sign_in)
            await work.commit()
        return sign_in.id

    def stored(self, member_id: MemberId) -> Member:
        """The member as committed last."""
        return self.store.tables.members[member_id]

    def lines(self, *actions: AuditAction) -> list[AuditEntry]:
        """The trail's lines of these actions, oldest first."""
        return [entry for entry in self.store.tables.audit.values() if entry.action in actions]

    def told(self) -> Counter[MemberId | None]:
        """How often the sockets of each member were told that their rights changed."""
        return Counter(heard.member_id for heard in self.heard if isinstance(heard, RightsChanged))
