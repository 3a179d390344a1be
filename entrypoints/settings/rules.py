"""Rules over several settings: whatever protects may be loosened on loopback only."""

from collections.abc import Callable, Iterator

from entrypoints.settings.model import Settings

_OPEN = "outside loopback"


def broken_rules(settings: Settings, name_of: Callable[[str], str]) -> Iterator[str]:
    """A line for each rule that does not hold; `name_of` gives the name under which the user set a TOML path."""
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
    if any(network.prefixlen == 0 for network in settings.trusted_proxies):
        yield (
            f"{name_of('trusted_proxies')}: found a range that holds every address; expected your proxies': "
            f"{_OPEN} anybody could claim to be at another address"
        )
