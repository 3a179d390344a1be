"""Telegram accounts: who writes to the bot, who blocked it, and what they chose there."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from application.identity._telegram_members import again, member_of
from application.ports.identity import MemberQueries, MemberView, TelegramView
from application.ports.system import Clock, Ids
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.errors import Conflict, NotAllowed
from domain.identity import (
    GUEST,
    UNKNOWN_DEVICE,
    Actor,
    AuditAction,
    AuditEntry,
    Device,
    TelegramPreferences,
    TelegramProfile,
    TelegramUser,
)

_BANNED = "This account is banned."


@dataclass(frozen=True, slots=True)
class KnownAccount:
    """Who stands behind a Telegram account, and their language: the one they chose, else Telegram's, if any."""

    actor: Actor
    language: str | None


class TelegramAccounts:
    """Knows members by their Telegram accounts.

    A first private message registers its sender. Blocking the bot is undone by their next message; a ban is not.
    """

    def __init__(self, unit_of_work: UnitOfWorkFactory, queries: MemberQueries, clock: Clock, ids: Ids) -> None:
        self._unit_of_work = unit_of_work
        self._queries = queries
        self._clock = clock
        self._ids = ids

    async def seen(self, profile: TelegramProfile, device: Device = UNKNOWN_DEVICE) -> Actor:
        """Who wrote a private message: registered when they are new, with the names that Telegram gives them now.

        Reads only, where nothing has changed. Raises `NotAllowed` for a banned member.
        """
        return (await self.greet(profile, device)).actor

    async def greet(self, profile: TelegramProfile, device: Device = UNKNOWN_DEVICE) -> KnownAccount:
        """As `seen`, with their language."""
        known = await self._known(profile)
        if known is not None and known.telegram is not None and _is_up_to_date(known.telegram, profile):
            return KnownAccount(Actor(known.id, known.role, device=device), _language(known, profile))
        return await again(lambda: self._seen_anew(profile, device))

    async def known(self, profile: TelegramProfile, device: Device = UNKNOWN_DEVICE) -> KnownAccount:
        """Who wrote in a group: a guest when they are new, since nobody is registered there.

        Raises `NotAllowed` for a banned member.
        """
        known = await self._known(profile)
        if known is None or known.telegram is None:
            return KnownAccount(GUEST, profile.language)
        return KnownAccount(Actor(known.id, known.role, device=device), _language(known, profile))

    async def language(self, profile: TelegramProfile) -> str | None:
        """The language of whoever this is, banned or not."""
        return _language(await self._queries.by_telegram_id(profile.telegram_id, self._clock.now()), profile)

    async def blocked(self, telegram_id: int) -> None:
        """The account blocked the bot; an unknown account, or one that blocked it before, changes nothing."""
        now = self._clock.now()
        async with self._unit_of_work() as work:
            member = await work.members.by_telegram_id(telegram_id)
            if member is None or member.telegram is None or member.telegram.blocked_bot_at is not None:
                return
            member.telegram.blocked(now)
            member.changed(now)
            await work.members.save(member, now)
            actor = Actor(member.id, member.effective_role(now))
            await work.audit.record(
                AuditEntry.of(self._ids.new(), now, AuditAction.BLOCKED_BOT, actor, member.id, telegram_id=telegram_id)
            )
            await work.commit()

    async def unblocked(self, profile: TelegramProfile) -> None:
        """The account let the bot in again; an unknown one is not registered by that."""
        known = await self._queries.by_telegram_id(profile.telegram_id, self._clock.now())
        if known is not None and known.is_active and known.telegram is not None and known.telegram.has_blocked_bot:
            await again(lambda: self._seen_anew(profile, UNKNOWN_DEVICE))

    async def preferences(self, actor: Actor) -> TelegramPreferences:
        """What the member chose in the bot; raises `Conflict` without a Telegram account."""
        return await self._change(actor, lambda _account, _now: None)

    async def speak(self, actor: Actor, language: str) -> TelegramPreferences:
        """Another language; raises `Invalid`, and `Conflict` without a Telegram account."""
        return await self._change(
            actor,
            lambda account, now: account.prefer(TelegramPreferences.of(language, account.preferences.muted), now),
        )

    async def mute(self, actor: Actor, category: str) -> TelegramPreferences:
        """No broadcasts of this category any more; raises `Invalid`, and `Conflict` without a Telegram account."""
        return await self._change(actor, lambda account, now: account.mute(category, now))

    async def unmute(self, actor: Actor, category: str) -> TelegramPreferences:
        """Broadcasts of this category again; raises `Conflict` without a Telegram account."""
        return await self._change(actor, lambda account, now: account.unmute(category, now))

    async def _known(self, profile: TelegramProfile) -> MemberView | None:
        known = await self._queries.by_telegram_id(profile.telegram_id, self._clock.now())
        if known is not None and not known.is_active:
            raise NotAllowed(_BANNED)
        return known

    async def _seen_anew(self, profile: TelegramProfile, device: Device) -> KnownAccount:
        now = self._clock.now()
        async with self._unit_of_work() as work:
            member = await member_of(work, profile, self._ids, now, device)
            if not member.is_active:
                raise NotAllowed(_BANNED)
            if member.telegram is not None and member.telegram.seen(profile, now):
                member.changed(now)
                await work.members.save(member, now)
            await work.commit()
        chosen = None if member.telegram is None else member.telegram.preferences.language
        return KnownAccount(Actor(member.id, member.effective_role(now), device=device), chosen or profile.language)

    async def _change(self, actor: Actor, change: Callable[[TelegramUser, datetime], None]) -> TelegramPreferences:
        member_id, now = actor.require_member(), self._clock.now()
        async with self._unit_of_work() as work:
            member = await work.members.get(member_id)
            if member.telegram is None:
                raise Conflict("The member has no Telegram account to choose this for; link one first.")
            before = member.telegram.preferences
            change(member.telegram, now)
            if member.telegram.preferences != before:
                member.changed(now)
                await work.members.save(member, now)
                await work.commit()
            return member.telegram.preferences


def _language(known: MemberView | None, profile: TelegramProfile) -> str | None:
    chosen = None if known is None or known.telegram is None else known.telegram.language
    return chosen or profile.language


def _is_up_to_date(account: TelegramView, profile: TelegramProfile) -> bool:
    if account.has_blocked_bot:
        return False
    return (account.username, account.first_name, account.last_name) == profile.names
