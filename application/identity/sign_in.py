"""Signing in: by password, by a one-time link, by a refresh token."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from application.identity._opening import SignedIn, SignInOpener
from application.identity._password_check import Credentials, PasswordCheck, refused
from application.ports.credentials import StoredCredentials
from application.ports.identity import MemberQueries, TokenIssuer
from application.ports.realtime import RightsChanged
from application.ports.system import Clock, Ids
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.errors import InvalidToken, NotFound
from domain.identity import (
    GUEST,
    NOT_A_REFRESH_TOKEN,
    UNKNOWN_DEVICE,
    Actor,
    AuditAction,
    AuditEntry,
    Device,
    Member,
    RefreshOutcome,
    SignIn,
    SignInId,
    TokenPurpose,
    email_as_kept,
)

__all__ = ["AuthService", "Credentials", "SignedIn"]

_LINK_REFUSED = "The link was used already or has expired; ask for a new one."


class AuthService:
    """Signs members in and out, and says who a token speaks for.

    The answer to a failure never tells which part was wrong, and takes the same time. Everything here is a line of the
    audit trail, but reading a token and tokens that are none of ours.
    """

    def __init__(
        self,
        unit_of_work: UnitOfWorkFactory,
        queries: MemberQueries,
        passwords: PasswordCheck,
        opener: SignInOpener,
        tokens: TokenIssuer,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._queries = queries
        self._passwords = passwords
        self._opener = opener
        self._tokens = tokens
        self._clock = clock
        self._ids = ids

    async def get_user_by_email(self, email: str) -> Member | None:
        """The member whose web account has this email, ignoring case."""
        async with self._unit_of_work() as work:
            return await work.members.by_email(email_as_kept(email) or "")

    async def get_user_by_telegram_id(self, telegram_id: int) -> Member | None:
        """The member who has this Telegram account."""
        async with self._unit_of_work() as work:
            return await work.members.by_telegram_id(telegram_id)

    async def validate_credentials(self, credentials: Credentials, device: Device = UNKNOWN_DEVICE) -> Member:
        """The active member these credentials belong to; raises `InvalidCredentials` and `TooManyRequests`."""
        stored = await self._passwords.require(credentials, device)
        async with self._unit_of_work() as work:
            return await _still_the_same(work, stored)

    async def sign_in(self, credentials: Credentials, device: Device) -> SignedIn:
        """Sign in with a password; raises `InvalidCredentials`, and `TooManyRequests` after too many, failed or not."""
        stored = await self._passwords.require(credentials, device)
        await self._opener.admit(str(stored.member_id), stored.member_id, device, "password")
        async with self._unit_of_work() as work:
            member = await _still_the_same(work, stored)
            signed_in = await self._opener.open(work, member, device, "password")
            await work.commit()
        return signed_in

    async def sign_in_with_link(self, token: str, device: Device) -> SignedIn:
        """Sign in with a one-time link's token; raises `InvalidToken` when it is used, expired or unknown."""
        now = self._clock.now()
        async with self._unit_of_work() as work:
            link = await work.one_time_tokens.by_hash(self._tokens.hashed(token))
            if link is None or link.purpose is not TokenPurpose.SIGN_IN:
                raise InvalidToken(_LINK_REFUSED)
            link.use(now)
            await work.one_time_tokens.save(link)
            member = await work.members.get(link.member_id)
            if not member.is_active:
                raise InvalidToken(_LINK_REFUSED)
            signed_in = await self._opener.open(work, member, device, "link")
            await work.commit()
        return signed_in

    async def refresh(self, refresh_token: str, device: Device = UNKNOWN_DEVICE) -> SignedIn:
        """Trade a refresh token for its successor; raises `InvalidToken`, ending the sign-in on a reused token.

        A token that was traded under another signing key that is still kept gives the same successor again. A secret
        that was none of this sign-in's is refused as an unknown sign-in is, and does nothing.
        """
        now = self._clock.now()
        sign_in_id, secret = _split(refresh_token)
        async with self._unit_of_work() as work:
            sign_in = await work.sign_ins.get(sign_in_id)
            if sign_in is None:
                raise InvalidToken(NOT_A_REFRESH_TOKEN)
            successor = self._successor(sign_in, self._tokens.next_refresh_secrets(sign_in_id, secret))
            presented, following = self._tokens.hashed(secret), self._tokens.hashed(successor)
            is_genuine = self._tokens.is_refresh_secret(sign_in_id, secret)
            outcome = sign_in.refresh(presented, following, now, is_genuine=is_genuine)
            if outcome is not RefreshOutcome.REPEATED:
                await work.sign_ins.save(sign_in)
                await self._record_refresh(work, sign_in, outcome, device)
            if outcome is RefreshOutcome.REUSED:
                work.announce(RightsChanged(member_id=sign_in.member_id))
            await work.commit()
        if outcome is RefreshOutcome.REUSED:
            raise InvalidToken("The refresh token was used before; the sign-in was ended. Sign in again.")
        if await self._queries.actor(sign_in.member_id, sign_in.id, now) is None:
            raise InvalidToken(NOT_A_REFRESH_TOKEN)
        return self._opener.issue(sign_in, successor)

    async def sign_out(self, actor: Actor) -> None:
        """End the sign-in that carries this request; its sockets close."""
        if actor.sign_in_id is None:
            return
        now = self._clock.now()
        async with self._unit_of_work() as work:
            sign_in = await work.sign_ins.get(actor.sign_in_id)
            if sign_in is None or sign_in.ended_at is not None:
                return
            sign_in.end(now)
            await work.sign_ins.save(sign_in)
            await work.audit.record(
                AuditEntry.of(self._ids.new(), now, AuditAction.SIGNED_OUT, actor, sign_in.member_id, cause="sign_out")
            )
            work.announce(RightsChanged(member_id=sign_in.member_id))
            await work.commit()

    async def actor(self, access_token: str, device: Device = UNKNOWN_DEVICE) -> tuple[Actor, datetime]:
        """Who the token speaks for, with the role the database gives now, and when the token ends.

        Raises `InvalidToken` for a bad token, an ended sign-in, and a member who is banned or gone.
        """
        now = self._clock.now()
        claims = self._tokens.read_access_token(access_token, now)
        actor = await self._queries.actor(claims.member_id, claims.sign_in_id, now)
        if actor is None:
            raise InvalidToken("The access token is not valid any more; sign in again.")
        return replace(actor, device=device), claims.expires_at

    def csrf_token(self, sign_in_id: SignInId) -> str:
        """What a browser's own page repeats with every change it asks for: the same until the signing key changes."""
        return self._tokens.successor(_csrf(sign_in_id))

    def csrf_tokens(self, sign_in_id: SignInId) -> Sequence[str]:
        """All that are accepted: a page that was given one before the key changed keeps working."""
        return self._tokens.successors(_csrf(sign_in_id))

    def _successor(self, sign_in: SignIn, candidates: Sequence[str]) -> str:
        """The candidate that is the sign-in's current secret, else the one of the current key."""
        given = (each for each in candidates if self._tokens.hashed(each) == sign_in.refresh_hash)
        return next(given, candidates[0])

    async def _record_refresh(self, work: UnitOfWork, sign_in: SignIn, outcome: RefreshOutcome, device: Device) -> None:
        if outcome is RefreshOutcome.REUSED:
            action, actor = AuditAction.REFRESH_REUSED, replace(GUEST, device=device)
        else:
            action, actor = AuditAction.REFRESHED, Actor(sign_in.member_id, GUEST.role, sign_in.id, device=device)
        await work.audit.record(
            AuditEntry.of(self._ids.new(), self._clock.now(), action, actor, sign_in.member_id, outcome=outcome.value)
        )


async def _still_the_same(work: UnitOfWork, stored: StoredCredentials) -> Member:
    """The member, unless they were banned or deleted or their password changed since it was checked."""
    try:
        member = await work.members.get(stored.member_id)
    except NotFound:
        raise refused() from None
    user = member.user
    if user is None or user.password_hash != stored.password_hash or not member.is_active:
        raise refused()
    return member


def _csrf(sign_in_id: SignInId) -> str:
    return f"csrf of {sign_in_id}"


def _split(refresh_token: str) -> tuple[SignInId, str]:
    identifier, _, secret = refresh_token.partition(".")
    try:
        return SignInId(UUID(hex=identifier)), secret
    except ValueError:
        raise InvalidToken(NOT_A_REFRESH_TOKEN) from None
