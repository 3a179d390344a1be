"""All settings together: the root keys, and what follows from several."""

import ipaddress
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import msgspec

from entrypoints.settings.addresses import Address, Network, NetworkKind, passwords_in
from entrypoints.settings.kinds import Folder, Hidden, Many
from entrypoints.settings.limits import LimitSettings
from entrypoints.settings.secret import Secret
from entrypoints.settings.section import Section, setting
from entrypoints.settings.sections import (
    BridgeSettings,
    ChatSettings,
    DatabaseSettings,
    GuideSettings,
    HttpSettings,
    LocalSettings,
    LogSettings,
    MailSettings,
    OpenRouterSettings,
    RealtimeSettings,
    RedisSettings,
    RetentionSettings,
)
from entrypoints.settings.telegram import TelegramSettings


class Settings(Section, frozen=True, kw_only=True):
    """All settings. Made by `load_settings`, or by hand where Guildhall is used as a library."""

    secret_key: Annotated[
        Secret | None,
        setting(
            Hidden(32, expected="32 characters or more without spaces, such as `openssl rand -base64 32` prints"),
            "Signs tokens. By default a key is made at first start and kept in the data folder.",
        ),
    ] = None
    previous_secret_keys: Annotated[
        tuple[Secret, ...],
        setting(
            Many(Hidden(32, r"[^\s,]+", "32 characters or more without spaces and commas")),
            "Former secret keys: the tokens they signed stay good until they end.",
        ),
    ] = ()
    public_url: Annotated[
        str | None,
        setting(
            Address(("http", "https"), origin=True),
            "Where people reach this instance. By default what `http` listens on.",
        ),
    ] = None
    trusted_proxies: Annotated[
        tuple[Network, ...],
        setting(Many(NetworkKind()), "Proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed."),
    ] = ()
    data_dir: Annotated[Path, setting(Folder(), "The folder of the SQLite file and the signing key.")] = Path(
        ".guildhall"
    )
    database: DatabaseSettings = DatabaseSettings()
    redis: RedisSettings = RedisSettings()
    http: HttpSettings = HttpSettings()
    telegram: TelegramSettings = TelegramSettings()
    mail: MailSettings = MailSettings()
    local: LocalSettings = LocalSettings()
    openrouter: OpenRouterSettings = OpenRouterSettings()
    go_bridge: BridgeSettings = BridgeSettings()
    baileys_bridge: BridgeSettings = BridgeSettings()
    guides: GuideSettings = GuideSettings()
    log: LogSettings = LogSettings()
    chat: ChatSettings = ChatSettings()
    realtime: RealtimeSettings = RealtimeSettings()
    limits: LimitSettings = LimitSettings()
    retention: RetentionSettings = RetentionSettings()

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
    def has_bot(self) -> bool:
        """Whether there is a bot, and it takes updates in."""
        return self.telegram.bot_token is not None and self.telegram.updates != "off"

    @property
    def has_webhook(self) -> bool:
        """Whether Telegram calls us, where there is a bot."""
        if self.telegram.updates == "auto":
            return self.public_url is not None and self.public_url.startswith("https://")
        return self.telegram.updates == "webhook"

    @property
    def webhook_url(self) -> str | None:
        """Where Telegram is to call; None without a `public_url`."""
        return None if self.public_url is None else f"{self.public_url.rstrip('/')}/api/v1/telegram/webhook"

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
        """Every secret that is set, and every password in an address, for the log to mask."""
        return tuple(dict.fromkeys(_secrets_in(self)))


def _secrets_in(value: object) -> Iterator[str]:
    if isinstance(value, Secret):
        yield value.reveal()
    elif isinstance(value, Section):
        for name in value.__struct_fields__:
            yield from _secrets_in(getattr(value, name))
    elif isinstance(value, tuple):
        for item in value:
            yield from _secrets_in(item)
    elif isinstance(value, str):
        yield from passwords_in(value)


def is_loopback_host(host: str) -> bool:
    """Whether the name or address is this machine's own."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False
