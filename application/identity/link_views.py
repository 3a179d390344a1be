"""What linking shows to either side."""

from dataclasses import dataclass
from datetime import datetime

from domain.identity import LinkRequestId, LinkState, MemberId, Role, TelegramUser, User


@dataclass(frozen=True, slots=True)
class LinkCode:
    """A code to send to the bot as `/link CODE`, shown once, until `expires_at`."""

    request_id: LinkRequestId
    code: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkStatus:
    """Where a request to link stands, as the web side sees it.

    `telegram_account` is what Telegram calls the account that sent the code; None before one did.
    """

    request_id: LinkRequestId
    state: LinkState
    is_expired: bool
    expires_at: datetime
    telegram_account: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkQuestion:
    """What the bot asks before linking: whether the account, masked, is theirs, and what either side gains.

    `needs_password` says that the web side's password is still asked for afterwards.
    """

    request_id: LinkRequestId
    account: str
    web_role: Role
    telegram_role: Role
    needs_password: bool
    expires_at: datetime

    @property
    def web_gains(self) -> Role | None:
        """The role that the web side has only once it is linked; None when it gains none."""
        return self.telegram_role if self.telegram_role > self.web_role else None

    @property
    def telegram_gains(self) -> Role | None:
        """The role that the Telegram side has only once it is linked; None when it gains none."""
        return self.web_role if self.web_role > self.telegram_role else None


@dataclass(frozen=True, slots=True)
class LinkOutcome:
    """What a confirmation did: `LINKED` into this member, or `AWAITING_PASSWORD` on the web side."""

    state: LinkState
    member_id: MemberId | None = None


def account_name(account: TelegramUser) -> str:
    """What Telegram calls the account: `@name`, or the person's name where there is none."""
    return f"@{account.telegram_username}" if account.telegram_username else account.first_name


def masked(user: User | None) -> str:
    """Enough to know one's own account by: `a***@e***.org`, or `a***` for one without an email."""
    return masked_account(user.email, user.username) if user else masked_account(None, None)


def masked_account(email: str | None, username: str | None) -> str:
    """The same of an account's names."""
    if email is None:
        return f"{(username or '')[:1]}***"
    local, _, domain = email.rpartition("@")
    name, dot, top = domain.rpartition(".")
    return f"{local[:1]}***@{name[:1]}***.{top}" if dot else f"{local[:1]}***@{domain[:1]}***"
