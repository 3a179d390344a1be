"""The tables of the TOML file: each setting's type, default and meaning. The reference is made from here."""

from typing import Annotated, Literal

from domain.guides import DEFAULT_CATEGORIES
from entrypoints.settings.addresses import Address, Host, Origin
from entrypoints.settings.kinds import Choice, Hidden, Many, Seconds, Text, Whole
from entrypoints.settings.secret import Secret
from entrypoints.settings.section import Section, setting

_WEB = ("http", "https")
_DATABASES = ("sqlite", "sqlite+aiosqlite", "postgresql", "postgres", "postgresql+asyncpg")


class DatabaseSettings(Section, frozen=True, kw_only=True):
    """Where everything is kept."""

    url: Annotated[
        str,
        setting(Address(_DATABASES), "The database. By default the SQLite file `guildhall.db` in the data folder."),
    ] = ""


class RedisSettings(Section, frozen=True, kw_only=True):
    """The bus between processes. One process needs none."""

    url: Annotated[
        str | None,
        setting(Address(("redis", "rediss", "unix")), "Redis, for announcements between processes.", is_used=False),
    ] = None


class HttpSettings(Section, frozen=True, kw_only=True):
    """The web server."""

    host: Annotated[
        str,
        setting(Host(), "The address to listen on."),
    ] = "127.0.0.1"
    port: Annotated[int, setting(Whole(0, 65_535), "The port to listen on; 0 takes a free one.")] = 8000
    allowed_origins: Annotated[
        tuple[str, ...],
        setting(
            Many(Origin(_WEB, origin=True)),
            "Origins, besides our own, whose pages may call the API and open sockets. `*` only on loopback.",
        ),
    ] = ()
    max_body_bytes: Annotated[
        int, setting(Whole(16_384, 1_073_741_824), "The largest request body taken; beyond it the answer is 413.")
    ] = 2_097_152
    connections: Annotated[
        int | None,
        setting(
            Whole(1, 1_000_000),
            "Connections open at once, sockets among them. By default what the limit of open files leaves beside 256 "
            "other files, or half of it where that is less, and 65,536 at most.",
        ),
    ] = None
    connections_per_address: Annotated[
        int | None,
        setting(
            Whole(1, 1_000_000),
            "Connections that one address may hold open; trusted proxies any number. By default 500, or half of "
            "`connections` where that is less.",
        ),
    ] = None
    shutdown_seconds: Annotated[
        float, setting(Seconds(0, 3600), "How long a stop may take before what still runs is cut off.")
    ] = 10.0


class MailSettings(Section, frozen=True, kw_only=True):
    """Mail for verifying addresses and resetting passwords."""

    host: Annotated[
        str | None,
        setting(
            Host(),
            "The SMTP server. Without one, mail is written to the terminal on loopback, and not offered elsewhere.",
        ),
    ] = None
    port: Annotated[int, setting(Whole(1, 65_535), "Its port; usually 587 for `starttls`, 465 for `tls`.")] = 587
    security: Annotated[
        Literal["starttls", "tls", "none"],
        setting(Choice(("starttls", "tls", "none")), "How the connection is kept private; `none` only to loopback."),
    ] = "starttls"
    username: Annotated[str | None, setting(Text(320), "Whom to sign in as; none is nobody.")] = None
    password: Annotated[
        Secret | None, setting(Hidden(pattern=r".+", expected="a printable text"), "The password to sign in with.")
    ] = None
    sender: Annotated[
        str | None,
        setting(
            Text(400, r"[^<>@\s]+@[^<>@\s]+|[^<>@]+ <[^<>@\s]+@[^<>@\s]+>", "an address, or `Name <address>`"),
            "Whom mail comes from: an address, or `Name <address>`.",
        ),
    ] = None


class LocalSettings(Section, frozen=True, kw_only=True):
    """A model server of one's own (Ollama, llama.cpp, vLLM)."""

    base_url: Annotated[
        str | None, setting(Address(_WEB), "An OpenAI-compatible server; none is the guide reader.", is_used=False)
    ] = None
    model: Annotated[
        str | None, setting(Text(100), "The model asked for when a session names none.", is_used=False)
    ] = None


