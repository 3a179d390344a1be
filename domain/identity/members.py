"""Members: the person, with their accounts and what they were granted."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from domain.errors import Checks, Conflict, NotAllowed
from domain.identity.accounts import TelegramUser, User
from domain.identity.emails import is_same_mailbox
from domain.identity.roles import (
    MAX_REASON,
    Actor,
    Grant,
    GrantSource,
    MemberId,
    Role,
    effective_role,
)

_REASON = f"expected at most {MAX_REASON} characters"


@dataclass(slots=True, eq=False)
class Member:
    """The person. Everything a person owns belongs to the member, whichever account they came by.

    A member's role is the highest of their valid grants.
    Only an OWNER grants or revokes ADMIN and OWNER; an ADMIN grants or revokes SUBSCRIBER; nobody changes their own.
    A ban holds for all accounts of the member. Nobody bans themselves, nor somebody of their own role or above but an
    OWNER. The last owner is guarded by the use cases, which see all members.
    """

    id: MemberId
    created_at: datetime
    updated_at: datetime
    user: User | None = None
    telegram: TelegramUser | None = None
    grants: list[Grant] = field(default_factory=list)
    version: int = 1

    @property
    def is_active(self) -> bool:
        """Whether the member may come in: none of the accounts is banned."""
        return all(account.is_active for account in self._accounts())

    @property
    def has_password(self) -> bool:
        """Whether the web account, if there is one, can be signed in to with a password."""
        return self.user is not None and self.user.password_hash is not None

    @property
    def names(self) -> tuple[str | None, ...]:
        """What the member is called: no password of theirs may be built on it."""
        web = (self.user.username, self.user.email) if self.user else ()
        return (*web, self.telegram.telegram_username) if self.telegram else web

    def effective_role(self, now: datetime) -> Role:
        """The highest role that a grant valid at `now` gives."""
        return effective_role(self.grants, now)

    def role_ends_at(self, now: datetime) -> datetime | None:
        """When the effective role at `now` ends, unless it is granted anew; None for one without an end."""
        role = self.effective_role(now)
        giving = [grant for grant in self.grants if grant.role is role and grant.is_valid(now)]
        if any(grant.until is None for grant in giving):
            return None
        return max((grant.until for grant in giving if grant.until is not None), default=None)

    def is_lasting_owner(self) -> bool:
        """Whether the member is an active OWNER by a grant without an end."""
        return self.is_active and any(g.role is Role.OWNER and g.until is None for g in self.grants)

    def grant(self, grant: Grant, by: Actor) -> None:
        """Add a grant; raise `NotAllowed` when `by` may not give that role, `Invalid` for one that gives nothing."""
        self._check_may_change(grant.role, by)
        checks = Checks()
        checks.require(grant.role > Role.PUBLIC, "role", "expected SUBSCRIBER, ADMIN or OWNER; everybody is PUBLIC")
        checks.require(len(grant.reason) <= MAX_REASON, "reason", _REASON)
        checks.require(
            grant.until is None or grant.until > grant.created_at, "until", "expected a time in the future, or none"
        )
        checks.finish()
        self.grants.append(grant)
        self.changed(grant.created_at)

    def revoke(self, role: Role, by: Actor, now: datetime) -> None:
        """Take back all manual and bootstrap grants of `role`; raise `Conflict` when there is none."""
        self._check_may_change(role, by)
        kept = [g for g in self.grants if g.role is not role or g.source is GrantSource.SUBSCRIPTION]
        if len(kept) == len(self.grants):
            message = f"The member holds no grant of {role.name} that could be revoked."
            raise Conflict(message, role=role.name, rule="no_grant")
        self.grants = kept
        self.changed(now)

    def ban(self, by: Actor, now: datetime, reason: str = "") -> None:
        """Shut the member out of every account; raise `NotAllowed`, `Invalid`, and `Conflict` when banned already."""
        self._check_may_ban(by, now)
        checks = Checks()
        checks.require(len(reason) <= MAX_REASON, "reason", _REASON)
        checks.finish()
        if not self.is_active:
            raise Conflict("The member is banned already.", rule="banned_already")
        self._set_active(active=False, now=now)

    def unban(self, by: Actor, now: datetime) -> None:
        """Let the member in again; raise `NotAllowed`, and `Conflict` when not banned."""
        self._check_may_ban(by, now)
        if self.is_active:
            raise Conflict("The member is not banned.", rule="not_banned")
        self._set_active(active=True, now=now)

    def check_may_be_deleted_by(self, by: Actor, now: datetime) -> None:
        """Raise `NotAllowed` unless `by` may ban them; one's own end is asked for with the password."""
        if by.member_id == self.id:
            raise NotAllowed("Your own account is yours to delete, with your password.")
        self._check_may_ban(by, now)

    def settle_role(self, now: datetime) -> Sequence[Grant]:
        """Grants have ended: the stored role is to follow. Returns the ended grants above the role that is left."""
        self.changed(now)
        left = self.effective_role(now)
        return [grant for grant in self.grants if not grant.is_valid(now) and grant.role > left]

    def set_password(self, password_hash: str, now: datetime) -> None:
        """Replace the web account's password; raise `Conflict` when there is no web account."""
        if self.user is None:
            raise Conflict("The member has no web account to set a password for.")
        self.user.password_hash = password_hash
        self.user.updated_at = now
        self.changed(now)

    def open_account(self, account: User, now: datetime) -> None:
        """Give a member who came by Telegram a web account; raise `Conflict` when there is one."""
        if self.user is not None:
            raise Conflict("The member has a web account already.")
        account.telegram_user_id = self.telegram.telegram_id if self.telegram else None
        self.user = account
        self.changed(now)

    def rename(self, email: str | None, username: str | None, now: datetime) -> list[str]:
        """Give the web account another email, username or both; None stays as it is. The fields that changed.

        A name that stays may be older than the rules for new ones. A new email is not verified yet; another case of
        the same one stays so. Raise `Invalid` naming the fields, and `Conflict` when there is no web account.
        """
        if self.user is None:
            raise Conflict("The member has no web account to rename.")
        before = {"email": self.user.email, "username": self.user.username}
        after = {"email": email or self.user.email, "username": username or self.user.username}
        changed = [field for field in after if after[field] != before[field]]
        if changed:
            User.check(*(after[field] if field in changed else None for field in ("email", "username")))
            is_same = is_same_mailbox(after["email"] or "", before["email"] or "")
            self.user.email, self.user.username = after["email"], after["username"]
            self.user.email_verified = self.user.email_verified and is_same
            self.user.updated_at = now
            self.changed(now)
        return changed

    def verify_email(self, email: str | None, now: datetime) -> bool:
        """The member has shown that mail to this address reaches them. False when it is not the account's any more."""
        if self.user is None or self.user.email is None or email is None:
            return False
        if not is_same_mailbox(self.user.email, email):
            return False
        self.user.verify_email(now)
        self.changed(now)
        return True

    def changed(self, now: datetime) -> None:
        """A new version; called by what changes the member or an account of theirs."""
        self.version += 1
        self.updated_at = now

    def _accounts(self) -> list[User | TelegramUser]:
        return [account for account in (self.user, self.telegram) if account is not None]

    def _set_active(self, *, active: bool, now: datetime) -> None:
        for account in self._accounts():
            account.is_active, account.updated_at = active, now
        self.changed(now)

    def _check_may_change(self, role: Role, by: Actor) -> None:
        if by.member_id == self.id:
            raise NotAllowed("Nobody changes their own role.", rule="own_role")
        by.require(Role.OWNER if role >= Role.ADMIN else Role.ADMIN)

    def _check_may_ban(self, by: Actor, now: datetime) -> None:
        if by.member_id == self.id:
            raise NotAllowed("Nobody bans themselves.", rule="own_ban")
        by.require(Role.OWNER if self.effective_role(now) >= Role.ADMIN else Role.ADMIN)
