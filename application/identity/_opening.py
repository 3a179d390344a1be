"""Opening a sign-in, by whatever proof: the same for passwords, links, Telegram and resets."""

from dataclasses import dataclass, field
from datetime import datetime

from application.ports.identity import TokenIssuer
from application.ports.system import Clock, Ids
from application.ports.unit_of_work import UnitOfWork
from domain.identity import (
    REFRESH_LIFETIME,
    Actor,
    AuditAction,
    AuditEntry,
    Device,
    Member,
    MemberId,
    SignIn,
    SignInId,
)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """What a client holds after signing in. `refresh_token` is shown once and works once."""

    member_id: MemberId
    sign_in_id: SignInId
    access_token: str = field(repr=False)
    access_expires_at: datetime
    refresh_token: str = field(repr=False)
    refresh_expires_at: datetime


class SignInOpener:
    """Makes sign-ins and the tokens that belong to them. Whether the member may come in is the caller's to check."""

    def __init__(self, tokens: TokenIssuer, clock: Clock, ids: Ids) -> None:
        self._tokens = tokens
        self._clock = clock
        self._ids = ids

    async def open(self, work: UnitOfWork, member: Member, device: Device, method: str) -> SignedIn:
        """A new sign-in of the member, with its line in the trail; the caller commits.

        `method` names the proof in the trail: `password`, `link`, `telegram_widget`…
        """
        now, secret = self._clock.now(), self._tokens.opaque()
        sign_in = SignIn(
            id=SignInId(self._ids.new()),
            member_id=member.id,
            refresh_hash=self._tokens.hashed(secret),
            created_at=now,
            expires_at=now + REFRESH_LIFETIME,
            ip=device.ip,
            user_agent=device.user_agent,
        )
        await work.sign_ins.add(sign_in)
        actor = Actor(member.id, member.effective_role(now), sign_in.id, device=device)
        line = AuditEntry.of(self._ids.new(), now, AuditAction.SIGNED_IN, actor, member.id, method=method)
        await work.audit.record(line)
        return self.issue(sign_in, secret)

    def issue(self, sign_in: SignIn, secret: str) -> SignedIn:
        """The tokens of a sign-in whose current refresh secret is this one."""
        access, expires_at = self._tokens.access_token(sign_in.member_id, sign_in.id, self._clock.now())
        refresh_token = f"{sign_in.id.hex}.{secret}"
        return SignedIn(sign_in.member_id, sign_in.id, access, expires_at, refresh_token, sign_in.expires_at)