class OpenRouterSettings(Section, frozen=True, kw_only=True):
    """OpenRouter."""

    api_key: Annotated[
        Secret | None, setting(Hidden(), "The key; without one OpenRouter is not offered.", is_used=False)
    ] = None
    base_url: Annotated[str, setting(Address(_WEB), "Where OpenRouter is reached.", is_used=False)] = (
        "https://openrouter.ai/api/v1"
    )
    model: Annotated[
        str | None, setting(Text(100), "The model asked for when a session names none.", is_used=False)
    ] = None


class BridgeSettings(Section, frozen=True, kw_only=True):
    """A WhatsApp bridge."""

    url: Annotated[
        str | None, setting(Address(_WEB), "Where the bridge is reached; none is no bridge.", is_used=False)
    ] = None


class GuideSettings(Section, frozen=True, kw_only=True):
    """The guide library."""

    categories: Annotated[
        tuple[str, ...],
        setting(
            Many(Text(50, r"[a-z0-9][a-z0-9_-]*", "lower-case letters, digits, - and _"), least=1),
            "The categories that guides may have, in the order of the menus.",
        ),
    ] = DEFAULT_CATEGORIES
    semantic: Annotated[
        Literal["on", "off"],
        setting(
            Choice(("on", "off")),
            "`on` finds passages by meaning, too, where the weights are installed; `off` by words only.",
        ),
    ] = "on"


class LogSettings(Section, frozen=True, kw_only=True):
    """The log, on standard error."""

    level: Annotated[
        Literal["debug", "info", "warning", "error"],
        setting(Choice(("debug", "info", "warning", "error")), "The least urgent lines written."),
    ] = "info"
    format: Annotated[
        Literal["console", "json"],
        setting(Choice(("console", "json")), "`console` for people, `json` for machines: one object a line."),
    ] = "console"


class ChatSettings(Section, frozen=True, kw_only=True):
    """How replies are produced."""

    reply_lease_seconds: Annotated[
        float, setting(Seconds(2, 3600), "After this long without a sign of life another process takes a reply over.")
    ] = 12.0
    checkpoint_seconds: Annotated[
        float, setting(Seconds(0.05, 60), "How often what arrived of a running reply is kept in the database.")
    ] = 0.25


class RetentionSettings(Section, frozen=True, kw_only=True):
    """How long what has served is kept."""

    sign_ins_days: Annotated[
        int,
        setting(
            Whole(1, 3650),
            "How long sign-ins are kept after they ended or ran out. For as long, and for 90 days at most, an address "
            "that a member signed in from is one that guesses from elsewhere do not slow down.",
        ),
    ] = 90
    audit_addresses_days: Annotated[
        int,
        setting(Whole(1, 3650), "How long the audit trail and ended sign-ins keep addresses and browsers' names."),
    ] = 90
    tokens_days: Annotated[
        int, setting(Whole(1, 3650), "How long expired one-time links, link codes and Telegram proofs are kept.")
    ] = 1
    idempotency_keys_hours: Annotated[
        int,
        setting(Whole(24, 8760), "How long idempotency keys are kept; they answer for 24 hours and no longer."),
    ] = 24
    inbox_bodies_days: Annotated[
        int,
        setting(
            Whole(1, 3650),
            "How long what the bot was told is kept once it was handled or given up. After that a dead letter cannot "
            "be replayed any more.",
        ),
    ] = 30
    outgoing_days: Annotated[
        int, setting(Whole(1, 3650), "How long what the bot said is kept once it was sent or given up.")
    ] = 30


class RealtimeSettings(Section, frozen=True, kw_only=True):
    """Sockets and the log of events behind them."""

    retention_hours: Annotated[
        int, setting(Whole(1, 8760), "How long a client may be away and still get exactly what it missed.")
    ] = 168
    queue_frames: Annotated[
        int, setting(Whole(8, 65_536), "Frames that wait for one slow socket before it is told to resynchronise.")
    ] = 1_000
    max_frame_bytes: Annotated[int, setting(Whole(1024, 16_777_216), "The largest frame taken from a client.")] = (
        131_072
    )
