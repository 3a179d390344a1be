"""Telegram's word for who somebody is, without Telegram."""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlencode

from application.ports.linking import TelegramProof, TelegramProofs
from domain.errors import InvalidToken, Unavailable
from domain.identity import TelegramProfile

_Lines = frozenset[tuple[str, str]]


class InMemoryTelegramProofs(TelegramProofs):
    """Vouches for whom it is told to, and then knows its own proofs: what it did not make, or what was changed, is
    refused. Set `has_bot` to False for an instance without a bot.
    """

    def __init__(self) -> None:
        self.has_bot = True
        self._widgets: dict[_Lines, TelegramProof] = {}
        self._mini_apps: dict[_Lines, TelegramProof] = {}

    def vouch_for_widget(self, profile: TelegramProfile, signed_at: datetime) -> dict[str, object]:
        """Fields that `login_widget` takes for this account. The widget tells no language."""
        fields: dict[str, object] = {"id": profile.telegram_id, **_names(profile), **self._stamp(signed_at)}
        known = TelegramProfile(profile.telegram_id, profile.username, profile.first_name, profile.last_name)
        self._widgets[_lines(fields.items())] = _proof(known, fields)
        return fields

    def vouch_for_mini_app(self, profile: TelegramProfile, signed_at: datetime) -> str:
        """An `initData` that `mini_app` takes for this account."""
        user: dict[str, object] = {"id": profile.telegram_id, **_names(profile)}
        if profile.language is not None:
            user["language_code"] = profile.language
        fields = {"user": json.dumps(user), **self._stamp(signed_at)}
        self._mini_apps[_lines(fields.items())] = _proof(profile, fields)
        return urlencode(fields)

    def login_widget(self, fields: Mapping[str, object]) -> TelegramProof:
        return self._known(self._widgets, _lines(fields.items()))

    def mini_app(self, init_data: str) -> TelegramProof:
        pairs = parse_qsl(init_data, keep_blank_values=True)
        lines = _lines(pairs)
        return self._known(self._mini_apps, lines if len(lines) == len(pairs) else frozenset())

    def _known(self, made: Mapping[_Lines, TelegramProof], lines: _Lines) -> TelegramProof:
        if not self.has_bot:
            raise Unavailable("This instance has no Telegram bot to sign in with; ask its operator.", is_public=True)
        proof = made.get(lines)
        if proof is None:
            raise InvalidToken("Telegram did not vouch for this sign-in; sign in again from Telegram.")
        return proof

    def _stamp(self, signed_at: datetime) -> dict[str, object]:
        count = len(self._widgets) + len(self._mini_apps) + 1
        return {"auth_date": int(signed_at.timestamp()), "hash": f"proof-{count}"}


def _names(profile: TelegramProfile) -> dict[str, object]:
    names = {"username": profile.username, "first_name": profile.first_name, "last_name": profile.last_name}
    return {name: value for name, value in names.items() if value is not None}


def _lines(fields: Iterable[tuple[str, object]]) -> _Lines:
    return frozenset((name, str(value)) for name, value in fields)


def _proof(profile: TelegramProfile, fields: Mapping[str, object]) -> TelegramProof:
    signed_at = datetime.fromtimestamp(int(str(fields["auth_date"])), UTC)
    return TelegramProof(profile, signed_at, str(fields["hash"]))
