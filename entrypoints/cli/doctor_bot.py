"""What `guildhall doctor` looks at of the bot: its token, its webhook, its inbox. Each gives a state and a text."""

from datetime import timedelta

from domain.identity import OPERATOR
from domain.telegram import UpdateState
from entrypoints.cli.words import counted
from entrypoints.container import Container
from entrypoints.settings import require_rules

LATELY = timedelta(hours=1)

Seen = tuple[str, str]


async def token(container: Container) -> Seen:
    """Whom Telegram says the token belongs to. Raises what it says otherwise."""
    bot = await container.bot_api().me()
    if container.settings().telegram.updates == "off":
        return "warn", f"@{bot.username} hears nothing: telegram.updates is off"
    return "ok", f"@{bot.username}, id {bot.id}"


async def webhook(container: Container) -> Seen:
    """Whether Telegram calls where this instance listens, and how that went."""
    settings = container.settings()
    require_rules(settings)
    info = await container.bot_api().webhook_info()
    expected = settings.webhook_url if settings.has_webhook else ""
    if info.url != expected:
        do = "guildhall bot webhook set" if expected else "guildhall bot webhook delete"
        return "FAIL", f"Telegram calls {info.url or 'nobody'}, expected {expected or 'nobody'}; run `{do}`"
    waiting = f"{counted(info.pending_update_count, 'update')} wait at Telegram"
    is_late = info.last_error_date is not None and container.clock().now() - info.last_error_date < LATELY
    if is_late:
        return "warn", f"the last call failed: {info.last_error_message}; {waiting}"
    how = f"Telegram calls {info.url}" if info.url else "updates come by polling"
    return "ok", f"{how}, {waiting}"


async def inbox(container: Container) -> Seen:
    """Whether handling failed for good."""
    counts = await container.dead_letters().counts(OPERATOR, container.bot_id())
    if dead := counts[UpdateState.ERROR]:
        many = counted(dead, "update")
        return "warn", f"{many} could not be handled; see `guildhall bot inbox list --state error`"
    return "ok", f"{counted(counts[UpdateState.SUCCESS], 'update')} handled, {counts[UpdateState.NEW]} waiting"
