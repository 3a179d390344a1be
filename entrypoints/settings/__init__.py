"""Settings from the environment and one TOML file: typed, checked at start, all problems told at once."""

from entrypoints.settings.fields import without_use
from entrypoints.settings.limits import LimitSettings
from entrypoints.settings.loading import load_settings
from entrypoints.settings.model import Settings
from entrypoints.settings.problems import SettingsError
from entrypoints.settings.reference import ReferenceRow, describe, reference
from entrypoints.settings.rules import require_rules
from entrypoints.settings.secret import Secret
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

__all__ = [
    "BridgeSettings",
    "ChatSettings",
    "DatabaseSettings",
    "GuideSettings",
    "HttpSettings",
    "LimitSettings",
    "LocalSettings",
    "LogSettings",
    "MailSettings",
    "OpenRouterSettings",
    "RealtimeSettings",
    "RedisSettings",
    "ReferenceRow",
    "RetentionSettings",
    "Secret",
    "Settings",
    "SettingsError",
    "TelegramSettings",
    "describe",
    "load_settings",
    "reference",
    "require_rules",
    "without_use",
]
