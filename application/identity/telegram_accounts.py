"""Telegram accounts: who writes to the bot, who blocked it, and what they chose there."""

from collections.abc import Callable
from datetime import datetime

from application.identity._telegram_members import again, member_of
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


class TelegramAccounts:
    """Knows members by their Telegram accounts.

    A first private message registers its sender. Blocking the bot is undone by their next message; a ban is not.
    """

    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock, ids: Ids) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._ids = ids

    async def seen(self, profile: TelegramProfile, device: Device = UNKNOWN_DEVICE) -> Actor:
        """Who wrote a private message: registered when they are new, with the names that Telegram gives them now.

        Raises `NotAllowed` for a banned member.
        """

        async def attempt() -> Actor:
            now = self._clock.now()
            async with self._unit_of_work() as work:
                member = await member_of(work, profile, self._ids, now, device)
                if not member.is_active:
                    raise NotAllowed("This account is banned.")
                if member.telegram is not None and member.telegram.seen(profile, now):
                    member.changed(now)
                    await work.members.save(member, now)
                await work.commit()
            return Actor(member.id, member.effective_role(now), device=device)

        return await again(attempt)

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
