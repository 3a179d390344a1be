"""Opening a sign-in, by whatever proof: the same for passwords, links, Telegram and resets."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from application.addresses import neighbourhood
from application.identity._auditing import Trail, is_news
from application.identity.known_browsers import password_stamp
from application.ports.identity import TokenIssuer
from application.ports.limits import Attempt, Limit, RateLimiter
from application.ports.realtime import RightsChanged
from application.ports.system import Clock, Ids
from application.ports.unit_of_work import UnitOfWork
from domain.errors import TooManyRequests
from domain.identity import (
    GUEST,
    REFRESH_LIFETIME,
    Actor,
    AuditAction,
    Device,
    Member,
    MemberId,
    SignIn,
    SignInId,
)

SIGN_INS = Limit(60, timedelta(hours=1))
MAX_OPEN = 100


@dataclass(frozen=True, slots=True)
class SignedIn:
    """What a client holds after signing in. `refresh_token` is shown once and works once.

    `password_stamp` is for `KnownBrowsers.remember`; None where a sign-in goes on.
    """

    member_id: MemberId
    sign_in_id: SignInId
    access_token: str = field(repr=False)
    access_expires_at: datetime
    refresh_token: str = field(repr=False)
    refresh_expires_at: datetime
    password_stamp: str | None = None


class SignInOpener:
    """Makes sign-ins and the tokens that belong to them. Whether the member may come in is the caller's to check.

    A member has at most 100 open sign-ins: one more ends the one that was idle for longest.
    """

    def __init__(self, limiter: RateLimiter, trail: Trail, tokens: TokenIssuer, clock: Clock, ids: Ids) -> None:
        self._limiter = limiter
        self._trail = trail
        self._tokens = tokens
        self._clock = clock
        self._ids = ids

    async def admit(self, account: str, member_id: MemberId | None, device: Device, method: str) -> None:
        """Count one more sign-in of this account from this address; call it outside of any unit of work.

        Raises `TooManyRequests` after 60 in an hour, which the trail hears of once in a quarter of an hour.
        """
        attempt = Attempt(f"signed_in:{account}:{neighbourhood(device.ip)}", SIGN_INS)
        try:
            await self._limiter.acquire([attempt])
        except TooManyRequests:
            if await is_news(self._limiter, attempt.key):
                guest = replace(GUEST, device=device)
                await self._trail.note(AuditAction.SIGN_IN_LIMITED, guest, member_id, method=method, cause="too_many")
            raise

    async def open(self, work: UnitOfWork, member: Member, device: Device, method: str) -> SignedIn:
        """A new sign-in of the member, who is locked, with its line in the trail; the caller commits.

        `method` names the proof in the trail: `password`, `link`, `telegram_widget`…
        """
        now, sign_in_id = self._clock.now(), SignInId(self._ids.new())
        secret = self._tokens.refresh_secret(sign_in_id)
        sign_in = SignIn(
            id=sign_in_id,
            member_id=member.id,
            refresh_hash=self._tokens.hashed(secret),
            created_at=now,
            expires_at=now + REFRESH_LIFETIME,
            ip=device.ip,
            user_agent=device.user_agent,
        )
        await work.sign_ins.add(sign_in)
        actor = Actor(member.id, member.effective_role(now), sign_in.id, device=device)
        await self._trail.record(work, AuditAction.SIGNED_IN, actor, member.id, method=method)
        if ended := await work.sign_ins.end_idle(member.id, now, keep=MAX_OPEN):
            await self._trail.record(work, AuditAction.SIGNED_OUT, actor, member.id, cause="too_many", count=ended)
            work.announce(RightsChanged(member_id=member.id))
        stamp = password_stamp(self._tokens, member.user.password_hash if member.user else None)
        return replace(self.issue(sign_in, secret), password_stamp=stamp)

    def issue(self, sign_in: SignIn, secret: str) -> SignedIn:
        """The tokens of a sign-in whose current refresh secret is this one."""
        access, expires_at = self._tokens.access_token(sign_in.member_id, sign_in.id, self._clock.now())
        refresh_token = f"{sign_in.id.hex}.{secret}"
        return SignedIn(sign_in.member_id, sign_in.id, access, expires_at, refresh_token, sign_in.expires_at)
