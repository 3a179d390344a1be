"""Members, their accounts, what they were granted, and their sign-ins."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from typing import NewType
from uuid import UUID

from domain.errors import Checks, Conflict, InvalidToken, NotAllowed

MemberId = NewType("MemberId", UUID)
UserId = NewType("UserId", UUID)
GrantId = NewType("GrantId", UUID)
SignInId = NewType("SignInId", UUID)
OneTimeTokenId = NewType("OneTimeTokenId", UUID)

MAX_EMAIL = 320
MIN_USERNAME, MAX_USERNAME = 3, 64
MIN_PASSWORD, MAX_PASSWORD = 10, 256
REFRESH_LIFETIME = timedelta(days=7)
REFRESH_GRACE = timedelta(seconds=30)
SIGN_IN_LINK_LIFETIME = timedelta(minutes=15)

_EMAIL = re.compile(r"[^@\s\x00-\x1f]+@[^@\s\x00-\x1f.]+(\.[^@\s\x00-\x1f.]+)*")
_USERNAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")


class Role(IntEnum):
    """What a member may do; a check is `role >= required`."""

    PUBLIC = 0
    SUBSCRIBER = 1
    ADMIN = 2
    OWNER = 3


class GrantSource(StrEnum):
    """Where a grant came from. A subscription that ends takes back only its own."""

    MANUAL = "manual"
    SUBSCRIPTION = "subscription"
    BOOTSTRAP = "bootstrap"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks, with which role: made by each entrypoint from the database, first argument of every use case.

    `member_id` is None for a guest, who has the role PUBLIC, and for the operator at the terminal (`operator`).
    """

    member_id: MemberId | None
    role: Role
    sign_in_id: SignInId | None = None
    operator: bool = False

    def require(self, role: Role) -> None:
        """Raise `NotAllowed` below `role`."""
        if self.role < role:
            raise NotAllowed(f"This needs the role {role.name}.", required=role.name)

    def require_member(self) -> MemberId:
        """The member's id; raise `NotAllowed` for a guest or an operator, who own nothing."""
        if self.member_id is None:
            raise NotAllowed("This needs a member's account.")
        return self.member_id


GUEST = Actor(member_id=None, role=Role.PUBLIC)
OPERATOR = Actor(member_id=None, role=Role.OWNER, operator=True)


@dataclass(frozen=True, slots=True)
class Grant:
    """A role given to a member, until a time or until revoked. `granted_by` is None for the operator and the system."""

    id: GrantId
    role: Role
    source: GrantSource
    granted_by: MemberId | None
    reason: str
    until: datetime | None
    created_at: datetime

    def is_valid(self, now: datetime) -> bool:
        """Whether the grant counts at `now`."""
        return self.until is None or self.until > now


@dataclass(slots=True, eq=False)
class User:
    """A web account of a member. `email` and `username` are unique without regard to case."""

    id: UserId
    email: str | None
    username: str | None
    password_hash: str | None
    created_at: datetime
    updated_at: datetime
    email_verified: bool = False
    telegram_user_id: int | None = None
    is_active: bool = True

    @staticmethod
    def check(email: str | None, username: str | None) -> None:
        """Raise `Invalid` unless the account can be found by at least one well-formed name."""
        checks = Checks()
        checks.require(email is not None or username is not None, "email", "an email or a username is needed")
        if email is not None:
            checks.require(
                len(email) <= MAX_EMAIL and _EMAIL.fullmatch(email) is not None,
                "email",
                f"expected an address like name@example.org of at most {MAX_EMAIL} characters",
            )
        if username is not None:
            checks.require(
                MIN_USERNAME <= len(username) <= MAX_USERNAME
                and _USERNAME.fullmatch(username) is not None
                and not username.isdigit(),
                "username",
                f"expected {MIN_USERNAME} to {MAX_USERNAME} letters, digits, '.', '_' or '-', "
                "starting and ending with a letter or digit, not only digits",
            )
        checks.finish()

    @staticmethod
    def check_password(password: str) -> None:
        """Raise `Invalid` unless the length is allowed; nothing else is asked of a password."""
        checks = Checks()
        checks.require(
            MIN_PASSWORD <= len(password) <= MAX_PASSWORD,
            "password",
            f"expected {MIN_PASSWORD} to {MAX_PASSWORD} characters",
        )
        checks.finish()


