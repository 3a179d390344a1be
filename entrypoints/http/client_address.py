"""Where a request came from. Forwarding headers are believed from configured proxies only."""

import ipaddress
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from litestar.types import HTTPScope, Scope, WebSocketScope

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

_FORWARDING = (b"x-forwarded-for", b"forwarded", b"x-real-ip", b"via")


def believe_proxies(scope: HTTPScope | WebSocketScope, trusted: Sequence[Network]) -> None:
    """Put the client's own address and scheme into the scope when a trusted proxy hands the request on.

    Of `X-Forwarded-For` the last address that is no trusted proxy counts: what stands before it, anybody can write.
    """
    client = scope["client"]
    if client is None or not is_trusted(client[0], trusted):
        return
    scope["client"] = client_of(scope, trusted)
    proto = _values(scope, b"x-forwarded-proto")
    # Some proxies name the scheme of a socket as it is for sockets.
    if proto and proto[-1] in {"http", "https", "ws", "wss"}:
        secure = proto[-1] in {"https", "wss"}
        scope["scheme"] = {"http": "https" if secure else "http", "websocket": "wss" if secure else "ws"}[scope["type"]]


def client_of(scope: HTTPScope | WebSocketScope, trusted: Sequence[Network]) -> tuple[str, int] | None:
    """The client's own address, as far as trusted proxies tell; its peer's where none does."""
    client = scope["client"]
    if client is None or not is_trusted(client[0], trusted):
        return client
    for hop in reversed(_values(scope, b"x-forwarded-for")):
        address = _address(hop)
        if address is None:
            break
        client = (str(address), 0)
        if not _is_among(address, trusted):
            break
    return client


def is_trusted(peer: str, trusted: Sequence[Network]) -> bool:
    """Whether the peer itself is one of the trusted proxies."""
    address = _address(peer) if trusted else None
    return address is not None and _is_among(address, trusted)


def is_secure(scope: Scope) -> bool:
    """Whether the client asked over TLS, as far as its peer or a trusted proxy tells."""
    return scope["scheme"] in {"https", "wss"}


def is_direct_from_this_machine(scope: Scope) -> bool:
    """Whether the peer is this machine and no proxy left a trace in the headers."""
    client = scope["client"]
    address = _address(client[0]) if client else None
    return address is not None and address.is_loopback and not any(name in _FORWARDING for name, _ in scope["headers"])


def _values(scope: HTTPScope | WebSocketScope, name: bytes) -> list[str]:
    joined = b",".join(value for key, value in scope["headers"] if key == name).decode("latin-1")
    return [value.strip() for value in joined.split(",") if value.strip()]


def _is_among(address: Address, networks: Iterable[Network]) -> bool:
    return any(address in network for network in networks)


def _without_port(text: str) -> str:
    """Some proxies write the port too: `192.0.2.1:4711`, `[2001:db8::1]:4711`."""
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text


def _address(text: str) -> Address | None:
    try:
        # A zone, as in fe80::1%eth0, is the sender's own name for an interface: it says nothing here.
        address = ipaddress.ip_address(_without_port(text).partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
