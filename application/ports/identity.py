"""What identity needs from outside."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from application.ports.paging import Page
from domain.identity import Actor, Member, MemberId, OneTimeToken, Role, SignIn, SignInId


class MemberRepository(Protocol):
    """Members with their web account and grants. A loaded member is locked until the unit of work ends."""

    async def add(self, member: Member, now: datetime) -> None:
        """Insert; raises `Conflict` with `details["field"]` when the email or username is taken, ignoring case."""
        ...

    async def get(self, member_id: MemberId) -> Member:
        """Raises `NotFound`."""
        ...

    async def by_email(self, email: str) -> Member | None:
        """The member whose web account has this email, ignoring case."""
        ...

    async def by_username(self, username: str) -> Member | None:
        """The member whose web account has this username, ignoring case."""
        ...

    async def save(self, member: Member, now: datetime) -> None:
        """Update; writes the effective role at `now` beside it. Raises `StaleVersion`, and `Conflict` as `add`."""
        ...

    async def owner(self, now: datetime) -> Member | None:
        """The oldest member whose effective role at `now` is OWNER."""
        ...


class SignInRepository(Protocol):
    """Sign-ins, each a family of refresh tokens. A loaded sign-in is locked until the unit of work ends."""

    async def add(self, sign_in: SignIn) -> None:
        """Insert."""
        ...

    async def get(self, sign_in_id: SignInId) -> SignIn | None:
        """None when there is none."""
        ...

    async def save(self, sign_in: SignIn) -> None:
        """Update."""
        ...

    async def end_all(self, member_id: MemberId, now: datetime) -> None:
        """End every sign-in of the member that has not ended yet."""
        ...


class OneTimeTokenRepository(Protocol):
    """Secrets that work once. A loaded token is locked until the unit of work ends, so that two cannot both use it."""

    async def add(self, token: OneTimeToken) -> None:
        """Insert."""
        ...

    async def by_hash(self, token_hash: str) -> OneTimeToken | None:
        """None when there is none."""
        ...

    async def save(self, token: OneTimeToken) -> None:
        """Update."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberView:
    """A member as admins and the member see them; `role` is the effective one."""

    id: MemberId
    email: str | None
    email_verified: bool
    username: str | None
    role: Role
    is_active: bool
    created_at: datetime


class MemberQueries(Protocol):
    """Reads of members."""

    async def actor(self, member_id: MemberId, sign_in_id: SignInId | None, now: datetime) -> Actor | None:
        """The member with the effective role at `now`; None when absent, banned, or when the sign-in has ended.

        Called at every request: one statement.
        """
        ...

    async def view(self, member_id: MemberId, now: datetime) -> MemberView | None:
        """One member."""
        ...

    async def page(self, search: str, cursor: str | None, limit: int, now: datetime) -> Page[MemberView]:
        """Members whose email or username contains `search`, newest first. Raises `Malformed` on a broken cursor."""
        ...


class PasswordHasher(Protocol):
    """A slow, salted hash (argon2id). Runs off the event loop."""

    async def hash(self, password: str) -> str:
        """The encoded hash, parameters included."""
        ...

    async def verify(self, password_hash: str | None, password: str) -> bool:
        """Whether they belong together. None (no such account) takes the same time and is False."""
        ...


@dataclass(frozen=True, slots=True)
class AccessClaims:
    """What a valid access token says; what its bearer may do is for the database to say."""

    member_id: MemberId
    sign_in_id: SignInId
    expires_at: datetime


class TokenIssuer(Protocol):
    """Makes and checks tokens."""

    def access_token(self, member_id: MemberId, sign_in_id: SignInId, now: datetime) -> tuple[str, datetime]:
        """A signed JWT of 30 minutes and the time it ends."""
        ...

    def read_access_token(self, token: str, now: datetime) -> AccessClaims:
        """Raises `InvalidToken` for anything forged, ended, unsigned or of another type."""
        ...

    def opaque(self) -> str:
        """A new 256-bit secret."""
        ...

    def successor(self, secret: str) -> str:
        """The secret that follows: the same for the same input, so that a lost answer can be given again."""
        ...

    def hashed(self, secret: str) -> str:
        """The form that is stored."""
        ...
