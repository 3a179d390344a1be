"""Signing in: by password, by a one-time link, by a refresh token."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from application.ports.identity import MemberQueries, PasswordHasher, TokenIssuer
from application.ports.realtime import RightsChanged
from application.ports.system import Clock, Ids
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.errors import InvalidCredentials, InvalidToken
from domain.identity import (
    REFRESH_LIFETIME,
    Actor,
    Member,
    MemberId,
    RefreshOutcome,
    SignIn,
    SignInId,
    TokenPurpose,
)


@dataclass(frozen=True, slots=True)
class Credentials:
    """An account's name, one of the two, and its password."""

    password: str
    email: str | None = None
    username: str | None = None


@dataclass(frozen=True, slots=True)
class Device:
    """Where a sign-in came from, as the member sees it in the list of sign-ins."""

    ip: str | None = None
    user_agent: str | None = None


@dataclass(frozen=True, slots=True)
class SignedIn:
    """What a client holds after signing in. `refresh_token` is shown once and works once."""

    member_id: MemberId
    sign_in_id: SignInId
    access_token: str
    access_expires_at: datetime
    refresh_token: str
    refresh_expires_at: datetime


class AuthService:
    """Signs members in and out, and says who a token speaks for.

    The answer to a failure never tells which part was wrong, and takes the same time.
    """

    def __init__(
        self,
        unit_of_work: UnitOfWorkFactory,
        queries: MemberQueries,
        hasher: PasswordHasher,
        tokens: TokenIssuer,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._queries = queries
        self._hasher = hasher
        self._tokens = tokens
        self._clock = clock
        self._ids = ids

    async def validate_credentials(self, credentials: Credentials) -> Member:
        """The active member these credentials belong to; raises `InvalidCredentials`."""
        async with self._unit_of_work() as work:
            member = await _find(work, credentials)
        user = member.user if member else None
        matches = await self._hasher.verify(user.password_hash if user else None, credentials.password)
        if member is None or user is None or not matches or not user.is_active:
            raise InvalidCredentials("The account and the password do not belong together.")
        return member

    async def sign_in(self, credentials: Credentials, device: Device) -> SignedIn:
        """Sign in with a password; raises `InvalidCredentials`."""
        member = await self.validate_credentials(credentials)
        async with self._unit_of_work() as work:
            signed_in = await self._open(work, member.id, device)
            await work.commit()
        return signed_in

    async def sign_in_with_link(self, token: str, device: Device) -> SignedIn:
        """Sign in with a one-time link's token; raises `InvalidToken` when it is used, expired or unknown."""
        now = self._clock.now()
        async with self._unit_of_work() as work:
            link = await work.one_time_tokens.by_hash(self._tokens.hashed(token))
            if link is None or link.purpose is not TokenPurpose.SIGN_IN:
                raise InvalidToken("The link was used already or has expired; ask for a new one.")
            link.use(now)
            await work.one_time_tokens.save(link)
            member = await work.members.get(link.member_id)
            if member.user is not None and not member.user.is_active:
                raise InvalidToken("The link was used already or has expired; ask for a new one.")
            signed_in = await self._open(work, link.member_id, device)
            await work.commit()
        return signed_in

    async def refresh(self, refresh_token: str) -> SignedIn:
        """Trade a refresh token for its successor; raises `InvalidToken`, ending the sign-in on a reused token."""
        now = self._clock.now()
        sign_in_id, secret = _split(refresh_token)
        successor = self._tokens.successor(secret)
        async with self._unit_of_work() as work:
            sign_in = await work.sign_ins.get(sign_in_id)
            if sign_in is None:
                raise InvalidToken("The refresh token is not valid; sign in again.")
            outcome = sign_in.refresh(self._tokens.hashed(secret), self._tokens.hashed(successor), now)
            await work.sign_ins.save(sign_in)
            if outcome is RefreshOutcome.REUSED:
                work.announce(RightsChanged(member_id=sign_in.member_id))
            await work.commit()
        if outcome is RefreshOutcome.REUSED:
            raise InvalidToken("The refresh token was used before; the sign-in was ended. Sign in again.")
        if await self._queries.actor(sign_in.member_id, sign_in.id, now) is None:
            raise InvalidToken("The refresh token is not valid; sign in again.")
        return self._issue(sign_in, successor)

    async def sign_out(self, actor: Actor) -> None:
        """End the sign-in that carries this request; its sockets close."""
        if actor.sign_in_id is None:
            return
        async with self._unit_of_work() as work:
            sign_in = await work.sign_ins.get(actor.sign_in_id)
            if sign_in is None:
                return
            sign_in.end(self._clock.now())
            await work.sign_ins.save(sign_in)
            work.announce(RightsChanged(member_id=sign_in.member_id))
            await work.commit()

    async def actor(self, access_token: str) -> tuple[Actor, datetime]:
        """Who the token speaks for, with the role the database gives now, and when the token ends.

        Raises `InvalidToken` for a bad token, an ended sign-in, and a member who is banned or gone.
        """
        now = self._clock.now()
        claims = self._tokens.read_access_token(access_token, now)
        actor = await self._queries.actor(claims.member_id, claims.sign_in_id, now)
        if actor is None:
            raise InvalidToken("The access token is not valid any more; sign in again.")
        return actor, claims.expires_at

    def csrf_token(self, sign_in_id: SignInId) -> str:
        """What a browser's own page repeats with every change it asks for: the same all through one sign-in."""
        return self._tokens.successor(f"csrf of {sign_in_id}")

    async def _open(self, work: UnitOfWork, member_id: MemberId, device: Device) -> SignedIn:
        now, secret = self._clock.now(), self._tokens.opaque()
        sign_in = SignIn(
            id=SignInId(self._ids.new()),
            member_id=member_id,
            refresh_hash=self._tokens.hashed(secret),
            created_at=now,
            expires_at=now + REFRESH_LIFETIME,
            ip=device.ip,
            user_agent=device.user_agent,
        )
        await work.sign_ins.add(sign_in)
        return self._issue(sign_in, secret)

    def _issue(self, sign_in: SignIn, secret: str) -> SignedIn:
        access, expires_at = self._tokens.access_token(sign_in.member_id, sign_in.id, self._clock.now())
        refresh_token = f"{sign_in.id.hex}.{secret}"
        return SignedIn(sign_in.member_id, sign_in.id, access, expires_at, refresh_token, sign_in.expires_at)


async def _find(work: UnitOfWork, credentials: Credentials) -> Member | None:
    if credentials.email is not None:
        return await work.members.by_email(credentials.email)
    if credentials.username is not None:
        return await work.members.by_username(credentials.username)
    return None


def _split(refresh_token: str) -> tuple[SignInId, str]:
    identifier, _, secret = refresh_token.partition(".")
    try:
        return SignInId(UUID(hex=identifier)), secret
    except ValueError:
        raise InvalidToken("The refresh token is not valid; sign in again.") from None
