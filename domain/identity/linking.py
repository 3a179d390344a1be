"""Making a web member and a Telegram member one person, and two again."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType
from uuid import UUID

from domain.errors import Conflict, InvalidToken, NotAllowed
from domain.identity.members import Member
from domain.identity.roles import MemberId, Role, SignInId
from domain.identity.sign_ins import SignIn

LinkRequestId = NewType("LinkRequestId", UUID)

LINK_CODE_LENGTH = 8
LINK_CODE_LIFETIME = timedelta(minutes=10)
REAUTHENTICATED = Role.ADMIN


class LinkState(StrEnum):
    """Where a request to link stands."""

    WAITING = "waiting"
    PRESENTED = "presented"
    AWAITING_PASSWORD = "awaiting_password"
    LINKED = "linked"
    DECLINED = "declined"


TRANSITIONS: Mapping[LinkState, frozenset[LinkState]] = {
    LinkState.WAITING: frozenset({LinkState.PRESENTED, LinkState.DECLINED}),
    LinkState.PRESENTED: frozenset({LinkState.AWAITING_PASSWORD, LinkState.LINKED, LinkState.DECLINED}),
    LinkState.AWAITING_PASSWORD: frozenset({LinkState.LINKED, LinkState.DECLINED}),
    LinkState.LINKED: frozenset(),
    LinkState.DECLINED: frozenset(),
}
_PRESENTED = frozenset({LinkState.PRESENTED, LinkState.AWAITING_PASSWORD})
OPEN_STATES = frozenset(state for state, following in TRANSITIONS.items() if following)


@dataclass(slots=True, eq=False)
class LinkRequest:
    """A signed-in web member's wish to be one with the Telegram account that presents its code.

    The code works for ten minutes and for the one Telegram account that presented it first; only its hash is kept.
    Both sides agree: Telegram by confirming, the web by asking for the code, and by the password where either side is
    ADMIN or OWNER (`is_reauthenticated`). It ends with the sign-in that asked for it.
    """

    id: LinkRequestId
    member_id: MemberId
    code_hash: str
    created_at: datetime
    expires_at: datetime
    state: LinkState = LinkState.WAITING
    telegram_id: int | None = None
    is_reauthenticated: bool = False
    sign_in_id: SignInId | None = None

    def present(self, telegram_id: int, now: datetime) -> None:
        """A Telegram account sent the code; again by the same one is fine. Raise `InvalidToken` for anybody else."""
        if self.expires_at <= now:
            raise code_refused()
        if self.state in _PRESENTED and self.telegram_id == telegram_id:
            return
        if self.state is not LinkState.WAITING:
            raise code_refused()
        self._move(LinkState.PRESENTED, now)
        self.telegram_id = telegram_id

    def check_trusted(self, web: Member, asked_in: SignIn | None, now: datetime) -> None:
        """Raise `InvalidToken` when who asked may not be the web account's owner any more: the account has changed
        since, or the sign-in that asked, `asked_in`, has ended or is gone.

        A password reset, say, ends what somebody else began in a stolen sign-in; so does ending that sign-in.
        """
        if web.user is not None and web.user.updated_at > self.created_at:
            raise code_refused()
        if self._has_lost(asked_in, now):
            raise code_refused()

    def is_over(self, asked_in: SignIn | None, now: datetime) -> bool:
        """Whether the time is up, or the sign-in that asked, `asked_in`, has ended or is gone."""
        return self.expires_at <= now or self._has_lost(asked_in, now)

    def reauthenticate(self) -> None:
        """The web side entered the password."""
        self.is_reauthenticated = True

    def confirm(self, telegram_id: int, *, needs_password: bool, now: datetime) -> bool:
        """The Telegram side agrees. True when both may be merged now, False when the web side's password is due.

        Raises `InvalidToken` for another account, `Conflict` when it is too late.
        """
        if telegram_id != self.telegram_id:
            raise code_refused()
        if needs_password and not self.is_reauthenticated:
            if self.state is not LinkState.AWAITING_PASSWORD:
                self._move(LinkState.AWAITING_PASSWORD, now)
            return False
        self._move(LinkState.LINKED, now)
        return True

    def complete(self, now: datetime) -> None:
        """The web side entered the password that was due; raises `Conflict` when none was."""
        if self.state is not LinkState.AWAITING_PASSWORD:
            raise Conflict("This link does not wait for a password.", state=self.state.value)
        self.reauthenticate()
        self._move(LinkState.LINKED, now)

    def decline(self, now: datetime) -> None:
        """Either side does not want it; the code is spent."""
        self._move(LinkState.DECLINED, now)

    def _has_lost(self, asked_in: SignIn | None, now: datetime) -> bool:
        return self.sign_in_id is not None and (asked_in is None or not asked_in.is_active(now))

    def _move(self, to: LinkState, now: datetime) -> None:
        if to not in TRANSITIONS[self.state]:
            message = f"The request to link is {self.state.value}; ask for a new code."
            raise Conflict(message, state=self.state.value, rule="link_over")
        if to is not LinkState.DECLINED and self.expires_at <= now:
            raise Conflict("The request to link has expired; ask for a new code.", state="expired", rule="link_over")
        self.state = to


def code_refused() -> InvalidToken:
    """One answer for an unknown, spent, expired and foreign code."""
    return InvalidToken("The code is unknown, was used already, or has expired; ask for a new one on the web.")


def check_may_ask(member: Member, now: datetime) -> None:
    """Raise `Conflict` unless the member's web account can be linked, as far as it shows without the other side."""
    if member.user is None:
        raise Conflict("Only a web account can ask for a code; sign in on the web first.")
    if member.telegram is not None:
        raise Conflict("The account is linked to a Telegram account already; unlink that one first.")
    if member.effective_role(now) >= REAUTHENTICATED:
        check_can_enter_password(member)


