"""The first password of a member who has none: made by Telegram, or for a one-time link."""

from datetime import timedelta
from enum import StrEnum

from application.identity._mail_requests import MailRequests
from application.identity._reauthentication import has_just_signed_in, is_signed_in
from application.identity._replacing import replace_password
from application.identity._telegram_proving import ProofRefused, TelegramProving, TelegramSigned
from application.identity.known_browsers import password_stamp
from application.ports.identity import PasswordHasher, TokenIssuer
from application.ports.limits import Attempt, Limit, RateLimiter
from application.ports.linking import TelegramProof
from application.ports.system import Clock, Ids
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.errors import Conflict, Invalid, InvalidCredentials, NotAllowed
from domain.identity import RECENT, Actor, AuditAction, Member, User, UserId, as_kept, check_password

FIRST_PASSWORDS = Limit(10, timedelta(hours=1))
METHOD = "first_password"
_MINUTES = RECENT // timedelta(minutes=1)
_SIGN_IN_AGAIN = f"Sign in again, and set the password within {_MINUTES} minutes."


class FirstPasswordStep(StrEnum):
    """What comes next for a member who wants a first password."""

    IS_SET = "is_set"
    ASK_TELEGRAM = "ask_telegram"
    SIGN_IN_AGAIN = "sign_in_again"
    SET_IT = "set_it"


class FirstPasswords:
    """Sets the password of an account that has none.

    There is none to ask for. Where the member has a Telegram account, Telegram vouches for them anew: a sign-in, even
    one by Telegram of just now, may be in other hands, and a password would outlast it. Where there is no Telegram
    account, the sign-in itself is the proof, for a quarter of an hour. All other sign-ins end.
    """

    def __init__(
        self,
        unit_of_work: UnitOfWorkFactory,
        proving: TelegramProving,
        hasher: PasswordHasher,
        limiter: RateLimiter,
        mail: MailRequests,
        tokens: TokenIssuer,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._proving = proving
        self._hasher = hasher
        self._limiter = limiter
        self._mail = mail
        self._tokens = tokens
        self._clock = clock
        self._ids = ids

    async def next_step(self, actor: Actor) -> FirstPasswordStep:
        """What the actor has to do, or to bring along, to set a first password."""
        async with self._unit_of_work() as work:
            member = await work.members.get(actor.require_member())
            if member.has_password:
                return FirstPasswordStep.IS_SET
            if member.telegram is not None:
                return FirstPasswordStep.ASK_TELEGRAM
            is_recent = await has_just_signed_in(work, actor, self._clock.now())
            return FirstPasswordStep.SET_IT if is_recent else FirstPasswordStep.SIGN_IN_AGAIN

    async def set(
        self, actor: Actor, new: str, username: str | None = None, signed: TelegramSigned | None = None
    ) -> str:
        """Set the actor's first password; what stands for it in a browser's token (`KnownBrowsers`).

        A member who came by Telegram alone gets a web account of this username.

        `signed` is what Telegram signed for the actor's own Telegram account, under the rules of signing in by it; one
        that does not hold, or is another account's, is `InvalidCredentials`, whichever it is.
        Raises `Invalid`, `NotAllowed` without what it takes, `Conflict` when there is a password or the username is
        taken, `TooManyRequests`, and `Unavailable` for a proof on an instance without a bot.
        """
        username = as_kept(username)
        check_password(new, username, field="new_password")
        await self._limiter.acquire([Attempt(f"first_password:{actor.require_member()}", FIRST_PASSWORDS)])
        if signed is None:
            return await self._set(actor, new, username, None)
        async with self._proving.attempt(METHOD, actor, _refused()):
            return await self._set(actor, new, username, self._proving.read(signed))

    async def _set(self, actor: Actor, new: str, username: str | None, proof: TelegramProof | None) -> str:
        async with self._unit_of_work() as work:
            member = await self._without_password(work, actor, username, proof)
        check_password(new, *member.names, field="new_password")
        # Hashed between two transactions, so that no connection waits for it; the first one has spent nothing.
        password_hash, now = await self._hasher.hash(new), self._clock.now()
        async with self._unit_of_work() as work:
            member = await self._without_password(work, actor, username, proof)
            if proof is not None:
                await self._proving.spend(work, proof)
            if member.user is None:
                member.open_account(User(UserId(self._ids.new()), None, username, None, now, now), now)
            await work.sign_ins.end_all(member.id, now, but=actor.sign_in_id)
            action = AuditAction.PASSWORD_CHANGED
            await replace_password(work, self._mail, self._ids, member, password_hash, actor, action, now)
            await work.commit()
        return password_stamp(self._tokens, password_hash)

    async def _without_password(
        self, work: UnitOfWork, actor: Actor, username: str | None, proof: TelegramProof | None
    ) -> Member:
        """The actor, who may set a first password now."""
        member = await work.members.get(actor.require_member())
        if member.has_password:
            raise Conflict("The account has a password; change it with that one.")
        await self._check_proved(work, actor, member, proof)
        if member.user is None:
            if username is None:
                raise Invalid.of("username", "expected a username to sign in with")
            User.check(None, username)
        elif username is not None:
            raise Invalid.of("username", "expected none: the account has its names; change them by themselves")
        return member

    async def _check_proved(self, work: UnitOfWork, actor: Actor, member: Member, proof: TelegramProof | None) -> None:
        now = self._clock.now()
        if proof is not None:
            if member.telegram is None or member.telegram.telegram_id != proof.profile.telegram_id:
                raise ProofRefused("foreign", member.id)
            if not await is_signed_in(work, actor, now):
                raise NotAllowed(_SIGN_IN_AGAIN)
        elif member.telegram is not None:
            raise NotAllowed(
                "Telegram has to vouch for you anew: send what its Login Widget or a Mini App signed for your Telegram "
                f"account within {_MINUTES} minutes, and did not sign you in with."
            )
        elif not await has_just_signed_in(work, actor, now):
            raise NotAllowed(_SIGN_IN_AGAIN)


def _refused() -> InvalidCredentials:
    """One answer for a false, old, future, used and foreign proof."""
    return InvalidCredentials("Telegram did not vouch for you; a new, unused proof of your own account is expected.")
