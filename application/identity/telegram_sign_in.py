"""Signing in with what Telegram vouches for: the Login Widget and Mini Apps."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from application.identity._addresses import neighbourhood
from application.identity._auditing import Trail, is_news
from application.identity._opening import SignedIn, SignInOpener
from application.identity._telegram_members import again, member_of
from application.ports.limits import Attempt, Limit, RateLimiter
from application.ports.linking import TelegramProof, TelegramProofs
from application.ports.system import Clock, Ids
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.errors import Conflict, InvalidToken, TooManyRequests, Unavailable
from domain.identity import GUEST, Actor, AuditAction, Device, MemberId

MAX_AGE = timedelta(minutes=15)
CLOCK_SKEW = timedelta(seconds=30)
FAILURES = Limit(30, timedelta(minutes=15))


class TelegramSignIn:
    """Signs in whom Telegram vouches for.

    The proof is at most 15 minutes old and not from the future, but for 30 seconds that clocks may differ by. Each
    proof works once. An unknown Telegram account gets a member without an email. Every refusal reads the same.
    """

    def __init__(
        self,
        unit_of_work: UnitOfWorkFactory,
        proofs: TelegramProofs,
        opener: SignInOpener,
        limiter: RateLimiter,
        trail: Trail,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._proofs = proofs
        self._opener = opener
        self._limiter = limiter
        self._trail = trail
        self._clock = clock
        self._ids = ids

    async def with_widget(self, fields: Mapping[str, object], device: Device) -> SignedIn:
        """Sign in with the Login Widget's fields.

        Raises `InvalidToken`, `TooManyRequests` after too many failures from one address and after 60 sign-ins of one
        account there in an hour, `Unavailable` without a bot.
        """
        return await self._sign_in("telegram_widget", lambda: self._proofs.login_widget(fields), device)

    async def with_mini_app(self, init_data: str, device: Device) -> SignedIn:
        """Sign in with a Mini App's `initData`; raises as `with_widget`."""
        return await self._sign_in("telegram_mini_app", lambda: self._proofs.mini_app(init_data), device)

    async def _sign_in(self, method: str, check: Callable[[], TelegramProof], device: Device) -> SignedIn:
        guest = replace(GUEST, device=device)
        attempts = await self._admit(method, guest)
        try:
            signed_in = await self._with_proof(method, check(), device)
        except _Refused as refusal:
            await self._trail.note(
                AuditAction.SIGN_IN_FAILED, guest, refusal.member_id, method=method, cause=refusal.cause
            )
            raise refused() from None
        except InvalidToken:
            await self._trail.note(AuditAction.SIGN_IN_FAILED, guest, None, method=method, cause="forged")
            raise refused() from None
        except (Unavailable, TooManyRequests):
            await self._limiter.release(attempts)
            raise
        await self._limiter.release(attempts)
        return signed_in

    async def _admit(self, method: str, guest: Actor) -> Sequence[Attempt]:
        """Count a failure until it turns out to be none. A refusal is told in the trail once in a window."""
        address = neighbourhood(guest.device.ip)
        if address is None:
            return ()
        attempts = [Attempt(f"telegram_sign_in_address:{address}", FAILURES)]
        try:
            await self._limiter.acquire(attempts)
        except TooManyRequests:
            if await is_news(self._limiter, attempts[0].key):
                await self._trail.note(AuditAction.SIGN_IN_LIMITED, guest, None, method=method)
            raise
        return attempts

    async def _with_proof(self, method: str, proof: TelegramProof, device: Device) -> SignedIn:
        now = self._clock.now()
        if now - proof.signed_at > MAX_AGE:
            raise _Refused("stale")
        if proof.signed_at - now > CLOCK_SKEW:
            raise _Refused("future")
        await self._opener.admit(f"telegram:{proof.profile.telegram_id}", None, device, method)
        return await again(lambda: self._spend(method, proof, device, now))

    async def _spend(self, method: str, proof: TelegramProof, device: Device, now: datetime) -> SignedIn:
        async with self._unit_of_work() as work:
            try:
                await work.used_proofs.use(proof.digest, proof.signed_at + MAX_AGE + CLOCK_SKEW)
            except Conflict:
                raise _Refused("replayed") from None
            member = await member_of(work, proof.profile, self._ids, now, device)
            if not member.is_active:
                await work.commit()
                raise _Refused("banned", member.id)
            if member.telegram is not None and member.telegram.described(proof.profile, now):
                member.changed(now)
                await work.members.save(member, now)
            signed_in = await self._opener.open(work, member, device, method)
            await work.commit()
        return signed_in


def refused() -> InvalidToken:
    """One answer for a false, old, future, used and banned account's proof."""
    return InvalidToken("Telegram did not vouch for this sign-in; sign in again from Telegram.")


class _Refused(Exception):
    """Why a genuine proof lets nobody in: for the trail, never for who asks."""

    def __init__(self, cause: str, member_id: MemberId | None = None) -> None:
        super().__init__(cause)
        self.cause = cause
        self.member_id = member_id