def check_can_enter_password(web: Member) -> None:
    """Raise `Conflict` where linking asks for a password that the web account does not have."""
    if not web.has_password:
        message = "Linking asks for the web account's password here, and there is none; set a password first."
        raise Conflict(message, rule="link_no_password")


def check_may_link(web: Member, telegram: Member) -> None:
    """Raise `Conflict` or `NotAllowed` unless the two can become one."""
    if web.id == telegram.id:
        raise Conflict("These accounts are linked already.", rule="linked_already")
    if web.user is None or telegram.telegram is None:
        raise Conflict("A web account and a Telegram account are needed to link.")
    if web.telegram is not None:
        message = "The web account is linked to another Telegram account; unlink that one first."
        raise Conflict(message, rule="web_linked")
    if telegram.user is not None:
        message = "The Telegram account is linked to another web account; unlink that one first."
        raise Conflict(message, rule="telegram_linked")
    if not (web.is_active and telegram.is_active):
        raise NotAllowed("A banned account cannot be linked.", rule="link_banned")


def needs_reauthentication(web: Member, telegram: Member, now: datetime) -> bool:
    """Whether the web side's password is asked for: where either side is ADMIN or OWNER."""
    return max(web.effective_role(now), telegram.effective_role(now)) >= REAUTHENTICATED


def merge(web: Member, telegram: Member, now: datetime) -> tuple[Member, Member]:
    """Make two members one: (survivor, absorbed). The older one survives, with both accounts and all grants.

    A grant that names the absorbed member as its giver names the survivor. The absorbed member is left without
    accounts and grants; moving what it owns is the repository's.
    """
    check_may_link(web, telegram)
    survivor, absorbed = sorted((web, telegram), key=lambda m: (m.created_at, m.id))
    survivor.user, survivor.telegram = web.user, telegram.telegram
    grants = {grant.id: grant for grant in (*survivor.grants, *absorbed.grants)}
    survivor.grants = [
        replace(grant, granted_by=survivor.id) if grant.granted_by == absorbed.id else grant
        for grant in sorted(grants.values(), key=lambda g: (g.created_at, g.id))
    ]
    absorbed.user = absorbed.telegram = None
    absorbed.grants = []
    _note_telegram(survivor, now)
    survivor.changed(now)
    absorbed.changed(now)
    return survivor, absorbed


def check_may_unlink(member: Member) -> None:
    """Raise `Conflict` for a member who could not sign in to the web account without Telegram any more.

    All that is owned stays with the web account: whoever has got into such a member's sign-in could set the account's
    first password by it, were Telegram out of the way.
    """
    if member.user is not None and member.telegram is not None and not member.has_password:
        raise Conflict("The web account has no password; set one first, and unlink then.", rule="unlink_no_password")


def unlink(member: Member, fresh: MemberId, now: datetime) -> Member:
    """Give the Telegram account a member of its own, with nothing; what was owned stays with the web account.

    Raises `Conflict` unless both accounts are there.
    """
    if member.user is None or member.telegram is None:
        raise Conflict("There is no linked account to unlink.", rule="not_linked")
    account, member.telegram = member.telegram, None
    _note_telegram(member, now)
    member.changed(now)
    return Member(fresh, created_at=now, updated_at=now, telegram=account)


def _note_telegram(member: Member, now: datetime) -> None:
    if member.user is not None:
        member.user.telegram_user_id = member.telegram.telegram_id if member.telegram else None
        member.user.updated_at = now
