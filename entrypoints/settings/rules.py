"""Rules over several settings: whatever protects may be loosened on loopback only."""

from collections.abc import Callable, Iterator

from entrypoints.settings.model import Settings, is_loopback_host
from entrypoints.settings.problems import SettingsError

_OPEN = "outside loopback"


def require_rules(settings: Settings) -> None:
    """Raise `SettingsError` with every rule that does not hold: before serving, and for settings made by hand."""
    if problems := [*broken_rules(settings, str), *_serving_rules(settings)]:
        raise SettingsError(problems)


def broken_rules(settings: Settings, name_of: Callable[[str], str]) -> Iterator[str]:
    """A line for each rule that does not hold; `name_of` gives the name under which the user set a TOML path.

    Those that only serving needs are not among them: a command that Telegram never calls goes without its secret.
    """
    yield from _mail_rules(settings, name_of)
    yield from _telegram_rules(settings, name_of)
    if settings.is_loopback:
        return
    if "*" in settings.http.allowed_origins:
        yield (
            f"{name_of('http.allowed_origins')}: found '*'; expected the origins that may call the API, each named: "
            f"{_OPEN} any page could act for a member"
        )
    if settings.public_url is not None and not settings.public_url.startswith("https://"):
        yield (
            f"{name_of('public_url')}: found {settings.public_url!r}; expected an https:// address: "
            f"{_OPEN} cookies and tokens go over TLS only"
        )
    for name in settings.limits.__struct_fields__:
        if getattr(settings.limits, name) == 0:
            yield f"{name_of(f'limits.{name}')}: found 0; expected 1 or more: {_OPEN} every limit holds"
    if any(network.prefixlen == 0 for network in settings.trusted_proxies):
        yield (
            f"{name_of('trusted_proxies')}: found a range that holds every address; expected your proxies': "
            f"{_OPEN} anybody could claim to be at another address"
        )


def _telegram_rules(settings: Settings, name_of: Callable[[str], str]) -> Iterator[str]:
    telegram = settings.telegram
    if telegram.bot_token is None or not settings.has_webhook:
        return
    if settings.public_url is None:
        yield f"{name_of('public_url')}: found nothing; expected the address that Telegram is to call"


def _serving_rules(settings: Settings) -> Iterator[str]:
    telegram = settings.telegram
    if telegram.bot_token is None or not settings.has_webhook or settings.is_loopback:
        return
    if telegram.webhook_secret is None:
        yield (
            "telegram.webhook_secret: found nothing; expected a secret of your own in "
            f"GUILDHALL_TELEGRAM_WEBHOOK_SECRET: {_OPEN} anybody could write updates "
            "(or set telegram.updates to polling)"
        )


def _mail_rules(settings: Settings, name_of: Callable[[str], str]) -> Iterator[str]:
    mail = settings.mail
    if mail.host is None:
        return
    if mail.sender is None:
        yield f"{name_of('mail.sender')}: found nothing; expected the address that mail comes from"
    if (mail.username is None) is not (mail.password is None):
        yield f"{name_of('mail.username')}: expected a username and a password, or neither of them"
    if mail.security == "none" and not is_loopback_host(mail.host):
        yield f"{name_of('mail.security')}: found 'none'; expected starttls or tls: {_OPEN} mail goes over TLS only"
