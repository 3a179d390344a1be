"""What identity needs from outside."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from application.ports.paging import Page
from domain.identity import Actor, Grant, Member, MemberId, OneTimeToken, Role, SignIn, SignInId, TokenPurpose


class MemberRepository(Protocol):
    """Members with their accounts and grants. A loaded member is locked until the unit of work ends."""

    async def add(self, member: Member, now: datetime) -> None:
        """Insert; raises `Conflict` with `details["field"]` when the email or username is taken, ignoring case, or the
        Telegram id.
        """
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

    async def by_telegram_id(self, telegram_id: int) -> Member | None:
        """The member who has this Telegram account."""
        ...

    async def save(self, member: Member, now: datetime) -> None:
        """Update with accounts and grants. An account moves from another member when that one was saved without it
        before, in the same transaction. Writes the effective role at `now` beside the accounts. Raises
        `StaleVersion`, and `Conflict` as `add`.
        """
        ...

    async def delete(self, member: Member) -> None:
        """Remove with all they own: accounts, grants, sign-ins, tokens, saved guides, sessions. What they wrote in
        others' sessions stays without an author; the audit trail stays without the person. What the logs of their
        own channel and of their sessions' held before is forgotten. Raises `StaleVersion`.
        """
        ...

    async def owner(self, now: datetime) -> Member | None:
        """The oldest active member whose effective role at `now` is OWNER."""
        ...

    async def hold_owners(self) -> None:
        """Wait until no other transaction is changing owners, and keep others out until this one ends."""
        ...

    async def has_lasting_owner(self, but: MemberId) -> bool:
        """Whether an active member other than `but` is OWNER by a grant without an end. Call `hold_owners` first."""
        ...

    async def with_stale_role(self, now: datetime, limit: int) -> Sequence[MemberId]:
        """Members whose stored role is above the effective one at `now`, because a grant has ended since; the earliest
        end first.
        """
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

    async def end_all(self, member_id: MemberId, now: datetime, *, but: SignInId | None = None) -> None:
        """End every sign-in of the member that has not ended yet, except `but`."""
        ...

    async def end_idle(self, member_id: MemberId, now: datetime, *, keep: int) -> int:
        """End the member's active sign-ins but the `keep` that were begun or refreshed last; how many that was.

        Load the member before: who signs in meanwhile waits, and is counted.
        """
        ...


class OneTimeTokenRepository(Protocol):
    """Secrets that work once. A loaded token is locked until the unit of work ends, so that two cannot both use it.

    Its member is locked before it: whoever merges or deletes members locks them in this order too.
    """

    async def add(self, token: OneTimeToken) -> None:
        """Insert."""
        ...

    async def by_hash(self, token_hash: str) -> OneTimeToken | None:
        """None when there is none."""
        ...

    async def save(self, token: OneTimeToken) -> None:
        """Update."""
        ...

    async def use_up(self, member_id: MemberId, purpose: TokenPurpose, now: datetime) -> None:
        """Spend every token of the member for this purpose that is not spent yet. Load the member before."""
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
    has_password: bool = False
    telegram: "TelegramView | None" = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TelegramView:
    """A member's Telegram account. `language` is an IETF tag, None when it is not known."""

    telegram_id: int
    username: str | None
    first_name: str
    last_name: str | None
    has_blocked_bot: bool
    language: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInView:
    """A sign-in in its member's list."""

    id: SignInId
    created_at: datetime
    refreshed_at: datetime | None
    expires_at: datetime
    ip: str | None
    user_agent: str | None


class MemberQueries(Protocol):
    """Reads of members."""

    async def actor(self, member_id: MemberId, sign_in_id: SignInId | None, now: datetime) -> Actor | None:
        """The member with the effective role at `now`, and when a grant or the sign-in ends next (`changes_at`); None
        when absent, banned, or when the sign-in has ended.

        With a sign-in, its member is who asks: after a merge that is another than the `member_id` of older tokens.
        Called at every request: one statement.
        """
        ...

    async def view(self, member_id: MemberId, now: datetime) -> MemberView | None:
        """One member."""
        ...

    async def by_telegram_id(self, telegram_id: int, now: datetime) -> MemberView | None:
        """The member who has this Telegram account. Asked at every message: one statement."""
        ...

    async def page(self, search: str, cursor: str | None, limit: int, now: datetime) -> Page[MemberView]:
        """Members whose email, username, or Telegram name or id contains `search`, newest first.

        Raises `Malformed` on a broken cursor.
        """
        ...

    async def grants(self, member_id: MemberId) -> Sequence[Grant]:
        """All grants of a member, ended ones too, newest first."""
        ...

    async def sign_ins(self, member_id: MemberId, cursor: str | None, limit: int, now: datetime) -> Page[SignInView]:
        """The sign-ins that are active at `now`, newest first. Raises `Malformed` on a broken cursor."""
        ...


