"""Every setting: its type, default and meaning. The reference in the documentation is made from here."""

import ipaddress
from pathlib import Path
from typing import Annotated, Any, Literal, get_type_hints
from urllib.parse import urlsplit

import msgspec

from domain.guides import DEFAULT_CATEGORIES
from entrypoints.settings.kinds import (
    Address,
    Choice,
    Folder,
    Hidden,
    Host,
    Kind,
    Many,
    Network,
    NetworkKind,
    Origin,
    Seconds,
    Text,
    Whole,
)
from entrypoints.settings.secret import Secret

_WEB = ("http", "https")
_DATABASES = ("sqlite", "sqlite+aiosqlite", "postgresql", "postgres", "postgresql+asyncpg")


def _meta(kind: Kind, meaning: str) -> msgspec.Meta:
    return msgspec.Meta(description=meaning, extra={"kind": kind})


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """A group of settings; shows itself without secrets, those inside addresses included."""

    def __repr__(self) -> str:
        """The values, masked."""
        shown = ", ".join(f"{name}={value}" for name, value in self.__rich_repr__())
        return f"{type(self).__name__}({shown})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """The values, masked: rich prints them in tracebacks."""
        values = [(name, meta, getattr(self, name)) for name, meta in metas(type(self)).items()]
        return [(name, value if meta is None else kind_of(meta).show(value)) for name, meta, value in values]


def metas(section: type[Section]) -> dict[str, msgspec.Meta | None]:
    """What is declared of each field; None for a field that is a section itself."""
    hints = get_type_hints(section, include_extras=True)
    return {
        name: next((meta for meta in getattr(hints[name], "__metadata__", ()) if isinstance(meta, msgspec.Meta)), None)
        for name in section.__struct_fields__
    }


def kind_of(meta: msgspec.Meta) -> Kind:
    """How the field is read and shown."""
    kind: Kind = (meta.extra or {})["kind"]
    return kind


class DatabaseSettings(Section, frozen=True, kw_only=True):
    """Where everything is kept."""

    url: Annotated[
        str,
        _meta(Address(_DATABASES), "The database. By default the SQLite file `guildhall.db` in the data folder."),
    ] = ""


class RedisSettings(Section, frozen=True, kw_only=True):
    """The bus between processes. Read when web, bot and worker run apart; one process needs none."""

    url: Annotated[
        str | None, _meta(Address(("redis", "rediss", "unix")), "Redis, for announcements between processes.")
    ] = None


class HttpSettings(Section, frozen=True, kw_only=True):
    """The web server."""

    host: Annotated[
        str,
        _meta(Host(), "The address to listen on."),
    ] = "127.0.0.1"
    port: Annotated[int, _meta(Whole(0, 65_535), "The port to listen on; 0 takes a free one.")] = 8000
    allowed_origins: Annotated[
        tuple[str, ...],
        _meta(
            Many(Origin(_WEB, origin=True)),
            "Origins, besides our own, whose pages may call the API and open sockets. `*` only on loopback.",
        ),
    ] = ()
    max_body_bytes: Annotated[
        int, _meta(Whole(16_384, 1_073_741_824), "The largest request body taken; beyond it the answer is 413.")
    ] = 2_097_152
    shutdown_seconds: Annotated[
        float, _meta(Seconds(0, 3600), "How long a stop may take before what still runs is cut off.")
    ] = 10.0


class TelegramSettings(Section, frozen=True, kw_only=True):
    """The bot. Read by the Telegram room; accepted now so that a prepared environment starts."""

    bot_token: Annotated[
        Secret | None,
        _meta(
            Hidden(
                pattern=r"[0-9]{1,20}:[A-Za-z0-9_-]{1,200}", expected="a token as BotFather gives it, digits:letters"
            ),
            "The bot's token; `TELEGRAM_BOT_TOKEN` is read too.",
        ),
    ] = None
    api_base_url: Annotated[str, _meta(Address(_WEB), "The Bot API server.")] = "https://api.telegram.org"
    webhook_secret: Annotated[
        Secret | None,
        _meta(
            Hidden(pattern=r"[A-Za-z0-9_-]{1,256}", expected="1 to 256 letters, digits, _ and -"),
            "What Telegram sends with each webhook call to prove itself.",
        ),
    ] = None


class LocalSettings(Section, frozen=True, kw_only=True):
    """A model server of one's own (Ollama, llama.cpp, vLLM). Read by the model adapters; without a URL the built-in
    guide reader answers."""

    base_url: Annotated[str | None, _meta(Address(_WEB), "An OpenAI-compatible server; none is the guide reader.")] = (
        None
    )
    model: Annotated[str | None, _meta(Text(100), "The model asked for when a session names none.")] = None


class OpenRouterSettings(Section, frozen=True, kw_only=True):
    """OpenRouter. Read by the model adapters."""

    api_key: Annotated[Secret | None, _meta(Hidden(), "The key; without one OpenRouter is not offered.")] = None
    base_url: Annotated[str, _meta(Address(_WEB), "Where OpenRouter is reached.")] = "https://openrouter.ai/api/v1"
    model: Annotated[str | None, _meta(Text(100), "The model asked for when a session names none.")] = None


class BridgeSettings(Section, frozen=True, kw_only=True):
    """A WhatsApp bridge. Read by the backends room."""

    url: Annotated[str | None, _meta(Address(_WEB), "Where the bridge is reached; none is no bridge.")] = None


class GuideSettings(Section, frozen=True, kw_only=True):
    """The guide library."""

    categories: Annotated[
        tuple[str, ...],
        _meta(
            Many(Text(50, r"[a-z0-9][a-z0-9_-]*", "lower-case letters, digits, - and _"), least=1),
            "The categories that guides may have, in the order of the menus.",
        ),
    ] = DEFAULT_CATEGORIES


class LogSettings(Section, frozen=True, kw_only=True):
    """The log, on standard error."""

    level: Annotated[
        Literal["debug", "info", "warning", "error"],
        _meta(Choice(("debug", "info", "warning", "error")), "The least urgent lines written."),
    ] = "info"
    format: Annotated[
        Literal["console", "json"],
        _meta(Choice(("console", "json")), "`console` for people, `json` for machines: one object a line."),
    ] = "console"


class ChatSettings(Section, frozen=True, kw_only=True):
    """How replies are produced."""

    reply_lease_seconds: Annotated[
        float, _meta(Seconds(2, 3600), "After this long without a sign of life another process takes a reply over.")
    ] = 30.0
    checkpoint_seconds: Annotated[
        float, _meta(Seconds(0.05, 60), "How often what arrived of a running reply is kept in the database.")
    ] = 1.0
    first_token_seconds: Annotated[
        float, _meta(Seconds(0.1, 3600), "How long a model may take to begin before the next one is asked.")
    ] = 30.0


class RealtimeSettings(Section, frozen=True, kw_only=True):
    """Sockets and the log of events behind them."""

    retention_hours: Annotated[
        int, _meta(Whole(1, 8760), "How long a client may be away and still get exactly what it missed.")
    ] = 168
    queue_frames: Annotated[
        int, _meta(Whole(8, 65_536), "Frames that wait for one slow socket before it is told to resynchronise.")
    ] = 256
    max_frame_bytes: Annotated[int, _meta(Whole(1024, 16_777_216), "The largest frame taken from a client.")] = 131_072


class Settings(Section, frozen=True, kw_only=True):
    """All settings. Made by `load_settings`, or by hand where Guildhall is used as a library."""

    secret_key: Annotated[
        Secret | None,
        _meta(
            Hidden(32, expected="32 characters or more without spaces, such as `openssl rand -base64 32` prints"),
            "Signs tokens. By default a key is made at first start and kept in the data folder.",
        ),
    ] = None
    previous_secret_keys: Annotated[
        tuple[Secret, ...],
        _meta(
            Many(Hidden(32, r"[^\s,]+", "32 characters or more without spaces and commas")),
            "Former secret keys: the tokens they signed stay good until they end.",
        ),
    ] = ()
    public_url: Annotated[
        str | None,
        _meta(Address(_WEB, origin=True), "Where people reach this instance. By default what `http` listens on."),
    ] = None
    trusted_proxies: Annotated[
        tuple[Network, ...],
        _meta(Many(NetworkKind()), "Proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed."),
    ] = ()
    data_dir: Annotated[Path, _meta(Folder(), "The folder of the SQLite file and the signing key.")] = Path(
        ".guildhall"
    )
    database: DatabaseSettings = DatabaseSettings()
    redis: RedisSettings = RedisSettings()
    http: HttpSettings = HttpSettings()
    telegram: TelegramSettings = TelegramSettings()
    local: LocalSettings = LocalSettings()
    openrouter: OpenRouterSettings = OpenRouterSettings()
    go_bridge: BridgeSettings = BridgeSettings()
    baileys_bridge: BridgeSettings = BridgeSettings()
    guides: GuideSettings = GuideSettings()
    log: LogSettings = LogSettings()
    chat: ChatSettings = ChatSettings()
    realtime: RealtimeSettings = RealtimeSettings()

    def __post_init__(self) -> None:
        """Fix the data folder where it is now, and give the database its default inside."""
        folder = self.data_dir.absolute()
        msgspec.structs.force_setattr(self, "data_dir", folder)
        if not self.database.url:
            url = f"sqlite:///{folder / 'guildhall.db'}"
            msgspec.structs.force_setattr(self, "database", DatabaseSettings(url=url))

    @property
    def base_url(self) -> str:
        """Where people reach this instance, without a slash at the end."""
        if self.public_url:
            return self.public_url
        host = f"[{self.http.host}]" if ":" in self.http.host else self.http.host
        return f"http://{host}:{self.http.port}"

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the instance: both the address listened on and the public one."""
        public = urlsplit(self.public_url).hostname if self.public_url else None
        return is_loopback_host(self.http.host) and (public is None or is_loopback_host(public))

    @property
    def secure_cookies(self) -> bool:
        """Whether cookies are Secure: always, but on loopback without TLS."""
        return not self.is_loopback or self.base_url.startswith("https://")

    @property
    def key_file(self) -> Path:
        """Where the signing keys are kept when no secret key is given."""
        return self.data_dir / "signing.keys"

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every secret that is set, for the log to mask."""
        candidates = (
            self.secret_key,
            *self.previous_secret_keys,
            self.telegram.bot_token,
            self.telegram.webhook_secret,
            self.openrouter.api_key,
        )
        return tuple(secret.reveal() for secret in candidates if secret is not None)


def is_loopback_host(host: str) -> bool:
    """Whether the name or address is this machine's own."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False
