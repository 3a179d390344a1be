"""Sign-ins on devices, and secrets that work once."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType
from uuid import UUID

from domain.errors import InvalidToken
from domain.identity.roles import MemberId, SignInId

OneTimeTokenId = NewType("OneTimeTokenId", UUID)

REFRESH_LIFETIME = timedelta(days=7)
REFRESH_GRACE = timedelta(seconds=30)
RECENT = timedelta(minutes=15)
BROWSER_KNOWN_FOR = timedelta(days=180)
NOT_A_REFRESH_TOKEN = "The refresh token is not valid; sign in again."


class RefreshOutcome(StrEnum):
    """What presenting a refresh token does."""

    ROTATED = "rotated"
    REPEATED = "repeated"
    REUSED = "reused"


@dataclass(slots=True, eq=False)
class SignIn:
    """One device's sign-in: a family of refresh tokens of which one is current.

    A refresh token is used once. The previous one still gives the same successor for 30 seconds (two tabs, a lost
    answer); after that its use, as that of any older one, means that somebody has a copy, and the sign-in ends. What
    never was a token of this sign-in does nothing to it.
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

    def is_recent(self, now: datetime) -> bool:
        """Whether its member has shown only just now that it is them; refreshing shows nothing."""
        return self.is_active(now) and now - self.created_at <= RECENT

    def refresh(
        self, presented_hash: str, successor_hash: str, now: datetime, *, is_genuine: bool = False
    ) -> RefreshOutcome:
        """Use a refresh token of this family.

        `is_genuine` says that one neither current nor previous was this sign-in's all the same. `REUSED` ends the
        sign-in and has to be saved before the caller is refused. Raises `InvalidToken`, changing nothing, for a secret
        that was none of this sign-in's, and when the sign-in is over.
        """
        if not is_genuine and presented_hash not in (self.refresh_hash, self.previous_hash):
            raise InvalidToken(NOT_A_REFRESH_TOKEN)
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
    RESET_PASSWORD = "reset_password"
    VERIFY_EMAIL = "verify_email"


LIFETIMES: Mapping[TokenPurpose, timedelta] = {
    TokenPurpose.SIGN_IN: timedelta(minutes=15),
    TokenPurpose.RESET_PASSWORD: timedelta(minutes=30),
    TokenPurpose.VERIFY_EMAIL: timedelta(days=2),
}


@dataclass(slots=True, eq=False)
class OneTimeToken:
    """A secret that works once, before it expires. Only its hash is kept.

    `subject` is what it is about beside the member: the email address to be verified.
    """

    id: OneTimeTokenId
    purpose: TokenPurpose
    member_id: MemberId
    token_hash: str
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None = None
    subject: str | None = None

    def use(self, now: datetime) -> None:
        """Spend the token; raise `InvalidToken` when it is spent or expired."""
        if self.used_at is not None or self.expires_at <= now:
            raise InvalidToken("The link was used already or has expired; ask for a new one.")
        self.used_at = now
