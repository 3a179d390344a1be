"""Where a request came from, for use cases that keep it: sign-ins, limits and the audit trail."""

from typing import Any

from litestar.connection import ASGIConnection

from domain.identity import Device

MAX_USER_AGENT = 400


def device_of(connection: ASGIConnection[Any, Any, Any, Any]) -> Device:
    """The client's own address, once proxies are seen through, and what it calls itself, cut to 400 characters."""
    client = connection.scope["client"]
    user_agent = connection.headers.get("user-agent", "").replace("\0", "").strip()[:MAX_USER_AGENT]
    return Device(ip=client[0] if client else None, user_agent=user_agent or None)
