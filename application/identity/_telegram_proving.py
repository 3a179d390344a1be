"""Taking what Telegram signed as a proof: how old it may be, that it works once, and what becomes of one that fails."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

from application.addresses import neighbourhood
from application.identity._auditing import Trail, is_news
from application.ports.limits import Attempt, Limit, RateLimiter
from application.ports.linking import TelegramProof, TelegramProofs
from application.ports.system import Clock
from application.ports.unit_of_work import UnitOfWork
from domain.errors import Conflict, GuildhallError, InvalidToken, TooManyRequests
from domain.identity import Actor, AuditAction, MemberId

MAX_AGE = timedelta(minutes=15)
CLOCK_SKEW = timedelta(seconds=30)
FAILURES = Limit(30, timedelta(minutes=15))

# The Login Widget's fields, or a Mini App's `initData`.
TelegramSigned = Mapping[str, object] | str


class ProofRefused(Exception):
    """Why a proof proves nothing here: for the trail, never for who asks. `member_id` is whom it would have served."""

    def __init__(self, cause: str, member_id: MemberId | None = None) -> None:
        super().__init__(cause)
        self.cause = cause
        self.member_id = member_id


class TelegramProving:
    """The rules for every use of a proof: at most 15 minutes old and not from the future, but for 30 seconds that
    clocks may differ by; it works once, for whatever it is used; 30 failures in 15 minutes from one address.
    """

    def __init__(self, proofs: TelegramProofs, limiter: RateLimiter, trail: Trail, clock: Clock) -> None:
        self._proofs = proofs
        self._limiter = limiter
        self._trail = trail
        self._clock = clock

    @asynccontextmanager
    async def attempt(self, method: str, actor: Actor, refusal: GuildhallError) -> AsyncIterator[None]:
        """Around all that a proof is used for. A `ProofRefused` in it is told in the trail, stays counted as a failure,
        and is answered by `refusal`; any other refusal is no failure.

        `method` names the use in the trail. Raises `TooManyRequests`, which the trail hears of once in a window.
        """
        attempts = await self._admit(method, actor)
        try:
            yield
        except ProofRefused as refused:
            member_id = refused.member_id or actor.member_id
            await self._trail.note(AuditAction.SIGN_IN_FAILED, actor, member_id, method=method, cause=refused.cause)
            raise refusal from None
        except GuildhallError:
            await self._limiter.release(attempts)
            raise
        await self._limiter.release(attempts)

    def read(self, signed: TelegramSigned) -> TelegramProof:
        """What Telegram vouches for; raises `ProofRefused`, and `Unavailable` without a bot."""
        try:
            proof = self._proofs.mini_app(signed) if isinstance(signed, str) else self._proofs.login_widget(signed)
        except InvalidToken:
            raise ProofRefused("forged") from None
        now = self._clock.now()
        if now - proof.signed_at > MAX_AGE:
            raise ProofRefused("stale")
        if proof.signed_at - now > CLOCK_SKEW:
            raise ProofRefused("future")
        return proof

    async def spend(self, work: UnitOfWork, proof: TelegramProof) -> None:
        """Use the proof up in this transaction; raises `ProofRefused` when it was used before."""
        try:
            await work.used_proofs.use(proof.digest, proof.signed_at + MAX_AGE + CLOCK_SKEW)
        except Conflict:
            raise ProofRefused("replayed") from None

    async def _admit(self, method: str, actor: Actor) -> Sequence[Attempt]:
        """Count a failure until it turns out to be none."""
        address = neighbourhood(actor.device.ip)
        if address is None:
            return ()
        attempts = [Attempt(f"telegram_sign_in_address:{address}", FAILURES)]
        try:
            await self._limiter.acquire(attempts)
        except TooManyRequests:
            if await is_news(self._limiter, attempts[0].key):
                await self._trail.note(AuditAction.SIGN_IN_LIMITED, actor, actor.member_id, method=method)
            raise
        return attempts
