"""The bot."""

from typing import Annotated, Literal

from entrypoints.settings.addresses import Address, Network, NetworkKind
from entrypoints.settings.kinds import Choice, Hidden, Many, Text, Whole
from entrypoints.settings.secret import Secret
from entrypoints.settings.section import Section, setting

_WEB = ("http", "https")
_WORDS = Many(Text(100))


class TelegramSettings(Section, frozen=True, kw_only=True):
    """The bot. Without a token there is none, and Telegram sign-in is off."""

    bot_token: Annotated[
        Secret | None,
        setting(
            Hidden(
                pattern=r"[0-9]{1,18}:[A-Za-z0-9_-]{1,200}", expected="a token as BotFather gives it, digits:letters"
            ),
            "The bot's token; `TELEGRAM_BOT_TOKEN` is read too.",
        ),
    ] = None
    api_base_url: Annotated[str, setting(Address(_WEB), "The Bot API server.")] = "https://api.telegram.org"
    updates: Annotated[
        Literal["auto", "webhook", "polling", "off"],
        setting(
            Choice(("auto", "webhook", "polling", "off")),
            "How updates come in; `auto` is the webhook where there is a `public_url` with https, else polling.",
        ),
    ] = "auto"
    webhook_secret: Annotated[
        Secret | None,
        setting(
            Hidden(pattern=r"[A-Za-z0-9_-]{8,256}", expected="8 to 256 letters, digits, _ and -"),
            "What Telegram sends with each webhook call to prove itself. Optional on loopback only.",
        ),
    ] = None
    webhook_networks: Annotated[
        tuple[Network, ...],
        setting(
            Many(NetworkKind()),
            "Where webhook calls may come from, such as 149.154.160.0/20 and 91.108.4.0/22; none lets all in.",
        ),
    ] = ()
    webhook_signature_key: Annotated[
        Secret | None,
        setting(
            Hidden(16, r"[^\s,]+", "16 characters or more without spaces and commas"),
            "For relays: the body's HMAC-SHA256 with this key is expected as `X-Guildhall-Signature: sha256=<hex>`.",
        ),
    ] = None
    webhook_connections: Annotated[
        int, setting(Whole(1, 100), "How many webhook calls Telegram may make at the same time.")
    ] = 40
    bulk_per_second: Annotated[
        int,
        setting(
            Whole(1, 1000),
            "How many messages to many people leave in a second; more than 30 for a bot that pays for broadcasts only.",
        ),
    ] = 30
    product_words: Annotated[tuple[str, ...], setting(_WORDS, "Plain words to the bot that lead to the shop.")] = (
        "price",
        "pricing",
        "buy",
        "shop",
        "subscribe",
        "subscription",
        "upgrade",
    )
    guide_words: Annotated[tuple[str, ...], setting(_WORDS, "Plain words to the bot that search the guides.")] = (
        "guide",
        "guides",
        "tutorial",
        "tutorials",
    )
    marketing_words: Annotated[
        tuple[str, ...], setting(_WORDS, "Plain words to the bot that lead to the newsletter.")
    ] = ("newsletter", "news", "announcements")

    @property
    def bot_id(self) -> int | None:
        """Telegram's id of the bot, which its token begins with; None without a token."""
        return None if self.bot_token is None else int(self.bot_token.reveal().partition(":")[0])
