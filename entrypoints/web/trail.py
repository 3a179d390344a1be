"""The audit trail in words."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from application.identity.audit import member_of
from domain.identity import AuditAction, AuditEntry, MemberId
from entrypoints.web.wording import moment

ACTIONS: Mapping[AuditAction, str] = {
    AuditAction.REGISTERED: "Registered",
    AuditAction.BANNED: "Banned",
    AuditAction.UNBANNED: "Ban lifted",
    AuditAction.DELETED: "Deleted",
    AuditAction.EXPORTED: "Data downloaded",
    AuditAction.ROLE_GRANTED: "Role granted",
    AuditAction.ROLE_REVOKED: "Role taken back",
    AuditAction.ROLE_EXPIRED: "Role ended",
    AuditAction.CHANGE_REFUSED: "Change refused",
    AuditAction.SIGNED_IN: "Signed in",
    AuditAction.SIGN_IN_FAILED: "Sign-in failed",
    AuditAction.SIGN_IN_LIMITED: "Sign-ins limited",
    AuditAction.REFRESHED: "Sign-in went on",
    AuditAction.REFRESH_REUSED: "Old token used again",
    AuditAction.SIGNED_OUT: "Sign-in ended",
    AuditAction.SIGN_IN_LINK_MADE: "Sign-in link made",
    AuditAction.ACCOUNT_CHANGED: "Account changed",
    AuditAction.PASSWORD_CHANGED: "Password changed",
    AuditAction.PASSWORD_RESET: "Password reset",
    AuditAction.PASSWORD_RESET_REQUESTED: "Password reset asked for",
    AuditAction.EMAIL_VERIFIED: "Email verified",
    AuditAction.LINK_REQUESTED: "Code for Telegram made",
    AuditAction.LINKED: "Telegram linked",
    AuditAction.LINK_REFUSED: "Telegram link refused",
    AuditAction.UNLINKED: "Telegram unlinked",
    AuditAction.BLOCKED_BOT: "Bot blocked",
    AuditAction.UPDATE_READ: "Message to the bot read",
    AuditAction.UPDATE_REPLAYED: "Message to the bot handled again",
    AuditAction.UPDATE_DISMISSED: "Message to the bot dismissed",
}
_BY = "by"
_CODES = frozenset({"cause", "method", "outcome", "purpose", "source", "state", "what"})


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in the trail; `name` is None for a member who was deleted."""

    id: MemberId
    name: str | None


@dataclass(frozen=True, slots=True)
class TrailLine:
    """One line as the page shows it; `operator` says that nobody signed in did it, but the operator."""

    entry: AuditEntry
    action: str
    whom: Person | None
    by: Person | None
    details: Sequence[tuple[str, str]]

    @property
    def operator(self) -> str | None:
        """Who else it was: `operator`."""
        return None if self.by else _text(self.entry.details.get(_BY)) or None


def trail_lines(entries: Sequence[AuditEntry], names: Mapping[MemberId, str]) -> list[TrailLine]:
    """The lines with these names of members who are still there."""
    return [
        TrailLine(
            entry=entry,
            action=ACTIONS[entry.action],
            whom=_person(member_of(entry), names),
            by=_person(entry.actor_id, names),
            details=list(_details(entry)),
        )
        for entry in entries
    ]


def _person(member_id: MemberId | None, names: Mapping[MemberId, str]) -> Person | None:
    return None if member_id is None else Person(member_id, names.get(member_id))


def _details(entry: AuditEntry) -> Iterator[tuple[str, str]]:
    for key, value in entry.details.items():
        if key == _BY or not _text(value):
            continue
        yield key.replace("_", " "), _told(key, value)


def _told(key: str, value: object) -> str:
    text = _text(value)
    if key == "attempted":
        return ACTIONS[AuditAction(text)].lower() if text in set(AuditAction) else text
    if key == "until":
        return moment(datetime.fromisoformat(text))
    if key == "role":
        return text.capitalize()
    return text.replace("_", " ") if key in _CODES else text


def _text(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(_text, value))
    return "" if value is None else str(value)
