"""Telegram accounts: who writes to the bot, who blocked it, and what they chose there."""

from collections.abc import Callable
from datetime import datetime

from application.identity._telegram_members import again, member_of
from application.ports.identity import MemberQueries, TelegramView
from application.ports.system import Clock, Ids
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.errors import Conflict, NotAllowed
from domain.identity import (
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
        now = self._clock.now()
        known = await self._queries.by_telegram_id(profile.telegram_id, now)
        if known is not None and not known.is_active:
            raise NotAllowed(_BANNED)
        if known is not None and _is_up_to_date(known.telegram, profile):
            return Actor(known.id, known.role, device=device)
        return await again(lambda: self._seen_anew(profile, device))

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

    async def prefer(self, actor: Actor, preferences: TelegramPreferences) -> TelegramPreferences:
        """Replace what the member chose in the bot; raises `Conflict` without a Telegram account."""
        return await self._change(actor, lambda account, now: account.prefer(preferences, now))

    async def mute(self, actor: Actor, category: str) -> TelegramPreferences:
        """No broadcasts of this category any more; raises `Invalid`, and `Conflict` without a Telegram account."""
        return await self._change(actor, lambda account, now: account.mute(category, now))

    async def unmute(self, actor: Actor, category: str) -> TelegramPreferences:
        """Broadcasts of this category again; raises `Conflict` without a Telegram account."""
        return await self._change(actor, lambda account, now: account.unmute(category, now))

    async def _seen_anew(self, profile: TelegramProfile, device: Device) -> Actor:
        now = self._clock.now()
        async with self._unit_of_work() as work:
            member = await member_of(work, profile, self._ids, now, device)
            if not member.is_active:
                raise NotAllowed(_BANNED)
            if member.telegram is not None and member.telegram.seen(profile, now):
                member.changed(now)
                await work.members.save(member, now)
            await work.commit()
        return Actor(member.id, member.effective_role(now), device=device)

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


def _is_up_to_date(account: TelegramView | None, profile: TelegramProfile) -> bool:
    if account is None or account.has_blocked_bot:
        return False
    return (account.username, account.first_name, account.last_name) == profile.names
