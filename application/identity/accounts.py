"""A member's web account: registering it, changing its names, and verifying its email."""

from datetime import timedelta

from application.addresses import neighbourhood
from application.identity._mail_requests import MailRequests
from application.identity._reauthentication import Reauthentication, check_same_password
from application.ports.identity import MemberQueries, MemberView, PasswordHasher, TokenIssuer
from application.ports.limits import Attempt, Limit, RateLimiter
from application.ports.realtime import RightsChanged
from application.ports.system import Clock, Ids
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.errors import Conflict, InvalidToken, NotFound
from domain.identity import (
    Actor,
    AuditAction,
    AuditEntry,
    Device,
    MailPurpose,
    Member,
    MemberId,
    Role,
    TokenPurpose,
    User,
    UserId,
    as_kept,
    check_password,
    email_as_kept,
)

REGISTRATIONS = Limit(10, timedelta(hours=1))
CHANGES = Limit(10, timedelta(hours=1))
VERIFICATIONS = Limit(5, timedelta(hours=1))
_REFUSED = "The link was used already or has expired; ask for a new one."


class AccountService:
    """Registers members and keeps their web accounts. An email that has not been verified gets a mail with a link."""

    def __init__(
        self,
        unit_of_work: UnitOfWorkFactory,
        queries: MemberQueries,
        hasher: PasswordHasher,
        reauthentication: Reauthentication,
        limiter: RateLimiter,
        mail: MailRequests,
        tokens: TokenIssuer,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._queries = queries
        self._hasher = hasher
        self._reauthentication = reauthentication
        self._limiter = limiter
        self._mail = mail
        self._tokens = tokens
        self._clock = clock
        self._ids = ids

    @property
    def sends_mail(self) -> bool:
        """Whether a new email gets a mail with a link; not on an instance without mail."""
        return self._mail.can_send

    async def register(
        self, email: str | None, username: str | None, password: str, device: Device, by: Actor | None = None
    ) -> MemberView:
        """A new member with a web account and the role PUBLIC; ten an hour from one address.

        The trail says that they did it themselves, unless `by` names who did.
        Raises `Invalid` naming the fields, `Conflict` when the email or username is taken, `TooManyRequests`.
        """
        email, username = email_as_kept(email), as_kept(username)
        User.check(email, username)
        check_password(password, email, username)
        if (address := neighbourhood(device.ip)) is not None:
            await self._limiter.acquire([Attempt(f"register:{address}", REGISTRATIONS)])
        password_hash, now = await self._hasher.hash(password), self._clock.now()
        user = User(UserId(self._ids.new()), email, username, password_hash, created_at=now, updated_at=now)
        member = Member(MemberId(self._ids.new()), created_at=now, updated_at=now, user=user)
        actor = by or Actor(member.id, Role.PUBLIC, device=device)
        async with self._unit_of_work() as work:
            await work.members.add(member, now)
            await self._mail.add(work, MailPurpose.VERIFY_EMAIL, email)
            line = AuditEntry.of(self._ids.new(), now, AuditAction.REGISTERED, actor, member.id, method="password")
            await work.audit.record(line)
            await work.commit()
        return await self._view(member.id)

    async def change(
        self, actor: Actor, password: str, *, email: str | None = None, username: str | None = None
    ) -> MemberView:
        """Change the actor's email, username or both; what is None or empty stays. A new email is not verified yet.

        Ten an hour: each may send a mail to an address that nobody has shown to be theirs, and tells which are taken.
        Raises `InvalidCredentials`, `Invalid` naming the fields, `Conflict` when a name is taken, `TooManyRequests`.
        """
        member_id, email, username = actor.require_member(), email_as_kept(email), as_kept(username)
        checked = await self._reauthentication.require(actor, password)
        await self._limiter.acquire([Attempt(f"account_change:{member_id}", CHANGES)])
        now = self._clock.now()
        async with self._unit_of_work() as work:
            member = await work.members.get(member_id)
            check_same_password(member, checked)
            former = member.user.email if member.user else None
            if changed := member.rename(email, username, now):
                await work.members.save(member, now)
                if "email" in changed:
                    if former is not None and former.casefold() != (email or "").casefold():
                        await self._mail.add(work, MailPurpose.EMAIL_CHANGED, former)
                    await self._mail.add(work, MailPurpose.VERIFY_EMAIL, email)
                # What the names were and are is the member's own business.
                line = AuditEntry.of(self._ids.new(), now, AuditAction.ACCOUNT_CHANGED, actor, member_id, what=changed)
                await work.audit.record(line)
                work.announce(RightsChanged(member_id=member_id))
                await work.commit()
        return await self._view(member_id)

    async def request_verification(self, actor: Actor) -> None:
        """Send the actor's email another link; five an hour.

        Raises `Conflict` when there is nothing to verify, `Unavailable` on an instance without mail.
        """
        member_id = actor.require_member()
        self._mail.require_mail()
        await self._limiter.acquire([Attempt(f"verify_email:{member_id}", VERIFICATIONS)])
        async with self._unit_of_work() as work:
            member = await work.members.get(member_id)
            if member.user is None or member.user.email is None:
                raise Conflict("The account has no email to verify.")
            if member.user.email_verified:
                raise Conflict("The email is verified already.")
            await self._mail.add(work, MailPurpose.VERIFY_EMAIL, member.user.email)
            await work.commit()

    async def verify_email(self, token: str, device: Device) -> None:
        """Redeem a mailed token; raises `InvalidToken` when it is used, expired, unknown, or about a former email."""
        now = self._clock.now()
        async with self._unit_of_work() as work:
            found = await work.one_time_tokens.by_hash(self._tokens.hashed(token))
            if found is None or found.purpose is not TokenPurpose.VERIFY_EMAIL:
                raise InvalidToken(_REFUSED)
            found.use(now)
            await work.one_time_tokens.save(found)
            member = await work.members.get(found.member_id)
            if not member.is_active or not member.verify_email(found.subject, now):
                raise InvalidToken(_REFUSED)
            await work.members.save(member, now)
            actor = Actor(member.id, Role.PUBLIC, device=device)
            await work.audit.record(AuditEntry.of(self._ids.new(), now, AuditAction.EMAIL_VERIFIED, actor, member.id))
            work.announce(RightsChanged(member_id=member.id))
            await work.commit()

    async def _view(self, member_id: MemberId) -> MemberView:
        view = await self._queries.view(member_id, self._clock.now())
        if view is None:
            raise NotFound("There is no such member.")
        return view
