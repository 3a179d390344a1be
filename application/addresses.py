"""Whose address it is: one household or server owns a whole /64 of IPv6, so that counts as one."""

from ipaddress import IPv6Address, ip_address, ip_network


def neighbourhood(ip: str | None) -> str | None:
    """The address as attempts are counted and recognised by: IPv4 as it is, IPv6 by its /64; None stays None."""
    if ip is None:
        return None
    try:
        address = ip_address(ip)
    except ValueError:
        return ip
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ip_network((int(address), 64), strict=False))
    return str(address)