@dataclass(slots=True, eq=False)
class Member:
    """The person. Everything a person owns belongs to the member, whichever account they came by.

    A member's role is the highest of their valid grants.
    Only an OWNER grants or revokes ADMIN and OWNER; an ADMIN grants or revokes SUBSCRIBER; nobody changes their own.
    """

    id: MemberId
    created_at: datetime
    updated_at: datetime
    user: User | None = None
    grants: list[Grant] = field(default_factory=list)
    version: int = 1

    def effective_role(self, now: datetime) -> Role:
        """The highest role that a grant valid at `now` gives."""
        return effective_role(self.grants, now)

    def grant(self, grant: Grant, by: Actor) -> None:
        """Add a grant; raise `NotAllowed` when `by` may not give that role."""
        self._check_may_change(grant.role, by)
        self.grants.append(grant)
        self._changed(grant.created_at)

    def revoke(self, role: Role, by: Actor, now: datetime) -> None:
        """Take back all manual and bootstrap grants of `role`; raise `Conflict` when there is none."""
        self._check_may_change(role, by)
        kept = [g for g in self.grants if g.role is not role or g.source is GrantSource.SUBSCRIPTION]
        if len(kept) == len(self.grants):
            raise Conflict(f"The member holds no grant of {role.name} that could be revoked.", role=role.name)
        self.grants = kept
        self._changed(now)

    def set_password(self, password_hash: str, now: datetime) -> None:
        """Replace the web account's password; raise `Conflict` when there is no web account."""
        if self.user is None:
            raise Conflict("The member has no web account to set a password for.")
        self.user.password_hash = password_hash
        self.user.updated_at = now
        self._changed(now)

    def _changed(self, now: datetime) -> None:
        self.version += 1
        self.updated_at = now

    def _check_may_change(self, role: Role, by: Actor) -> None:
        if by.member_id == self.id:
            raise NotAllowed("Nobody changes their own role.")
        by.require(Role.OWNER if role >= Role.ADMIN else Role.ADMIN)


def effective_role(grants: Iterable[Grant], now: datetime) -> Role:
    """The highest role among the grants valid at `now`, PUBLIC without any."""
    return max((g.role for g in grants if g.is_valid(now)), default=Role.PUBLIC)


class RefreshOutcome(StrEnum):
    """What presenting a refresh token does."""

    ROTATED = "rotated"
    REPEATED = "repeated"
    REUSED = "reused"


@dataclass(slots=True, eq=False)
class SignIn:
    """One device's sign-in: a family of refresh tokens of which one is current.

    A refresh token is used once. The previous one still gives the same successor for 30 seconds (two tabs, a lost
    answer); after that its use means that somebody has a copy, and the sign-in ends.
    """

    id: SignInId
    member_id: MemberId
    refresh_hash: str
    created_at: datetime
    expires_at: datetime
    previous_hash: str | None = None
    rotated_at: datetime | None = None
    ended_at: datetime | None = None
    ip: str | None = None
    user_agent: str | None = None

    def is_active(self, now: datetime) -> bool:
        """Whether the sign-in still carries requests."""
        return self.ended_at is None and self.expires_at > now

    def refresh(self, presented_hash: str, successor_hash: str, now: datetime) -> RefreshOutcome:
        """Use a refresh token of this family.

        `REUSED` ends the sign-in and has to be saved before the caller is refused. Raises `InvalidToken` when the
        sign-in is over.
        """
        if not self.is_active(now):
            raise InvalidToken("The sign-in has ended; sign in again.")
        if presented_hash == self.refresh_hash:
            self.previous_hash, self.refresh_hash = presented_hash, successor_hash
            self.rotated_at, self.expires_at = now, now + REFRESH_LIFETIME
            return RefreshOutcome.ROTATED
        repeated = presented_hash == self.previous_hash and successor_hash == self.refresh_hash
        if repeated and self.rotated_at and now - self.rotated_at <= REFRESH_GRACE:
            return RefreshOutcome.REPEATED
        self.end(now)
        return RefreshOutcome.REUSED

    def end(self, now: datetime) -> None:
        """Sign out; ending twice changes nothing."""
        if self.ended_at is None:
            self.ended_at = now


class TokenPurpose(StrEnum):
    """What a one-time token is good for."""

    SIGN_IN = "sign_in"


@dataclass(slots=True, eq=False)
class OneTimeToken:
    """A secret that works once, before it expires. Only its hash is kept."""

    id: OneTimeTokenId
    purpose: TokenPurpose
    member_id: MemberId
    token_hash: str
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None = None

    def use(self, now: datetime) -> None:
        """Spend the token; raise `InvalidToken` when it is spent or expired."""
        if self.used_at is not None or self.expires_at <= now:
            raise InvalidToken("The link was used already or has expired; ask for a new one.")
        self.used_at = now
