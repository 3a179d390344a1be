"""A signed-in member proves again that it is them, before what a stolen session must not do."""

from datetime import datetime, timedelta

from application.identity._auditing import Trail
from application.ports.identity import PasswordHasher
from application.ports.limits import Attempt, Limit, RateLimiter
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.errors import Conflict, InvalidCredentials, TooManyRequests
from domain.identity import Actor, AuditAction, Member, SignIn

LIMIT = Limit(5, timedelta(minutes=15))


def check_same_password(member: Member, checked: Member) -> None:
    """Raise `InvalidCredentials` when the password was replaced after it was checked."""
    hashes = [each.user.password_hash if each.user else None for each in (member, checked)]
    if hashes[0] != hashes[1]:
        raise InvalidCredentials("The password was changed meanwhile; sign in again.")


async def has_just_signed_in(work: UnitOfWork, actor: Actor, now: datetime) -> bool:
    """Whether the actor's sign-in is so young that it stands for a password where there is none to ask for."""
    sign_in = await _own_sign_in(work, actor)
    return sign_in is not None and sign_in.is_recent(now)


async def is_signed_in(work: UnitOfWork, actor: Actor, now: datetime) -> bool:
    """Whether the actor's sign-in, however old, has not ended since the request came in."""
    sign_in = await _own_sign_in(work, actor)
    return sign_in is not None and sign_in.is_active(now)


async def _own_sign_in(work: UnitOfWork, actor: Actor) -> SignIn | None:
    return None if actor.sign_in_id is None else await work.sign_ins.get(actor.sign_in_id)


class Reauthentication:
    """Asks a signed-in member for their password: five failures in a quarter of an hour, wherever they come from."""

    def __init__(
        self, unit_of_work: UnitOfWorkFactory, hasher: PasswordHasher, limiter: RateLimiter, trail: Trail
    ) -> None:
        self._unit_of_work = unit_of_work
        self._hasher = hasher
        self._limiter = limiter
        self._trail = trail

    async def require(self, actor: Actor, password: str) -> Member:
        """The actor as they were when it was checked. Opens a unit of work of its own: call it outside of any.

        Raises `InvalidCredentials`, `Conflict` where there is no password to ask for, and `TooManyRequests`.
        """
        member_id = actor.require_member()
        attempt = Attempt(f"reauthentication:{member_id}", LIMIT)
        await self._limiter.acquire([attempt])
        async with self._unit_of_work() as work:
            member = await work.members.get(member_id)
        if member.user is None or member.user.password_hash is None:
            await self._limiter.release([attempt])
            raise Conflict("The account has no password; set one first.")
        try:
            matches = await self._hasher.verify(member.user.password_hash, password)
        except TooManyRequests:
            await self._limiter.release([attempt])
            raise
        if not matches:
            await self._trail.note(AuditAction.SIGN_IN_FAILED, actor, member.id, method="reauthentication")
            raise InvalidCredentials("The password is wrong.")
        await self._limiter.release([attempt])
        return member
