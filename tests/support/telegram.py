"""Sign-in data as Telegram makes it, from its published algorithm: signed here with nothing of the product's code."""

import hmac
import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from hashlib import sha256
from urllib.parse import quote

from domain.identity import TelegramProfile

BOT_TOKEN = "123456:made-up-for-the-tests"


def widget_hash(fields: Mapping[str, object], token: str = BOT_TOKEN) -> str:
    """The Login Widget's: the key is SHA-256 of the token."""
    key = sha256(token.encode()).digest()
    return hmac.new(key, _check_string(fields.items()), sha256).hexdigest()


def mini_app_hash(pairs: Iterable[tuple[str, str]], token: str = BOT_TOKEN) -> str:
    """The Mini App's: the key is HMAC-SHA-256 of the token with the constant `WebAppData` as key."""
    key = hmac.new(b"WebAppData", token.encode(), sha256).digest()
    return hmac.new(key, _check_string(pairs), sha256).hexdigest()


def query(pairs: Iterable[tuple[str, str]]) -> str:
    """A query string, everything that is not plain percent-encoded."""
    return "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs)


def signed_widget(fields: Mapping[str, object], token: str = BOT_TOKEN) -> dict[str, object]:
    """The fields with their hash."""
    return {**fields, "hash": widget_hash(fields, token)}


def signed_mini_app(pairs: Iterable[tuple[str, str]], token: str = BOT_TOKEN) -> str:
    """The `initData` of these fields with their hash."""
    pairs = list(pairs)
    return query([*pairs, ("hash", mini_app_hash(pairs, token))])


class Signer:
    """Vouches for accounts as Telegram's servers do."""

    def vouch_for_widget(self, profile: TelegramProfile, signed_at: datetime) -> dict[str, object]:
        """Fields of the Login Widget."""
        return signed_widget({"id": profile.telegram_id, **_names(profile), "auth_date": _seconds(signed_at)})

    def vouch_for_mini_app(
        self, profile: TelegramProfile, signed_at: datetime, start: str = "", query_id: str = "AAHd"
    ) -> str:
        """A Mini App's `initData`; `start` is what the link that opened it says after `startapp=`.

        Without a `query_id` of its own, two of one second are the same.
        """
        user: dict[str, object] = {"id": profile.telegram_id, **_names(profile)}
        if profile.language is not None:
            user["language_code"] = profile.language
        pairs = [("query_id", query_id), ("user", json.dumps(user)), ("auth_date", str(_seconds(signed_at)))]
        if start:
            pairs.append(("start_param", start))
        return signed_mini_app(pairs)


def _check_string(fields: Iterable[tuple[str, object]]) -> bytes:
    in_order = sorted(fields, key=lambda field: field[0])
    return "\n".join(f"{name}={value}" for name, value in in_order).encode()


def _names(profile: TelegramProfile) -> dict[str, object]:
    names = {"username": profile.username, "first_name": profile.first_name, "last_name": profile.last_name}
    return {name: value for name, value in names.items() if value is not None}


def _seconds(at: datetime) -> int:
    return int(at.timestamp())