class MemberExport(Protocol):
    """All that is kept of a member, for themselves."""

    def records(self, member_id: MemberId) -> AsyncIterator[tuple[str, Mapping[str, object]]]:
        """(section, record) pairs, sections together and in this order: `account`, `telegram`, `grants`, `sign_ins`,
        `saved_guides`, `sessions`, `messages` (theirs, and the replies in their sessions), `audit`. A record is plain
        JSON with ISO 8601 times (`application.ports.member_records`). Messages come session by session, then those in
        others' sessions; the trail newest first. Nothing for an unknown member. Reads in pages, so that its size never
        stands in memory. No secrets and no hashes.
        """
        ...


class IdentitySweep(Protocol):
    """Forgets what has served. Each method removes at most `limit` rows and returns how many."""

    async def sign_ins(self, before: datetime, limit: int) -> int:
        """Sign-ins that ended or expired before then."""
        ...

    async def tokens(self, before: datetime, limit: int) -> int:
        """One-time tokens, link requests and used proofs that expired before then."""
        ...

    async def idempotency_keys(self, before: datetime, limit: int) -> int:
        """Idempotency keys made before then."""
        ...

    async def audit_addresses(self, before: datetime, limit: int) -> int:
        """Blanks the address and user agent of audit lines, and of ended sign-ins, older than that."""
        ...


class PasswordHasher(Protocol):
    """A slow, salted hash (argon2id). Runs off the event loop."""

    async def hash(self, password: str) -> str:
        """The encoded hash, parameters included."""
        ...

    async def verify(self, password_hash: str | None, password: str, *, yielding: bool = False) -> bool:
        """Whether they belong together. None (no such account) takes the same time and is False.

        A `yielding` one lets whatever else the machine has to do go first, where the machine can.
        """
        ...


@dataclass(frozen=True, slots=True)
class AccessClaims:
    """What a valid access token says; what its bearer may do is for the database to say."""

    member_id: MemberId
    sign_in_id: SignInId
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class KnownBrowser:
    """A browser in which this member has signed in; `nonce` is its own, and random.

    `stamp` stands for the password that the member had then: another password has another one.
    """

    member_id: MemberId
    nonce: str
    stamp: str


class TokenIssuer(Protocol):
    """Makes and checks tokens."""

    def access_token(self, member_id: MemberId, sign_in_id: SignInId, now: datetime) -> tuple[str, datetime]:
        """A signed JWT of 30 minutes and the time it ends."""
        ...

    def read_access_token(self, token: str, now: datetime) -> AccessClaims:
        """Raises `InvalidToken` for anything forged, ended, unsigned or of another type."""
        ...

    def browser_token(self, browser: KnownBrowser, now: datetime) -> tuple[str, datetime]:
        """A signed JWT of 180 days by which the browser is known again, and the time it ends. It is no access token."""
        ...

    def read_browser_token(self, token: str, now: datetime) -> KnownBrowser | None:
        """None for one that is forged, has ended, is signed by a key that is gone, is of another type or lacks a claim.

        Tokens from before browsers had stamps lack that.
        """
        ...

    def opaque(self) -> str:
        """A new 256-bit secret."""
        ...

    def refresh_secret(self, sign_in_id: SignInId) -> str:
        """A new refresh secret of this sign-in: 256 bits, and a tag by which it is known again as this one's."""
        ...

    def next_refresh_secrets(self, sign_in_id: SignInId, secret: str) -> Sequence[str]:
        """The refresh secret that follows this one, under each key that is still kept, the current one's first: the
        same for the same input, so that a lost answer can be given again. Any text has one.
        """
        ...

    def is_refresh_secret(self, sign_in_id: SignInId, secret: str) -> bool:
        """Whether a key that is still kept made this secret, and for this sign-in: as its first or as one that follows.

        Compared in constant time. False once the key is gone.
        """
        ...

    def successor(self, secret: str) -> str:
        """What only the holder of the current key derives of this text: the same for the same input."""
        ...

    def successors(self, secret: str) -> Sequence[str]:
        """What `successor` gives with each key that is still kept, the current one's first."""
        ...

    def hashed(self, secret: str) -> str:
        """The form that is stored."""
        ...

    def code(self) -> str:
        """A new code for people to type: 8 letters and digits that are not mistaken for each other."""
        ...

    def hashed_code(self, code: str) -> str:
        """The stored form of a code, ignoring case: keyed, since a code is too short for a plain hash."""
        ...
