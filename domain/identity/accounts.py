"""The accounts a member comes by: on the web, and at Telegram."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NewType
from uuid import UUID

from domain.errors import Checks
from domain.identity.emails import EXPECTED_EMAIL, is_email

UserId = NewType("UserId", UUID)
TelegramUserId = NewType("TelegramUserId", UUID)

MIN_USERNAME, MAX_USERNAME = 3, 64
MAX_TELEGRAM_NAME, MAX_TELEGRAM_USERNAME = 64, 32
MAX_TELEGRAM_ID = 2**63 - 1
MAX_MUTED = 50

_USERNAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_LANGUAGE = re.compile(r"[a-zA-Z]{2,8}(-[a-zA-Z0-9]{1,8})*")


@dataclass(slots=True, eq=False)
class User:
    """A web account of a member. `email` and `username` are unique without regard to case.

    `telegram_user_id` is Telegram's own id, set while a Telegram account is linked.
    `is_active` is false while the member is banned.
    """

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
            checks.require(is_email(email), "email", EXPECTED_EMAIL)
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

    def verify_email(self, now: datetime) -> None:
        """The member has shown that mail to the address reaches them."""
        self.email_verified, self.updated_at = True, now


@dataclass(frozen=True, slots=True)
class TelegramPreferences:
    """What a member chose in the bot: the language as an IETF tag, and the categories of broadcasts they muted."""

    language: str | None = None
    muted: frozenset[str] = frozenset()

    @classmethod
    def of(cls, language: str | None, muted: Iterable[str] = ()) -> "TelegramPreferences":
        """Checked; raises `Invalid`."""
        muted = frozenset(muted)
        checks = Checks()
        checks.require(
            language is None or _LANGUAGE.fullmatch(language) is not None, "language", "expected a tag like en or pt-BR"
        )
        checks.require(
            len(muted) <= MAX_MUTED and all(0 < len(each) <= 50 for each in muted),
            "muted",
            f"expected at most {MAX_MUTED} categories of 1 to 50 characters",
        )
        checks.finish()
        return cls(language, muted)


@dataclass(frozen=True, slots=True)
class TelegramProfile:
    """How Telegram describes an account, in an update or in signed sign-in data. Names are cut to what we keep."""

    telegram_id: int
    username: str | None = None
    first_name: str = ""
    last_name: str | None = None
    language: str | None = None

    def __post_init__(self) -> None:
        """Raise `Invalid` unless the id can be one of Telegram's."""
        checks = Checks()
        checks.require(0 < self.telegram_id <= MAX_TELEGRAM_ID, "telegram_id", "expected a positive 64-bit integer")
        checks.finish()

    @property
    def names(self) -> tuple[str | None, str, str | None]:
        """Username, first and last name as we keep them."""
        return (
            _cut(self.username, MAX_TELEGRAM_USERNAME),
            _cut(self.first_name, MAX_TELEGRAM_NAME) or "",
            _cut(self.last_name, MAX_TELEGRAM_NAME),
        )


@dataclass(slots=True, eq=False)
class TelegramUser:
    """A Telegram account of a member.

    A first private message registers its sender. Blocking the bot sets `blocked_bot_at` and is undone by their next
    message; `is_active = false` is a ban by an admin and is not.
    """

    id: TelegramUserId
    telegram_id: int
    telegram_username: str | None
    first_name: str
    last_name: str | None
    created_at: datetime
    updated_at: datetime
    is_active: bool = True
    blocked_bot_at: datetime | None = None
    preferences: TelegramPreferences = TelegramPreferences()

    @classmethod
    def register(cls, account_id: TelegramUserId, profile: TelegramProfile, now: datetime) -> "TelegramUser":
        """A new account as Telegram describes it."""
        account = cls(account_id, profile.telegram_id, None, "", None, created_at=now, updated_at=now)
        account._describe(profile)
        account.preferences = TelegramPreferences(_known_language(profile.language))
        return account

    def seen(self, profile: TelegramProfile, now: datetime) -> bool:
        """The account wrote to us: take over its names, forget that it blocked the bot. True when anything changed."""
        was_blocked, self.blocked_bot_at = self.blocked_bot_at is not None, None
        if was_blocked:
            self.updated_at = now
        return self.described(profile, now) or was_blocked

    def described(self, profile: TelegramProfile, now: datetime) -> bool:
        """Telegram says what the account is called now. True when that is something else than before."""
        before = (self.telegram_username, self.first_name, self.last_name)
        self._describe(profile)
        changed = before != (self.telegram_username, self.first_name, self.last_name)
        if changed:
            self.updated_at = now
        return changed

    def blocked(self, now: datetime) -> None:
        """The account blocked the bot; the first time counts."""
        if self.blocked_bot_at is None:
            self.blocked_bot_at = self.updated_at = now

    def prefer(self, preferences: TelegramPreferences, now: datetime) -> None:
        """Replace what the member chose."""
        self.preferences, self.updated_at = preferences, now

    def mute(self, category: str, now: datetime) -> None:
        """No broadcasts of this category any more."""
        self.prefer(TelegramPreferences.of(self.preferences.language, self.preferences.muted | {category}), now)

    def unmute(self, category: str, now: datetime) -> None:
        """Broadcasts of this category again."""
        self.prefer(replace(self.preferences, muted=self.preferences.muted - {category}), now)

    def _describe(self, profile: TelegramProfile) -> None:
        self.telegram_username, self.first_name, self.last_name = profile.names


def as_kept(name: str | None) -> str | None:
    """A username as it is kept and looked for: composed (NFC), since keyboards differ, and without spaces
    around; None when nothing is left.
    """
    return unicodedata.normalize("NFC", name or "").strip() or None


def _cut(name: str | None, limit: int) -> str | None:
    return (name or "").replace("\x00", "").strip()[:limit] or None


def _known_language(language: str | None) -> str | None:
    return language if language and _LANGUAGE.fullmatch(language) else None
