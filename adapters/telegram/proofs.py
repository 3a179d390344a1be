"""Sign-in data that Telegram signed: the Login Widget's fields and a Mini App's `initData`.

The algorithm is Telegram's: https://core.telegram.org/widgets/login#checking-authorization and
https://core.telegram.org/bots/webapps#validating-data-received-via-the-mini-app.
"""

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from urllib.parse import parse_qsl

import msgspec

from application.ports.linking import TelegramProof, TelegramProofs
from domain.errors import Invalid, InvalidToken, Unavailable
from domain.identity import TelegramProfile

MAX_FIELDS = 32
MAX_LENGTH = 16_384
_NAME = re.compile(r"[A-Za-z0-9_]{1,64}")
_NUMBER = re.compile(r"[1-9][0-9]{0,18}")
_LAST_SECOND = 253_402_300_799  # 9999-12-31T23:59:59Z, as far as datetime goes


class _User(msgspec.Struct, frozen=True):
    """What we read of an account; anything else that Telegram says of it is let be."""

    id: int
    first_name: str = ""
    last_name: str | None = None
    username: str | None = None
    language_code: str | None = None


class HmacTelegramProofs(TelegramProofs):
    """Checks the hash over all received fields but `hash` itself, sorted, a line each.

    The two kinds have different keys, so that one is never taken for the other. A line feed in a field is refused:
    it could make two lists of fields into the same lines.
    """

    def __init__(self, bot_token: str | None) -> None:
        token = bot_token.encode() if bot_token else None
        self._widget_key = hashlib.sha256(token).digest() if token else None
        self._mini_app_key = hmac.digest(b"WebAppData", token, "sha256") if token else None

    def login_widget(self, fields: Mapping[str, object]) -> TelegramProof:
        """The fields as the widget's callback or its redirect hands them over."""
        key = _required(self._widget_key)
        signed, digest = _verified([(name, _text(value)) for name, value in fields.items()], key)
        user = _User(
            id=_number(signed.get("id")),
            first_name=signed.get("first_name", ""),
            last_name=signed.get("last_name"),
            username=signed.get("username"),
        )
        return _proof(user, signed, digest)

    def mini_app(self, init_data: str) -> TelegramProof:
        """The query string as the Mini App got it. `signature` is a field like any other."""
        key = _required(self._mini_app_key)
        signed, digest = _verified(_pairs(init_data), key)
        try:
            user = msgspec.json.decode(signed.get("user", ""), type=_User)
        except (msgspec.MsgspecError, RecursionError):
            raise refused() from None
        return _proof(user, signed, digest)


def refused() -> InvalidToken:
    """One answer for everything that does not hold."""
    return InvalidToken("Telegram did not vouch for this sign-in; sign in again from Telegram.")


def _required(key: bytes | None) -> bytes:
    if key is None:
        raise Unavailable("This instance has no Telegram bot to sign in with; ask its operator.", is_public=True)
    return key


def _pairs(init_data: str) -> list[tuple[str, str]]:
    if len(init_data) > MAX_LENGTH:
        raise refused()
    try:
        return parse_qsl(init_data, keep_blank_values=True, strict_parsing=True, errors="strict")
    except ValueError:
        raise refused() from None


def _text(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise refused()
    try:
        return str(value)
    except ValueError:  # an integer of thousands of digits
        raise refused() from None


def _verified(pairs: Iterable[tuple[str, str]], key: bytes) -> tuple[Mapping[str, str], str]:
    """The fields without `hash`, and the hash that they have: raises `InvalidToken` unless it is the one received."""
    pairs = list(pairs)
    fields = dict(pairs)
    received = fields.pop("hash", "")
    if len(fields) + 1 != len(pairs) or len(pairs) > MAX_FIELDS or not all(map(_is_sound, fields.items())):
        raise refused()
    lines = "\n".join(f"{name}={value}" for name, value in sorted(fields.items()))
    try:
        expected = hmac.digest(key, lines.encode(), "sha256").hex()
        is_genuine = hmac.compare_digest(expected.encode(), received.encode())
    except UnicodeEncodeError:  # half a surrogate pair
        raise refused() from None
    if not is_genuine:
        raise refused()
    return fields, expected


def _is_sound(field: tuple[str, str]) -> bool:
    name, value = field
    return _NAME.fullmatch(name) is not None and len(value) <= MAX_LENGTH and "\n" not in value


def _proof(user: _User, signed: Mapping[str, str], digest: str) -> TelegramProof:
    seconds = _number(signed.get("auth_date"))
    if seconds > _LAST_SECOND:
        raise refused()
    try:
        profile = TelegramProfile(user.id, user.username, user.first_name, user.last_name, user.language_code)
    except Invalid:
        raise refused() from None
    return TelegramProof(profile, datetime.fromtimestamp(seconds, UTC), digest)


def _number(text: str | None) -> int:
    if text is None or _NUMBER.fullmatch(text) is None:
        raise refused()
    return int(text)
