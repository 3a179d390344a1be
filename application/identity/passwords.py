"""A member's password: changed by those who know it, reset by those who read their mail."""

from dataclasses import replace
from datetime import timedelta

from application.addresses import neighbourhood
from application.identity._linked import one_at_a_time, take_apart
from application.identity._mail_requests import MailRequests
from application.identity._opening import SignedIn, SignInOpener
from application.identity._reauthentication import Reauthentication, check_same_password
from application.identity._replacing import replace_password
from application.identity._throttling import forget_failures
from application.identity.known_browsers import password_stamp
from application.ports.credentials import CredentialQueries, Login
from application.ports.identity import PasswordHasher, TokenIssuer
from application.ports.limits import Attempt, Limit, RateLimiter
from application.ports.system import Clock, Ids
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.errors import InvalidToken
from domain.identity import (
    GUEST,
    MAX_EMAIL,
    Actor,
    AuditAction,
    AuditEntry,
    Device,
    MailPurpose,
    Member,
    OneTimeToken,
    TokenPurpose,
    User,
    check_password,
    email_as_kept,
)

PER_ADDRESS = Limit(5, timedelta(hours=1))
PER_EMAIL_AND_ADDRESS = Limit(3, timedelta(hours=1))
PER_EMAIL = Limit(10, timedelta(hours=1))
_REFUSED = "The link was used already or has expired; ask for a new one."


def reset_subject(tokens: TokenIssuer, user: User) -> str:
    """What a reset token is bound to: once the email or the password is another one, older links are void."""
    return tokens.hashed(f"{(user.email or '').casefold()}\n{user.password_hash}")


class PasswordService:
    """Changes and resets passwords.

    A change ends the member's other sign-ins, a reset ends all of them. Asking for a reset tells nobody whether there
    is such an account: it does the same work, and the mail is made later.
    """

    def __init__(
        self,
        unit_of_work: UnitOfWorkFactory,
        credentials: CredentialQueries,
        hasher: PasswordHasher,
        reauthentication: Reauthentication,
        limiter: RateLimiter,
        mail: MailRequests,
        opener: SignInOpener,
        tokens: TokenIssuer,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._credentials = credentials
        self._hasher = hasher
        self._reauthentication = reauthentication
        self._limiter = limiter
        self._mail = mail
        self._opener = opener
        self._tokens = tokens
        self._clock = clock
        self._ids = ids

    async def change(self, actor: Actor, current: str, new: str) -> str:
        """Replace the actor's password; what stands for the new one in a browser's token (`KnownBrowsers`).

        Raises `InvalidCredentials`, `Invalid` and `TooManyRequests`.
        """
        check_password(new, field="new_password")
        checked = await self._reauthentication.require(actor, current)
        check_password(new, *checked.names, field="new_password")
        password_hash, now = await self._hasher.hash(new), self._clock.now()
        async with self._unit_of_work() as work:
            member = await work.members.get(checked.id)
            check_same_password(member, checked)
            await work.sign_ins.end_all(member.id, now, but=actor.sign_in_id)
            action = AuditAction.PASSWORD_CHANGED
            await replace_password(work, self._mail, self._ids, member, password_hash, actor, action, now)
            await work.commit()
        return password_stamp(self._tokens, password_hash)

    async def request_reset(self, email: str, device: Device) -> None:
        """Send a link to this address if an account has it; the answer is the same if none has.

        Three an hour for one email from one address, five from one address, ten for one email from everywhere: what one
        address uses up is left for others.

        Raises `TooManyRequests`, and `Unavailable` on an instance without mail.
        """
        self._mail.require_mail()
        email = email_as_kept(email) or ""
        typed, address = email.casefold(), neighbourhood(device.ip)
        attempts = [
            Attempt(f"password_reset:{typed}:{address}", PER_EMAIL_AND_ADDRESS),
            Attempt(f"password_reset_email:{typed}", PER_EMAIL),
        ]
        if address is not None:
            attempts.append(Attempt(f"password_reset_address:{address}", PER_ADDRESS))
        await self._limiter.acquire(attempts)
        if len(email) > MAX_EMAIL:
            return
        now = self._clock.now()
        found = await self._credentials.find(Login(email=email), now)
        async with self._unit_of_work() as work:
            await self._mail.add(work, MailPurpose.RESET_PASSWORD, email)
            action, member_id = AuditAction.PASSWORD_RESET_REQUESTED, found.member_id if found else None
            await work.audit.record(
                AuditEntry.of(self._ids.new(), now, action, replace(GUEST, device=device), member_id)
            )
            await work.commit()

    async def redeem_reset(self, token: str, new: str, device: Device) -> SignedIn:
        """Set a new password with a mailed token and sign in: whoever holds it reads the account's mail.

        Where nobody had shown that before, somebody else may have registered with the address, and linked a Telegram
        account to come back by: that one is unlinked. Failures to sign in to the account from this address count no
        more.

        Raises `InvalidToken` when the token is used, expired, unknown, or older than the password; `Invalid`.
        """
        async with self._unit_of_work() as work:
            member = await self._spent(work, token)
        check_password(new, *member.names)
        # Hashed between two transactions, so that no connection waits for it; the first one has spent nothing.
        password_hash, now = await self._hasher.hash(new), self._clock.now()
        async with one_at_a_time(self._unit_of_work) as work:
            member = await self._spent(work, token)
            actor = Actor(member.id, GUEST.role, device=device)
            if member.user is not None and not member.user.email_verified:
                if member.telegram is not None:
                    await take_apart(work, member, actor, self._ids, now)
                member.user.verify_email(now)
            await work.sign_ins.end_all(member.id, now)
            action = AuditAction.PASSWORD_RESET
            await replace_password(work, self._mail, self._ids, member, password_hash, actor, action, now)
            signed_in = await self._opener.open(work, member, device, "password_reset")
            await work.commit()
        await forget_failures(self._limiter, member.id, neighbourhood(device.ip))
        return signed_in

    async def _spent(self, work: UnitOfWork, token: str) -> Member:
        """The member whose token this is, with the token spent in this transaction."""
        found: OneTimeToken | None = await work.one_time_tokens.by_hash(self._tokens.hashed(token))
        if found is None or found.purpose is not TokenPurpose.RESET_PASSWORD:
            raise InvalidToken(_REFUSED)
        found.use(self._clock.now())
        await work.one_time_tokens.save(found)
        member = await work.members.get(found.member_id)
        if member.user is None or not member.is_active or found.subject != reset_subject(self._tokens, member.user):
            raise InvalidToken(_REFUSED)
        return member
