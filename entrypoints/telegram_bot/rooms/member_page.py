"""A member as messages show them."""

from collections.abc import Sequence

from application.ports.identity import MemberView, TelegramView
from domain.identity import Grant
from domain.telegram import EntityKind, RichText
from entrypoints.telegram_bot.rooms.room import PAGE
from entrypoints.telegram_bot.texts import Catalogue


def name_of(member: MemberView) -> str:
    """What the member is called: by the web account, else by Telegram."""
    web = member.username or member.email
    return web or (_telegram_name(member.telegram) if member.telegram else str(member.id))


def listed(member: MemberView, texts: Catalogue) -> str:
    """The member in a list: name and role, and whether they are banned."""
    parts = [name_of(member), texts.roles[member.role.name]]
    return " · ".join(parts if member.is_active else [*parts, texts.members.banned])


def shown(member: MemberView, grants: Sequence[Grant], texts: Catalogue, *, is_own: bool) -> RichText:
    """All that an admin has to know: accounts, role, grants, ban."""
    said = texts.members
    parts: list[RichText | str] = [
        RichText.formatted(name_of(member), EntityKind.BOLD),
        said.role.format(role=texts.roles[member.role.name]),
    ]
    if member.username or member.email:
        email = member.email or ""
        if email and not member.email_verified:
            email = f"{email} ({said.not_verified})"
        parts.append(said.web.format(account=", ".join(filter(None, (member.username, email)))))
    if member.telegram is not None:
        account = _telegram_account(member.telegram)
        parts.append(said.telegram.format(account=account))
        if member.telegram.has_blocked_bot:
            parts.append(said.has_blocked)
    parts.append(said.since.format(date=f"{member.created_at:%d.%m.%Y}"))
    if not member.is_active:
        parts.append(said.is_banned)
    if is_own:
        parts.append(said.own)
    parts.append(RichText.of("\n", RichText.formatted(said.grants, EntityKind.BOLD)))
    parts += [_grant(each, texts) for each in grants[:PAGE]] or [said.no_grants]
    if len(grants) > PAGE:
        parts.append(said.earlier.format(count=len(grants) - PAGE))
    return RichText.of(*parts, separator="\n")


def _grant(grant: Grant, texts: Catalogue) -> str:
    said = texts.members
    parts = [
        texts.roles[grant.role.name],
        said.sources[grant.source.name],
        said.granted.format(date=f"{grant.created_at:%d.%m.%Y}"),
    ]
    if grant.until is not None:
        parts.append(said.until.format(time=f"{grant.until:%d.%m.%Y %H:%M} UTC"))
    if grant.reason:
        parts.append(grant.reason)
    return " · ".join(parts)


def _telegram_name(account: TelegramView) -> str:
    return f"@{account.username}" if account.username else account.first_name or str(account.telegram_id)


def _telegram_account(account: TelegramView) -> str:
    name = " ".join(filter(None, (account.first_name, account.last_name)))
    return ", ".join(filter(None, (account.username and f"@{account.username}", name, str(account.telegram_id))))
