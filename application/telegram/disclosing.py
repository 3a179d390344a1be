"""What an update says, for the eyes of an admin: without what would let them act as somebody else."""

import json
import re

MASK = "**********"

# Fields that identify a payment, a person's papers or their address, or that a chat is entered by.
_SECRET_FIELDS = frozenset(
    {
        *("telegram_payment_charge_id", "provider_payment_charge_id", "order_info", "shipping_address"),
        *("passport_data", "phone_number", "vcard", "web_app_data", "invite_link", "location", "venue"),
        *("file_id", "query_id", "invoice_payload"),
    }
)
# Codes that link accounts, as deep links carry them and as they are typed: with spaces, or behind other words.
_CODES = re.compile(r"\b(link_)[^\s\"]+|((?<!\w)/link\b(?:@\w++)?+\W*).+", re.IGNORECASE | re.DOTALL)
_HALF_PAIR = re.compile("[\ud800-\udfff]")


def disclosed(raw: bytes) -> object | None:
    """The update as JSON values, secrets masked, U+FFFD for what is no text; None for what is forgotten or no JSON."""
    try:
        return _without_secrets(json.loads(raw.decode(errors="replace"), strict=False))
    except (ValueError, RecursionError):
        return None


def _without_secrets(value: object) -> object:
    if isinstance(value, dict):
        shown = ((name, MASK if name in _SECRET_FIELDS else _without_secrets(each)) for name, each in value.items())
        return {_text(name): each for name, each in shown}
    if isinstance(value, list):
        return [_without_secrets(each) for each in value]
    return _CODES.sub(_masked, _text(value)) if isinstance(value, str) else value


def _masked(found: re.Match[str]) -> str:
    return f"{found[1] or found[2]}{MASK}"


def _text(value: str) -> str:
    return _HALF_PAIR.sub("\ufffd", value)
